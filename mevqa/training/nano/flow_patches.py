"""Patches of constant motion, as flow with a total-variation prior leaves them.

The published motion maps were made with TV-L1 (Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1
Optical Flow", DAGM 2007): where the skin has no texture the prior fills in, and the field falls into patches with sharp
edges, so that the strain is a web of thin lines. Drawn fields are smooth. Patches are the cells of random points whose
borders are bent by smooth noise; how many, how much they bend and how far they replace the field are ours.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

#: Fewest and most patches of a map; drawn evenly on a logarithmic scale.
_COUNT = (25, 250)
#: Nodes of the noise that bends the borders, and its deviation in pixels of the field.
_NODES = 14
_BEND = (0.5, 2.5)
#: Log deviation of a patch's motion: flow is over- and underestimated patch by patch.
_GAIN_SPREAD = 0.25
#: Least share of the field that the patches replace.
_LEAST = 0.5


def in_patches(flow: torch.Tensor, share: float, rng: np.random.Generator) -> torch.Tensor:
    """Return flows of which some move patch by patch.

    Args:
        flow: [faces, 2, side, side].
        share: Of the faces to which this happens.
        rng: Decides which and how.
    """
    result = flow.clone()
    for face in np.flatnonzero(rng.random(len(flow)) < share):
        result[face] = _patched(flow[face], rng)
    return result


def _patched(flow: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Return one field [2, side, side], mixed with the mean of each of its patches."""
    side = flow.shape[-1]
    count = int(np.exp(rng.uniform(*np.log(_COUNT))))
    label = _cells(side, count, rng).flatten()
    sums = torch.zeros(2, count).index_add_(1, label, flow.flatten(1))
    means = sums / torch.bincount(label, minlength=count).clamp_min(1)
    gains = torch.from_numpy(np.exp(rng.normal(0, _GAIN_SPREAD, (2, count))).astype(np.float32))
    share = rng.uniform(_LEAST, 1)
    return share * (means * gains)[:, label].view_as(flow) + (1 - share) * flow


def _cells(side: int, count: int, rng: np.random.Generator) -> torch.Tensor:
    """Return the number of the patch that each pixel belongs to, [side, side]."""
    centres = torch.from_numpy(rng.uniform(0, side, (count, 2, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal((1, 2, _NODES, _NODES), dtype=np.float32))
    bend = functional.interpolate(noise, size=(side, side), mode="bilinear", align_corners=False)[0]
    bend = bend * rng.uniform(*_BEND)
    pixels = torch.arange(side, dtype=torch.float32) + 0.5
    across, down = pixels[None] + bend[0], pixels[:, None] + bend[1]
    return ((across - centres[:, 0]) ** 2 + (down - centres[:, 1]) ** 2).argmin(0)
