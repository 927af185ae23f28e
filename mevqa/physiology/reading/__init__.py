"""Readers of physiological recordings."""
