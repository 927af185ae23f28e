"""Commands beside the main job: what a model sees, synthetic clips, this installation."""
