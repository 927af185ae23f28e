"""Spotters trained by recipes on annotated long videos, with folds, leak guard, resume and records."""
