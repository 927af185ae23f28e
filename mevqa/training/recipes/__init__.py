"""Recipes of trainings: their files, and the schema of what they may say about models, recognisers and spotters."""
