"""The public functions about spotters: features, training, spotting, comparison."""
