"""PESFormer."""
