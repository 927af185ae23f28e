"""What the tracker measures of a video, and series of it that networks read."""
