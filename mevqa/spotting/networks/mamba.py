"""The Mamba block: a gated selective state-space layer (Gu and Dao, arXiv 2312.00752, figure 3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mevqa.spotting.networks.selective_scan import selective_scan

#: Step sizes that the projection gives at first, between these bounds, log-uniform (the authors' code).
_STEPS = (1e-3, 1e-1)
_LEAST_STEP = 1e-4


class Mamba(nn.Module):
    """One Mamba layer; sequences keep their length.

    Args:
        width: Channels of a sequence.
        states: States of every inner channel.
        kernel: Width of the causal convolution, samples.
        expand: Inner channels for each channel.
    """

    def __init__(self, width: int, states: int = 64, kernel: int = 4, expand: int = 2) -> None:
        super().__init__()
        inner, rank = expand * width, math.ceil(width / 16)
        self._sizes = (rank, states, states)
        self.enter = nn.Linear(width, 2 * inner, bias=False)
        self.convolution = nn.Conv1d(inner, inner, kernel, groups=inner, padding=kernel - 1)
        self.select = nn.Linear(inner, rank + 2 * states, bias=False)
        self.step = nn.Linear(rank, inner)
        # Rates 1 to n for every channel (S4D-real; Gu et al., arXiv 2206.11893).
        self.log_rate = nn.Parameter(torch.log(torch.arange(1.0, states + 1)).repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))
        self.leave = nn.Linear(inner, width, bias=False)
        self._start(rank, inner)

    def _start(self, rank: int, inner: int) -> None:
        """Give step sizes their first values."""
        nn.init.uniform_(self.step.weight, -(rank**-0.5), rank**-0.5)
        least, most = map(math.log, _STEPS)
        steps = torch.exp(torch.rand(inner) * (most - least) + least).clamp(min=_LEAST_STEP)
        with torch.no_grad():
            # The inverse of softplus.
            self.step.bias.copy_(steps + torch.log(-torch.expm1(-steps)))

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the layer's output, [batch, length, width], for input of the same shape."""
        x, gate = self.enter(sequence).chunk(2, dim=-1)
        x = self.convolution(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)
        x = nn.functional.silu(x)
        step, b, c = self.select(x).split(self._sizes, dim=-1)
        dt = nn.functional.softplus(self.step(step))
        y = selective_scan(x, dt, -torch.exp(self.log_rate), b, c) + x * self.skip
        return self.leave(y * nn.functional.silu(gate))


class DropPath(nn.Module):
    """Leave the branch of a residual block out for some sequences while training (Huang et al., ECCV 2016).

    Args:
        share: Share of the sequences for which it is left out.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch, [batch, ...], scaled so that its mean stays."""
        if not self.training or self.share == 0:
            return branch
        mask = torch.rand(branch.shape[0], *[1] * (branch.dim() - 1), device=branch.device) >= self.share
        return branch * mask / (1 - self.share)


class MambaBlock(nn.Module):
    """A Mamba layer between two normalisations, around which the sequence is passed on (ME-TST's code).

    Args:
        width: Channels of a sequence.
        states: States of every inner channel.
        drop: Share of the sequences for which the layer is left out while training.
    """

    def __init__(self, width: int, states: int = 64, drop: float = 0.0) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.layer = Mamba(width, states)
        self.after = nn.LayerNorm(width)
        self.drop = DropPath(drop)

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the output, [batch, length, width], for input of the same shape."""
        return sequence + self.drop(self.after(self.layer(self.before(sequence))))


def mamba_blocks(width: int, depth: int, states: int, drop: float) -> nn.Sequential:
    """Return blocks one after the other, of which later ones are left out more often: from never to ``drop``."""
    return nn.Sequential(*(MambaBlock(width, states, float(share)) for share in torch.linspace(0, drop, depth)))
