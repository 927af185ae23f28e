"""Loss terms that are aware of boundaries, for any network that scores samples or regresses intervals.

MELDAE (arXiv 2510.22575) adds a penalty on the errors of onset and offset to its loss; the formula could not be read.
Both forms here are ours: relative errors of regressed boundaries beside 1 - IoU, and heavier samples around boundaries
for networks that give a score only.
"""

from __future__ import annotations

import torch
from torch import Tensor


def interval_loss(distances: Tensor, coded: Tensor, *, boundary: float) -> Tensor:
    """Return 1 - IoU and the relative errors of onset and offset, of each sample inside an expression.

    Args:
        distances: [samples, 2] regressed distances to onset and offset, in samples, not negative.
        coded: [samples, 2] those of the coded expression; their sum is positive.
        boundary: Weight of the errors of the boundaries; 0 switches them off.

    Returns:
        [samples] losses.
    """
    shared = torch.minimum(distances, coded).sum(-1)
    union = torch.maximum(distances, coded).sum(-1)
    loss = 1 - shared / union.clamp(min=1e-6)
    return loss + boundary * (distances - coded).abs().sum(-1) / coded.sum(-1)


def boundary_weights(inside: Tensor, *, boundary: float, reach: int) -> Tensor:
    """Return a weight of every sample: 1, and 1 + ``boundary`` near an onset or offset.

    Args:
        inside: [batch, length] bool, whether a sample lies in an expression.
        boundary: What is added near a boundary; 0 gives ones.
        reach: Samples on each side of a boundary that are near.
    """
    changes = (inside[:, 1:] != inside[:, :-1]).float()
    # A change between two samples is near both of them, and near those that are ``reach`` - 1 farther.
    beside = torch.nn.functional.pad(changes, (1, 0)) + torch.nn.functional.pad(changes, (0, 1))
    near = torch.nn.functional.max_pool1d(beside[:, None], 2 * reach - 1, 1, padding=reach - 1)[:, 0] > 0
    return 1 + boundary * near.float()
