"""Neutral faces of synthetic people and how action units move and shade them."""
