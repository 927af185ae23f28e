"""The commands that read questions and videos, one module each."""
