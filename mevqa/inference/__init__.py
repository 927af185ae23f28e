"""Question types, prompts, answers, consistency, and the engine that asks."""
