"""Answered training clips that a model is shown before the clip that it is asked about."""
