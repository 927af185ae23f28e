"""What a video file holds: containers, packets, times, orientation."""
