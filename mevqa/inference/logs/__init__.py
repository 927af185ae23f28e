"""The files of a run that are written clip by clip."""
