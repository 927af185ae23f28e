"""The network of BoostingVRME: one slow-fast backbone that both heads share (arXiv 2508.18834, MIT-licensed code)."""

from __future__ import annotations

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
    """

    def __init__(self, channels: int, classes: int, width: int = 128, depth: int = 4, states: int = 64) -> None:
        super().__init__()
        self.stem = stem(channels, width)
        self.backbone = SlowFast(width, depth, states)
        self.spot = nn.Linear(self.backbone.width, 1)
        self.recognise = nn.Linear(self.backbone.width, classes)

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] between 0 and 1 and class logits [batch, length, classes].

        Args:
            channels: [batch, length, channels] displacements of the regions.
        """
        hidden = self.backbone(self.stem(channels.transpose(1, 2)).transpose(1, 2))
        return torch.sigmoid(self.spot(hidden))[..., 0], self.recognise(hidden)
