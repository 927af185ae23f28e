"""The output layers of a network: one linear layer for the coarse class, one for the fine class."""

from __future__ import annotations

import torch
from torch import nn

from mevqa.recognition.base import LEVELS, Classes


class Heads(nn.Module):
    """A body with a linear layer for each level.

    That one body serves both levels is our choice, so that one training answers coarse and fine questions.

    Args:
        body: From inputs [B, ...] to features [B, D].
        features: D.
        classes: Class names of each level.
        dropout: Before the linear layers.
    """

    def __init__(self, body: nn.Module, features: int, classes: Classes, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = body
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({str(level): nn.Linear(features, len(names)) for level, names in classes.items()})

    def forward(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each level [B, classes]."""
        features = self.dropout(self.body(inputs))
        return {level: self.heads[level](features) for level in LEVELS if level in self.heads}
