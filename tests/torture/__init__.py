"""Hostile and unlucky inputs, kills, starvation and second writers: what is tried on the toolkit, and what falls."""
