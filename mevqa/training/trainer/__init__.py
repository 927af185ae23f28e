"""The training loop: trained parts, checkpoints, averaging, health of the training."""
