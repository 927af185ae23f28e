"""``child-cnn``: CMED's convolutional network on apex frames (arXiv 2503.21690) as a spotter.

Theirs is VGG-16 with weights from ImageNet, on the frame at the apex. Ours has three convolutions, for it looks at all
of a video, starts from random weights, and asks of the face at every sample whether it shows an expression, and which.
``input: difference`` (the default) shows it how the face has changed in 200 ms, ``input: face`` the face itself, as
published: a photograph shows first of all who is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from mevqa.spotting.learning.pictures import PICTURE_STEP_MS, PictureChannels, SampleFace, with_earlier
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.learning.views import register_pictures
from mevqa.spotting.registry import register_spotter

#: Side of the aligned face, and of the pictures, pixels.
_FACE, _SIDE = 128, 48

#: Time between the two faces of a difference.
_DISTANCE_MS = 200.0

#: Unit of the stored differences, grey levels: an expression changes most of the face by less than one.
_UNIT = 0.25

#: The channel of each input.
_CHANNEL = {"face": 0, "difference": 1}


class ApexConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        input: ``difference``: how the face has changed; ``face``: the face itself.
        filters: Filters of each convolution, behind which the picture is halved.
        dropout: Before the output layers.
    """

    input: Literal["face", "difference"] = "difference"
    filters: Annotated[tuple[Annotated[int, Field(ge=1, le=512)], ...], Field(min_length=1, max_length=4)] = (8, 16, 32)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class ApexNetwork(nn.Module):
    """Score and class of every sample from one picture.

    Args:
        classes: Emotion classes, the neutral one included.
        config: Sizes, and which picture.
    """

    def __init__(self, classes: int, config: ApexConfig) -> None:
        super().__init__()
        self.channel = _CHANNEL[config.input]
        layers: list[nn.Module] = []
        before = 1
        for filters in config.filters:
            layers += [nn.Conv2d(before, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
            before = filters
        features = before * (_SIDE >> len(config.filters)) ** 2
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(features, 1 + classes))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] and class logits [batch, length, classes].

        Args:
            pictures: [batch, length, 2, side, side] the face and how it has changed.
        """
        outputs = self.body(pictures[:, :, self.channel, None].flatten(0, 1)).unflatten(0, pictures.shape[:2])
        return torch.sigmoid(outputs[..., 0]), outputs[..., 1:]


def describe(faces: Iterator[SampleFace | None]) -> Iterator[NDArray[np.int8] | None]:
    """Yield each face, grey levels less 128, and how it has changed in 200 ms, quarters of grey levels [2, 48, 48]."""
    for pair in with_earlier(faces, round(_DISTANCE_MS / PICTURE_STEP_MS)):
        if pair is None:
            yield None
            continue
        current, earlier = (_small(face.grey) for face in pair)
        change = current - earlier
        # Light that changes all over is no motion.
        change -= np.median(change)
        channels = np.stack([current - 128, change / _UNIT])
        yield np.clip(np.rint(channels), -127, 127).astype(np.int8)


def _small(face: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(face.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)


CHILD_FACES = register_pictures(
    PictureChannels("child-faces", 1, _FACE, (2, _SIDE, _SIDE), "int8", describe, signs=(1, 1))
)


@register_spotter("child-cnn")
class ApexSpotter(TwoHeads):
    """Scores and names one picture a sample."""

    view = CHILD_FACES.name
    network = ApexConfig

    @classmethod
    def build(cls, config: ApexConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        return ApexNetwork(1 + len(priors.classes), config)
