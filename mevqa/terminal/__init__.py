"""Terminal output besides results: progress bars, colours and notes, safe to print, and their verbosity."""
