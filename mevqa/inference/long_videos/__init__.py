"""Events that are found in long videos, and what they are."""
