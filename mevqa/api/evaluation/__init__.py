"""Answers to question files: made, estimated, fused, scored, reported and submitted."""
