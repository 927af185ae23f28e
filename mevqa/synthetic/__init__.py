"""Synthetic clips: micro-expressions with exact ground truth, made from two public-domain portraits."""
