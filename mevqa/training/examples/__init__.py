"""Training examples: clips, augmentation, balance of classes."""
