"""Official formats in and out, label files, media, synthetic clips."""
