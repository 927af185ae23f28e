"""Events that are found in long videos, what they are, and the tables in which they are kept."""
