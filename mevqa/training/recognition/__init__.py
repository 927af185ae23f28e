"""Training of recognisers: the clips of a recipe measured, a recogniser fitted on them, its folder written."""
