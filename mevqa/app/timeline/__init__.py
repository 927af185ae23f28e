"""The timeline of a video: its motion, moments that can be moved, found events, and the frame that is shown."""
