"""The three baselines of CMED, micro-expressions of children filmed over video calls (arXiv 2503.21690).

The paper names them: LBP-TOP with a classifier, VGG-16 on apex frames, and DGCNN on landmarks. Sizes and settings could
not be read; those here are ours, and no weights are downloaded: the convolutional network is small and starts from
random weights.
"""
