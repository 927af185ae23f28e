"""Scores of detected events: spotting, recognition, STRS."""
