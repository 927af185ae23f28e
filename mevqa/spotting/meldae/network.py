"""The network of ``meldae``: score, class, and distances to onset and offset of every sample, trained end to end.

MELDAE (arXiv 2510.22575) is "an end-to-end localization and detection framework" for people who talk, with a loss that
is aware of boundaries; its architecture could not be read. This one is ours: dilated convolutions over regional motion
and speech activity, and heads that regress an interval from every sample inside an expression, without anchors
(as ActionFormer, arXiv 2202.07925, does for actions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.convolution import stem

#: Samples between the taps of each residual block: the last sees 2 s at 30 samples a second, any micro-expression and
#: its surroundings.
_DILATIONS = (1, 2, 4, 8)


class Localisation(NamedTuple):
    """Outputs of the network for every sample.

    Attributes:
        score: [batch, length] between 0 and 1: inside an expression.
        classes: [batch, length, classes] logits.
        distances: [batch, length, 2] to onset and offset, in samples, not negative.
    """

    score: Tensor
    classes: Tensor
    distances: Tensor


class Meldae(nn.Module):
    """Score, class and interval of every sample of a window or of a whole video.

    Args:
        channels: Channels of the input, the last one speech activity.
        classes: Emotion classes, the neutral one included.
        width: Channels inside.
        length: Usual length of an expression in samples, by which distances are scaled.
        lips: Channels that are multiplied by 1 - speech activity.
        unit: What speech activity, 0 to 1, was divided by.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 64,
        length: float = 12.0,
        lips: Sequence[int] = (),
        unit: float = 1.0,
    ) -> None:
        super().__init__()
        self.length, self.lips, self.unit = length, list(lips), unit
        self.stem = stem(channels, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, width, 3, padding=step, dilation=step),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.Conv1d(width, width, 1),
            )
            for step in _DILATIONS
        )
        self.spot = nn.Conv1d(width, 1, 3, padding=1)
        self.recognise = nn.Conv1d(width, classes, 3, padding=1)
        self.regress = nn.Conv1d(width, 2, 3, padding=1)

    def forward(self, channels: Tensor) -> Localisation:
        """Return what the network says of every sample.

        Args:
            channels: [batch, length, channels] displacements of the regions, and speech activity.
        """
        if self.lips:
            quiet = 1 - (self.unit * channels[..., -1:]).clamp(0, 1)
            factors = torch.ones_like(channels)
            factors[..., self.lips] = quiet.expand(*quiet.shape[:-1], len(self.lips))
            channels = channels * factors
        hidden = self.stem(channels.transpose(1, 2))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return Localisation(
            torch.sigmoid(self.spot(hidden))[:, 0],
            self.recognise(hidden).transpose(1, 2),
            self.length / 2 * nn.functional.softplus(self.regress(hidden)).transpose(1, 2),
        )
