"""What is said on a terminal besides results: bars, colours and notes, safe to print, and how much of them."""
