"""The commands that answer, score, report and submit, one module each."""
