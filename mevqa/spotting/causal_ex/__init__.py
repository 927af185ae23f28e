"""Causal-Ex."""
