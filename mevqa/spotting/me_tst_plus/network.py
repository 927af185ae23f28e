"""The network of ME-TST+: two slow-fast pathways, one to spot and one to recognise, behind one stem (arXiv 2508.08082).

What the paper calls synergy of features is that shared stem, as far as the published code shows. ``exchange`` is an
option of ours: after the pathways each branch adds a projection of the other one's features to its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.convolution import stem
from mevqa.spotting.networks.slow_fast import SlowFast


class MeTstPlus(nn.Module):
    """Scores and classes of every sample of a window or of a whole video.

    Args:
        channels: Channels of the input.
        classes: Emotion classes, the neutral one included.
        width: Channels of the stem and the fast pathways.
        depth: Blocks of a pathway in each of three stages.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block of a stage is left out while training.
        exchange: Whether the branches exchange features.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 128,
        depth: int = 4,
        states: int = 64,
        drop: float = 0.2,
        *,
        exchange: bool = False,
    ) -> None:
        super().__init__()
        self.stem = stem(channels, width)
        self.spotting = SlowFast(width, depth, states, drop)
        self.recognition = SlowFast(width, depth, states, drop)
        inner = self.spotting.width
        self.to_spotting = nn.Linear(inner, inner, bias=False) if exchange else None
        self.to_recognition = nn.Linear(inner, inner, bias=False) if exchange else None
        self.spot = nn.Linear(inner, 1)
        self.recognise = nn.Linear(inner, classes)

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] between 0 and 1 and class logits [batch, length, classes].

        Args:
            channels: [batch, length, channels] displacements of the regions.
        """
        shared = self.stem(channels.transpose(1, 2)).transpose(1, 2)
        spotting, recognition = self.spotting(shared), self.recognition(shared)
        if self.to_spotting is not None and self.to_recognition is not None:
            spotting, recognition = (
                spotting + self.to_spotting(recognition),
                recognition + self.to_recognition(spotting),
            )
        return torch.sigmoid(self.spot(spotting))[..., 0], self.recognise(recognition)
