"""The training of a spotter: batches of windows, the loop, and thresholds chosen on training subjects."""
