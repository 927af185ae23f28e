"""The network of BoostingVRME: one slow-fast backbone that both heads share (arXiv 2508.18834, MIT-licensed code)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.convolution import stem
from mevqa.spotting.networks.slow_fast import SlowFast


class BoostingVrme(nn.Module):
    """Scores and classes of every sample of a window or of a whole video.

    With the published sizes (36 channels, width 128, depth 4, 64 states, 5 classes) it has 8.4 million parameters.

    Args:
        channels: Channels of the input.
        classes: Emotion classes, the neutral one included.
        width: Channels of the stem and the fast pathway.
        depth: Blocks of a pathway in each of three stages.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block of a stage is left out while training.
    """

    factors: Tensor

    def __init__(
        self, channels: int, classes: int, width: int = 128, depth: int = 4, states: int = 64, drop: float = 0.2
    ) -> None:
        super().__init__()
        self.stem = stem(channels, width)
        self.backbone = SlowFast(width, depth, states, drop)
        self.spot = nn.Linear(self.backbone.width, 1)
        self.recognise = nn.Linear(self.backbone.width, classes)
        self.register_buffer("factors", torch.zeros(classes))

    def adjust(self, factors: Sequence[float]) -> None:
        """Have the probability of each class multiplied, outside of training.

        Args:
            factors: [classes] positive.
        """
        self.factors = torch.tensor(factors).log()

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] between 0 and 1 and class logits [batch, length, classes].

        Args:
            channels: [batch, length, channels] displacements of the regions.
        """
        hidden = self.backbone(self.stem(channels.transpose(1, 2)).transpose(1, 2))
        logits = self.recognise(hidden)
        return torch.sigmoid(self.spot(hidden))[..., 0], logits if self.training else logits + self.factors
