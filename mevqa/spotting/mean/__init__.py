"""MEAN."""
