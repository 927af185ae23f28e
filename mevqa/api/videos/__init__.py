"""One video or the recordings beside it: questions about it, what a model sees of it, physiological signals."""
