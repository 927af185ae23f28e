"""Motion of the aligned face, and onset, apex and offset in its curve."""
