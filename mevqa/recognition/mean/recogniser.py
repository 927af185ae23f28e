"""MEAN's recogniser, from the aligned faces at onset and apex or from ready-made motion maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from mevqa.recognition.base import Array, Look, picture
from mevqa.recognition.flow import flow_and_strain
from mevqa.recognition.mean.features import brows_and_mouth
from mevqa.recognition.network_settings import NetworkSettings
from mevqa.recognition.networks import NetworkRecogniser
from mevqa.recognition.registry import register_recogniser

if TYPE_CHECKING:
    import torch

    from mevqa.types import View

#: The view that holds ready-made motion maps with zero motion at one grey, and that grey.
_MAP = "motion-centred"
_ZERO = 128.0


def _even(side: int) -> int:
    if side % 2:
        raise ValueError("must be even: each brow is half as wide as the mouth")
    return side


class MeanSettings(NetworkSettings):
    """Settings of MEAN; those of its training are the paper's (100 epochs, 32 clips a step, rate 5e-4).

    Attributes:
        input: ``faces``: flow and strain of brows and mouth, computed from the aligned faces at onset and apex;
            ``maps``: a motion map of the whole face, ready-made or drawn (red, green and blue are u, v and strain).
        size: Side of the square of brows and mouth, for ``faces``.
    """

    input: Literal["faces", "maps"] = "faces"
    size: Annotated[int, Field(ge=12, le=256), AfterValidator(_even)] = 42


@register_recogniser("mean")
class MeanRecogniser(NetworkRecogniser):
    """Three shallow streams on u, v and strain."""

    schema = MeanSettings
    settings: MeanSettings

    @property
    def look(self) -> Look:
        """Onset and apex, or a motion map."""
        return Look((_MAP,) if self.settings.input == "maps" else ("onset", "apex"))

    def measure(self, views: Sequence[View]) -> Array:
        """Return u, v and strain [3, side, side]."""
        if self.settings.input == "maps":
            return (picture(views, _MAP).astype(np.float32) - _ZERO).transpose(2, 0, 1)
        return brows_and_mouth(flow_and_strain(views), self.settings.size)

    def body(self, shape: Sequence[int]) -> tuple[torch.nn.Module, int]:
        """Return MEAN's trunk."""
        from mevqa.recognition.mean.network import MeanTrunk

        trunk = MeanTrunk()
        return trunk, trunk.features(shape[1], shape[2])
