"""What the shipped recipes take of a GPU: models of full size, built from their configs with random weights."""
