"""MEAN's trunk: a shallow convolutional stream for each of u, v and strain, joined by one more convolution.

From the paper (Liong et al., "MEAN", 2023): 3, 3 and 8 filters of 5 x 5 in the streams, then 8 filters, then the output
layer, which is one number to spot and a softmax to recognise. Ours, for the text at hand does not tell: same padding,
maximum pooling by 3 after the streams and by 2 after the joint convolution, ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

#: Filters of the streams on u, v and strain, and of the joint convolution.
STREAM_FILTERS = (3, 3, 8)
JOINT_FILTERS = 8
_KERNEL = 5
_POOL, _JOINT_POOL = 3, 2


class MeanTrunk(nn.Module):
    """The part that spotting and recognition share.

    Args:
        streams: Filters of each stream.
        joint: Filters of the joint convolution.
    """

    def __init__(self, streams: Sequence[int] = STREAM_FILTERS, joint: int = JOINT_FILTERS) -> None:
        super().__init__()
        self.streams = nn.ModuleList(nn.Conv2d(1, filters, _KERNEL, padding="same") for filters in streams)
        self.joint = nn.Conv2d(sum(streams), joint, _KERNEL, padding="same")
        self.filters = joint

    def forward(self, motion: torch.Tensor) -> torch.Tensor:
        """Return features [B, D] of motion [B, channels, H, W], a stream a channel."""
        parts = [
            nn.functional.max_pool2d(torch.relu(stream(motion[:, channel : channel + 1])), _POOL)
            for channel, stream in enumerate(self.streams)
        ]
        joined = torch.relu(self.joint(torch.cat(parts, dim=1)))
        return nn.functional.max_pool2d(joined, _JOINT_POOL).flatten(1)

    def features(self, height: int, width: int) -> int:
        """Return how many features it makes of a field of that size.

        Raises:
            ValueError: It is too small to be pooled twice.
        """
        down = _POOL * _JOINT_POOL
        if min(height, width) < down:
            raise ValueError(f"a field of {width}x{height} is too small: at least {down}x{down}")
        return self.filters * (height // _POOL // _JOINT_POOL) * (width // _POOL // _JOINT_POOL)
