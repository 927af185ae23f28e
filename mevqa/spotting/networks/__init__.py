"""Layers that several systems share: exact selective scan, Mamba blocks."""
