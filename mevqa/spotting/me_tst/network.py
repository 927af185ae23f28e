"""The network of ME-TST: a convolutional stem, Mamba blocks, and two heads for spotting and recognition.

The paper draws a branch for each task; the published code runs the blocks of the spotting branch for both, so that all
but the heads is shared (632 thousand weights in use). That is what is built here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.convolution import stem
from mevqa.spotting.networks.mamba import mamba_blocks


class MeTst(nn.Module):
    """Scores and classes of every sample of a window or of a whole video.

    Args:
        channels: Channels of the input.
        classes: Emotion classes, the neutral one included.
        width: Channels inside.
        depth: Mamba blocks.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block is left out while training; earlier ones less often.
    """

    def __init__(
        self, channels: int, classes: int, width: int = 64, depth: int = 12, states: int = 64, drop: float = 0.2
    ) -> None:
        super().__init__()
        self.stem = stem(channels, width)
        self.blocks = mamba_blocks(width, depth, states, drop)
        self.spot = nn.Linear(width, 1)
        self.recognise = nn.Linear(width, classes)

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] between 0 and 1 and class logits [batch, length, classes].

        Args:
            channels: [batch, length, channels] displacements of the regions.
        """
        hidden = self.blocks(self.stem(channels.transpose(1, 2)).transpose(1, 2))
        return torch.sigmoid(self.spot(hidden))[..., 0], self.recognise(hidden)
