"""Answers that are decided together: those about a clip, and those about the events of a long video."""
