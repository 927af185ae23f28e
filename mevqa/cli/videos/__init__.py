"""The commands that look at videos, one module each."""
