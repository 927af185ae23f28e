"""``child-lbp``: CMED's hand-crafted baseline, LBP-TOP with a support vector machine (arXiv 2503.21690), as a spotter.

Ours: a histogram of local binary patterns on three orthogonal planes is made of every sample, 15 a second, from the
sample before it to that behind; square roots of them are averaged around the sample, with the surroundings' mean taken
off (``training.windows.reference: mean``), for a histogram shows first of all who is seen. A linear support vector
machine reads them: the hinge loss of every sample, both sides weighing the same, with the decay of the weights as its
margin, minimised by stochastic gradients (Shalev-Shwartz et al., "Pegasos", ICML 2007). Each class has a machine of its
own against all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from mevqa.recognition.child.local_binary_patterns import lbp_top
from mevqa.spotting.learning.pictures import PictureChannels, SampleFace
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import UNKNOWN, Tensors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.learning.views import register_pictures
from mevqa.spotting.registry import register_spotter

#: Side of the aligned face in pixels, blocks across and down, and patterns of eight neighbours: as the recogniser's.
_FACE, _BLOCKS, _BINS = 128, 5, 59

#: Grey levels by which a neighbour must be brighter: still skin differs by noise.
_LEAST = 2.0

#: Stored as so many parts of the square root of a share.
_PARTS = 255


class TextureConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        reach: Samples to each side of one whose histograms are averaged.
    """

    reach: Annotated[int, Field(ge=0, le=30)] = 2


class TextureMachine(nn.Module):
    """Decision values of every sample: of an expression, and of each class.

    Args:
        features: Values of a histogram.
        classes: Emotion classes, the neutral one included.
        reach: Samples to each side that are averaged.
    """

    def __init__(self, features: int, classes: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.standardise = nn.BatchNorm1d(features, affine=False)
        self.machines = nn.Linear(features, 1 + classes)

    def forward(self, histograms: Tensor, counts: Tensor) -> Tensor:
        """Return [batch, length, 1 + classes].

        Args:
            histograms: [batch, length, planes, blocks, bins].
            counts: [batch, length] where something was measured; elsewhere nothing is looked at.
        """
        batch, length = counts.shape
        weight = counts.float()[..., None]
        size = 2 * self.reach + 1
        flat = histograms.flatten(2) * weight
        around, share = (
            nn.functional.avg_pool1d(signal.transpose(1, 2), size, 1, self.reach).transpose(1, 2)
            for signal in (flat, weight)
        )
        mean = around / share.clamp(min=1e-6)
        # What does not count is kept out of the statistics too.
        values = torch.zeros_like(mean)
        if counts.any():
            values[counts] = self.standardise(mean[counts])
        return self.machines(values).view(batch, length, -1)


def describe(faces: Iterator[SampleFace | None]) -> Iterator[NDArray[np.uint8] | None]:
    """Yield the histograms of each face with its neighbours, [planes, blocks, bins]; at an end of a run, of fewer."""
    window: list[SampleFace | None] = [None]
    for face in faces:
        window.append(face)
        if len(window) == 3:
            yield _histogram(*window)
            window.pop(0)
    if len(window) == 2:
        yield _histogram(window[0], window[1], None)


def _histogram(
    before: SampleFace | None, face: SampleFace | None, behind: SampleFace | None
) -> NDArray[np.uint8] | None:
    if face is None:
        return None
    neighbours = [
        neighbour if neighbour is not None and neighbour.stretch == face.stretch else face
        for neighbour in (before, face, behind)
    ]
    volume = np.stack([neighbour.grey for neighbour in neighbours]).astype(np.float32)
    roots = np.sqrt(lbp_top(volume, blocks=_BLOCKS, least=_LEAST)).reshape(3, _BLOCKS * _BLOCKS, _BINS)
    return np.rint(_PARTS * roots).astype(np.uint8)


CHILD_LBP = register_pictures(PictureChannels("child-lbp", 1, _FACE, (3, _BLOCKS**2, _BINS), "uint8", describe))


@register_spotter("child-lbp")
class TextureSpotter(TwoHeads):
    """Scores and names the texture around each sample by linear support vector machines."""

    view = CHILD_LBP.name
    network = TextureConfig

    @classmethod
    def build(cls, config: TextureConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the machines."""
        return TextureMachine(3 * _BLOCKS**2 * _BINS, 1 + len(priors.classes), config.reach)

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``margin`` and ``score``, between 0 and 1, of an expression, and ``classes``, a margin each."""
        margins = network(values, counts)
        return {"margin": margins[..., 0], "score": margins[..., 0].sigmoid(), "classes": margins[..., 1:]}

    @classmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return the hinge losses, in which positive and negative samples of each machine weigh the same."""
        error = _hinge(outputs["margin"][..., None], targets["score"][..., None] > 0.5, counts)
        return cls.with_classes(error, outputs, targets, counts, config, priors)

    @classmethod
    def class_error(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return the hinge loss of the classes' machines."""
        names = torch.arange(outputs["classes"].shape[-1], device=counts.device)
        known = counts & (targets["classes"] != UNKNOWN)
        return _hinge(outputs["classes"], targets["classes"][..., None] == names, known)


def _hinge(margins: Tensor, positive: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of max(0, 1 - y f) over both sides of each machine, one after the other.

    Args:
        margins: f, [batch, length, machines].
        positive: Where y is 1 and not -1, the same shape.
        counts: [batch, length] samples that are learned from.
    """
    error = (1 - torch.where(positive, margins, -margins)).clamp(min=0)
    sides = []
    for side in (positive, ~positive):
        counted = side & counts[..., None]
        sides.append((error * counted).sum((0, 1)) / counted.sum((0, 1)).clamp(min=1))
    return torch.stack(sides).mean()
