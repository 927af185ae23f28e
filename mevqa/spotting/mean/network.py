"""The network of ``mean``: MEAN's trunk once to spot and once to recognise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mevqa.recognition.mean.network import MeanTrunk
from mevqa.spotting.mean.flow import SIDE


class Mean(nn.Module):
    """Score and class of every sample, each sample by itself.

    The paper trains the network to spot, copies its weights and trains the copy to recognise; here both trunks are
    trained together, which is our choice.

    Args:
        classes: Emotion classes, the neutral one included.
        dropout: Before the output layers.
    """

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.spot, self.recognise = (self._branch(outputs, dropout) for outputs in (1, classes))

    @staticmethod
    def _branch(outputs: int, dropout: float) -> nn.Sequential:
        trunk = MeanTrunk()
        return nn.Sequential(trunk, nn.Dropout(dropout), nn.Linear(trunk.features(SIDE, SIDE), outputs))

    def forward(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] and class logits [batch, length, classes].

        Args:
            motion: [batch, length, 3, side, side] flow to the right and down, and strain.
        """
        flat = motion.flatten(0, 1)
        score, classes = self.spot(flat), self.recognise(flat)
        return torch.sigmoid(score).view(motion.shape[:2]), classes.unflatten(0, motion.shape[:2])
