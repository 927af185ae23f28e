"""Exact frames of video files and folders of frames."""
