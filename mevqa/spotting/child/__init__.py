"""The three baselines of CMED, micro-expressions of children filmed over video calls (arXiv 2503.21690), as spotters.

The paper spots and recognises with LBP-TOP and a classifier, with VGG-16 on apex frames and with DGCNN on landmarks, in
a variant of six classes and one of three, "no micro-expression" among them: ``classes: fine`` and ``classes: coarse``,
where the neutral class is the "no". How it spots could not be read. Here each baseline gives every sample of a video a
score and a class, as all trained spotters; everything is measured in milliseconds, so that a variable frame rate does
not matter. Sizes and settings are ours, and no weights are downloaded.
"""
