"""Benchmark suites: a model, or spotters, on every test of a suite."""
