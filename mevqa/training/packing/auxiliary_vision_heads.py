"""A packed model whose vision tower is also taught directly what is to be seen, by synthetic clips that tell it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mevqa.errors import ModelError
from mevqa.models.transformers.prefix import place
from mevqa.training.nano.auxiliary_targets import AuxiliaryVisionHeads
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import PackedBatch


class AuxiliaryVisionModel(PackedModel):
    """Adds the loss of linear read-outs of the vision tower's class token.

    Args:
        model: A LLaVA-shaped model with a class token.
        weight: Of that loss beside the answers'.
        smoothing: Label smoothing of both.

    Attributes:
        only: Whether nothing but seeing is trained for now.

    Raises:
        ModelError: The model has no such vision tower.
    """

    def __init__(self, model: nn.Module, *, weight: float, smoothing: float) -> None:
        super().__init__(model, smoothing=smoothing)
        tower = getattr(self.base.model, "vision_tower", None)
        width = getattr(getattr(tower, "config", None), "hidden_size", None)
        if tower is None or width is None or self.reader.frozen:
            raise ModelError("synthetic.seeing_* want a vision tower with a class token that is trained, as nano's is")
        self.heads = AuxiliaryVisionHeads(width)
        self.only = False
        self._weight = weight
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
            return {"loss": self._seeing(token, batch) * weight, "weight": weight}
        seen: list[torch.Tensor] = []
        handle = tower.register_forward_hook(lambda module, args, output: seen.append(output.last_hidden_state[:, 0]))
        try:
            result = super().forward(batch)
        finally:
            handle.remove()
        if self.training and self._weight:
            result["loss"] = result["loss"] + self._weight * self._seeing(torch.cat(seen), batch) * weight
        return result

    def _seeing(self, token: torch.Tensor, batch: PackedBatch) -> torch.Tensor:
        targets = batch.extras
        return self.heads.loss(
            token.float(), targets["units"], targets["fine"], targets["coarse"], self._seeing_smoothing
        )
