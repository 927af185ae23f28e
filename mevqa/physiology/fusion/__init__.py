"""Fusion of the events of a spotter or recogniser with physiological features."""
