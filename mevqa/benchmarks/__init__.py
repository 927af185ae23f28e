"""Speed and memory of this installation."""
