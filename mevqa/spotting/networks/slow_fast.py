"""Slow and fast pathways of Mamba blocks (BoostingVRME, arXiv 2508.18834; ME-TST+, arXiv 2508.08082, has two)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.convolution import convolution
from mevqa.spotting.networks.mamba import mamba_blocks

#: Stages of blocks; after all but the last the fast pathway is added to the slow one.
_STAGES = 3


class SlowFast(nn.Module):
    """A fast pathway at every sample and a slow one, twice as wide, at every other.

    Args:
        width: Channels of the input and of the fast pathway.
        depth: Blocks of one pathway in one of three stages (4 in the published code).
        states: States of every inner channel of a block.
        drop: Share of the sequences for which the last block is left out while training; earlier ones less often.
    """

    def __init__(self, width: int = 128, depth: int = 4, states: int = 64, drop: float = 0.2) -> None:
        super().__init__()
        self.slow_stem = convolution(width, 2 * width, stride=2)
        self.fast = nn.ModuleList(mamba_blocks(width, depth, states, drop) for _ in range(_STAGES))
        self.slow = nn.ModuleList(mamba_blocks(2 * width, depth, states, drop) for _ in range(_STAGES))
        self.lateral = nn.ModuleList(convolution(width, 2 * width, stride=2) for _ in range(_STAGES - 1))
        #: Channels of the output.
        self.width = 3 * width

    def forward(self, sequence: Tensor) -> Tensor:
        """Return both pathways side by side, [batch, length, 3 width].

        Args:
            sequence: [batch, length, width] what the stem gives.
        """
        fast, slow = sequence, self._halved(self.slow_stem, sequence)
        for stage in range(_STAGES):
            fast, slow = self.fast[stage](fast), self.slow[stage](slow)
            if stage < _STAGES - 1:
                slow = slow + self._halved(self.lateral[stage], fast)
        repeated = slow.repeat_interleave(2, dim=1)[:, : fast.shape[1]]
        return torch.cat([fast, repeated], dim=-1)

    @staticmethod
    def _halved(layer: nn.Module, sequence: Tensor) -> Tensor:
        """Return a strided convolution of [batch, length, channels], channels last again."""
        out: Tensor = layer(sequence.transpose(1, 2))
        return out.transpose(1, 2)
