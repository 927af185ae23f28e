"""Synthetic physiological signals with a known response to events."""
