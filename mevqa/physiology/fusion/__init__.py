"""Fusion of what a spotter or recogniser says of events with physiological features."""
