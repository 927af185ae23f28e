"""What the vision tower is taught besides the answers: the units of each side and the classes, from its class token."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mevqa.training.nano.examples import COARSE, COARSE_WEIGHTS, FINE, UNITS

#: The units' loss is a mean over many units of which most are absent; this makes it count like the classes'.
_UNIT_WEIGHT = 10.0
_FINE_WEIGHT = 0.5


class AuxiliaryVisionHeads(nn.Module):
    """Linear read-outs of the class token; thrown away after training.

    Args:
        width: Width of the vision tower.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.units = nn.Linear(width, 2 * len(UNITS))
        self.fine = nn.Linear(width, len(FINE))
        self.coarse = nn.Linear(width, len(COARSE))

    def forward(self, class_token: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the logits of the units [rows, 2, units], of the fine and of the coarse classes."""
        token = self.norm(class_token)
        return self.units(token).unflatten(-1, (2, len(UNITS))), self.fine(token), self.coarse(token)

    def loss(
        self, class_token: torch.Tensor, units: torch.Tensor, fine: torch.Tensor, coarse: torch.Tensor, smoothing: float
    ) -> torch.Tensor:
        """Return the loss of the read-outs, mean over the rows whose units are known; 0 when there are none.

        Args:
            class_token: [rows, width].
            units: [rows, 2, units], 0 or 1: left and right.
            fine: [rows] index, -1 where nothing is known.
            coarse: [rows] index.
            smoothing: Label smoothing of the classes.
        """
        known = fine >= 0
        if not known.any():
            return class_token.sum() * 0.0
        class_token, units, fine, coarse = class_token[known], units[known], fine[known], coarse[known]
        unit_logits, fine_logits, coarse_logits = self(class_token)
        weights = torch.tensor(COARSE_WEIGHTS, dtype=torch.float32, device=class_token.device)
        return (
            _UNIT_WEIGHT * functional.binary_cross_entropy_with_logits(unit_logits, units)
            + _FINE_WEIGHT * functional.cross_entropy(fine_logits, fine, label_smoothing=smoothing)
            + functional.cross_entropy(coarse_logits, coarse, weight=weights, label_smoothing=smoothing)
        )
