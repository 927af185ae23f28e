"""Following a face through a video: regional motion frame by frame, and where there is none and why."""
