"""Answers in the official wording: written, constrained by grammars, normalised."""
