"""A packed model whose vision tower is also taught directly, by synthetic clips whose units and classes are known."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mevqa.errors import ModelError
from mevqa.models.transformers.generation.prefix import place
from mevqa.training.nano.examples import COARSE, COARSE_WEIGHTS, FINE, UNITS
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import PackedBatch

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

    def unlikeness(self, token: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return how differently faces and their mirror images are read: mean squared difference of probabilities.

        Args:
            token: [rows, width], of the faces.
            other: [rows, width], of their mirror images.
        """
        units, fine, coarse = self(token)
        other_units, other_fine, other_coarse = self(other)
        return (
            functional.mse_loss(units.sigmoid(), other_units.flip(1).sigmoid())
            + functional.mse_loss(fine.softmax(-1), other_fine.softmax(-1))
            + functional.mse_loss(coarse.softmax(-1), other_coarse.softmax(-1))
        )


class AuxiliaryVisionModel(PackedModel):
    """Adds the loss of linear read-outs of the vision tower's class token.

    Args:
        model: A LLaVA-shaped model with a class token.
        weight: Of that loss beside the answers'.
        smoothing: Label smoothing of both.
        equivariance: While nothing but seeing is trained, each map is also seen mirrored, with left and right units
            changed over; this is the weight of the demand that both are read alike. 0: maps are not mirrored.

    Attributes:
        only: Whether nothing but seeing is trained for now.

    Raises:
        ModelError: The model has no such vision tower.
    """

    def __init__(self, model: nn.Module, *, weight: float, smoothing: float, equivariance: float = 0.0) -> None:
        super().__init__(model, smoothing=smoothing)
        tower = getattr(self.base.model, "vision_tower", None)
        width = getattr(getattr(tower, "config", None), "hidden_size", None)
        if tower is None or width is None or self.reader.frozen:
            raise ModelError("synthetic.seeing_* want a vision tower with a class token that is trained, as nano's is")
        self.heads = AuxiliaryVisionHeads(width)
        self.only = False
        self._weight = weight
        self._equivariance = equivariance
        self._seeing_smoothing = smoothing

    @property
    def resting(self) -> frozenset[str]:
        """The parts that have nothing to learn for now."""
        return frozenset({"language", "projector"}) if self.only else frozenset()

    def forward(self, batch: PackedBatch) -> dict[str, torch.Tensor]:
        """Return the sum of both losses, both counted by the answers' weights."""
        weight = batch.weights.sum()
        tower: Any = self.base.model.vision_tower
        if self.only:
            pixels = torch.cat([inputs["pixel_values"] for inputs in batch.inputs])
            token = tower(place(pixels, self.base)).last_hidden_state[:, 0]
            loss = self._seeing(token, batch)
            if self._equivariance:
                other = tower(place(mirrored(pixels), self.base)).last_hidden_state[:, 0]
                unlike = self.heads.unlikeness(token.float(), other.float())
                loss = (loss + self._seeing(other, batch, mirror=True)) / 2 + self._equivariance * unlike
            return {"loss": loss * weight, "weight": weight}
        class_tokens: list[torch.Tensor] = []
        handle = tower.register_forward_hook(
            lambda module, args, output: class_tokens.append(output.last_hidden_state[:, 0])
        )
        try:
            result = super().forward(batch)
        finally:
            handle.remove()
        if self.training and self._weight:
            result["loss"] = result["loss"] + self._weight * self._seeing(torch.cat(class_tokens), batch) * weight
        return result

    def _seeing(self, token: torch.Tensor, batch: PackedBatch, *, mirror: bool = False) -> torch.Tensor:
        targets = batch.extras
        units = targets["units"].flip(1) if mirror else targets["units"]
        return self.heads.loss(token.float(), units, targets["fine"], targets["coarse"], self._seeing_smoothing)


def mirrored(pixels: torch.Tensor) -> torch.Tensor:
    """Mirror maps of the view ``motion-centred``, standardised to mean 0: horizontal motion changes its sign.

    Args:
        pixels: [maps, 3, side, side].
    """
    signs = torch.tensor([-1.0, 1.0, 1.0], dtype=pixels.dtype, device=pixels.device)
    return pixels.flip(-1) * signs[:, None, None]
