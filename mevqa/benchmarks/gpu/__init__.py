"""GPU memory and time of the shipped recipes: models of full size, built from their configs with random weights."""
