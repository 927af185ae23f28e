"""Adapters on disk: found, saved, continued, merged, published."""
