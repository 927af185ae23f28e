"""Decoding of video files: containers, packets, times, orientation."""
