"""The apex-frame baseline: a small convolutional network in VGG's manner on the face at the apex.

CMED's is VGG-16 with weights from ImageNet (arXiv 2503.21690). Ours has six convolutions of 3 x 3 in three stages with
16, 32 and 64 filters, batch normalisation and average pooling over the face, and starts from random weights.

``input: difference`` shows it the change from onset to apex in place of the apex itself. That is our addition, for its
ablation: a photograph shows first of all who is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from mevqa.recognition.base import Array, Look, picture
from mevqa.recognition.network_settings import NetworkSettings
from mevqa.recognition.networks import NetworkRecogniser
from mevqa.recognition.registry import register_recogniser

if TYPE_CHECKING:
    import torch

    from mevqa.types import View


class ApexSettings(NetworkSettings):
    """Settings of the apex-frame network.

    Attributes:
        input: ``apex``: the face at the apex; ``difference``: how it differs from the face at the onset.
        size: Side of the picture that the network sees, in pixels.
        filters: Filters of each stage.
    """

    input: Literal["apex", "difference"] = "apex"
    size: Annotated[int, Field(ge=16, le=256)] = 64
    filters: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (16, 32, 64)

    @model_validator(mode="after")
    def _leaves_pixels(self) -> ApexSettings:
        """Refuse more stages than a picture can be halved for."""
        if not self.size >> (len(self.filters) - 1):
            raise ValueError(f"filters: a picture of size {self.size} has {self.size.bit_length()} stages at most")
        return self


@register_recogniser("child-cnn")
class ApexRecogniser(NetworkRecogniser):
    """A convolutional network on the face at the apex."""

    schema = ApexSettings
    settings: ApexSettings

    @property
    def look(self) -> Look:
        """The apex, or onset and apex."""
        return Look(("apex",), needs_motion=False) if self.settings.input == "apex" else Look(("onset", "apex"))

    def measure(self, views: Sequence[View]) -> Array:
        """Return grey levels, or their change [1, size, size]."""
        grey = _grey(picture(views, "apex"))
        if self.settings.input == "difference":
            grey = grey - _grey(picture(views, "onset"))
            # Light that changes all over is no motion.
            grey = grey - np.median(grey)
        size = (self.settings.size, self.settings.size)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)[None]

    def body(self, shape: Sequence[int]) -> tuple[torch.nn.Module, int]:
        """Return the convolutions."""
        from torch import nn

        layers: list[nn.Module] = []
        before = shape[0]
        for stage, filters in enumerate(self.settings.filters):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(2):
                layers += [nn.Conv2d(before, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
                before = filters
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), before


def _grey(face: Array | np.ndarray) -> Array:
    return np.asarray(cv2.cvtColor(np.asarray(face, np.uint8), cv2.COLOR_RGB2GRAY), np.float32)
