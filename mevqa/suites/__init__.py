"""Benchmark suites: what is asked of which models, and their table beside published numbers."""
