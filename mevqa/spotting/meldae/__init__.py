"""MELDAE."""
