"""Question types and their answers: what is asked, and how what was written is read."""
