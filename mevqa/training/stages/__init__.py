"""Stages of a training behind supervised tuning: answers are drawn, graded by the official scorers and learned from."""
