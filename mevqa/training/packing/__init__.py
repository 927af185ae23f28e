"""Packed rows: all questions of a clip behind one prefix."""
