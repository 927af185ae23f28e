"""Pictures that a model sees of a clip: key frames, sampled moments, motion maps."""
