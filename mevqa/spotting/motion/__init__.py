"""The training-free spotter: matched filters on the motion of facial regions."""
