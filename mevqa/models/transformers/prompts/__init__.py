"""What a model reads: chat messages of a clip and its questions, their tokens, and where a thought stands."""
