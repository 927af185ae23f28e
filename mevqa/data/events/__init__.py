"""Tables of events: detections, the official result file, coded events as a table."""
