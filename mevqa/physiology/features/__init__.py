"""Features of the physiological signals around events."""
