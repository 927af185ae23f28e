"""Base class of learned systems: a network, its targets from coded expressions, its loss, and its curves and classes.

The rest is shared by all of them: measuring, windows, the training loop, thresholds, weights on disk, times of events.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import create_model
from torch import Tensor, nn

from mevqa.events import Kind
from mevqa.files.strict_yaml import StrictModel
from mevqa.spotting.decoding import Decoder, find_decoder
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.types import TrainingVideo

#: Named tensors of a batch, [batch, length] or [batch, length, ...] each.
Tensors: TypeAlias = Mapping[str, Tensor]
#: Named arrays of a video, [samples] or [samples, ...] each.
Arrays: TypeAlias = Mapping[str, NDArray[Any]]

#: Class of samples that the recognition does not learn from.
UNKNOWN = -100

#: Name of the curve of systems that score expressions of both kinds together.
ANY = "any"


class LearnedSystem(ABC):
    """Network, targets, loss, curves and decoder of a learned spotter; all else is shared by every learned spotter.

    Attributes:
        view: Name of the channels that it reads (``mevqa.spotting.learning.views``).
        network: Schema of the ``network`` block of its recipes.
    """

    view: ClassVar[str]
    network: ClassVar[type[StrictModel]] = StrictModel

    @classmethod
    @abstractmethod
    def build(cls, config: Any, channels: int, priors: Priors) -> nn.Module:
        """Return the network, with its first weights.

        Args:
            config: The ``network`` block of the recipe, an instance of ``network``.
            channels: Channels of the view.
            priors: What was learned of the training subjects before.
        """

    @classmethod
    @abstractmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return named outputs of the network for a batch, each [batch, length] or [batch, length, ...].

        Args:
            network: What ``build`` returned.
            values: [batch, length, channels], 0 where nothing counts.
            counts: [batch, length] False where nothing was measured and where a window is padded. A network that looks
                from one sample at others must not look there.
        """

    @classmethod
    @abstractmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return the loss of a batch.

        Args:
            outputs: What ``forward`` returned.
            targets: What ``targets`` returned, cut as the windows are.
            counts: [batch, length] whether a sample is learned from.
            config: The ``network`` block of the recipe.
            priors: What was learned of the training subjects before.
        """

    @classmethod
    def learn(cls, videos: Sequence[TrainingVideo], config: SystemConfig) -> dict[str, Any]:
        """Return what the system computes of training subjects once, as plain values (a graph); stored in priors."""
        return {}

    @classmethod
    def targets(cls, video: TrainingVideo, config: SystemConfig, priors: Priors) -> Arrays:
        """Return what is learned of a video: 0 or 1 and the class of every sample, unless a system has its own."""
        return hard_targets(video, config, priors)

    @classmethod
    def curves(cls, outputs: Arrays, config: SystemConfig) -> dict[str, NDArray[np.float64]]:
        """Return the score of every sample by kind, or as ``any`` for both kinds together.

        Args:
            outputs: What ``forward`` returned for a video, stitched together.
            config: The system's settings.

        Returns:
            Scores [samples], or what the system's own decoder takes, [samples, ...].
        """
        return {config.kinds[0] if len(config.kinds) == 1 else ANY: outputs["score"].astype(np.float64)}

    @classmethod
    def scores(cls, curve: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of every sample, [samples], from one of ``curves``; other values of a sample are no scores.

        Args:
            curve: [samples], or [samples, ...] where the system has a decoder of its own: then the first value of a
                sample, unless a system says otherwise.
        """
        return curve.reshape(len(curve), math.prod(curve.shape[1:]))[:, 0]

    @classmethod
    def classes(cls, outputs: Arrays) -> NDArray[np.float64] | None:
        """Return class probabilities [samples, classes], the neutral one first; None where none are learned."""
        if "classes" not in outputs:
            return None
        logits = outputs["classes"].astype(np.float64)
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True))

    @classmethod
    def decoder(cls, config: SystemConfig) -> Decoder:
        """Return the decoder: the one that the recipe names, for the scores of a curve alone.

        Raises:
            InputError: There is none of that name.
        """
        decoder = find_decoder(config.decoder.name)
        return replace(
            decoder, decode=lambda curve, half, threshold: decoder.decode(cls.scores(curve), half, threshold)
        )


@cache
def config_schema(system: type[LearnedSystem], base: type[SystemConfig] = SystemConfig) -> type[SystemConfig]:
    """Return the schema of a system's settings: the shared one with the system's own ``network`` block."""
    return create_model(base.__name__, __base__=base, network=(system.network, system.network()))


def marks_of(video: TrainingVideo, kinds: Sequence[Kind]) -> list[slice]:
    """Return the samples of a video's expressions of some kinds, one slice each."""
    return [mark.samples for mark in video.marks if mark.kind in kinds]


def hard_targets(video: TrainingVideo, config: SystemConfig, priors: Priors) -> Arrays:
    """Return ``score`` [samples], 1 between onset and offset and 0 elsewhere, and ``classes`` [samples].

    Classes are numbers: 0 is neutral, ``UNKNOWN`` an expression without a class.
    """
    length = len(video.series.times_ms)
    score, classes = np.zeros(length, np.float32), np.zeros(length, np.int64)
    for mark in video.marks:
        if mark.kind in config.kinds:
            score[mark.samples] = 1
            known = mark.label in priors.classes
            classes[mark.samples] = 1 + priors.classes.index(str(mark.label)) if known else UNKNOWN
    return {"score": score, "classes": classes}


def masked_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of values [batch, length] over the samples that count; 0 where none does."""
    return (values * counts).sum() / counts.sum().clamp(min=1)


def weighted_cross_entropy(logits: Tensor, classes: Tensor, counts: Tensor, weights: Sequence[float]) -> Tensor:
    """Return the cross-entropy with a weight for each class, over samples that count and whose class is known.

    Args:
        logits: [batch, length, classes].
        classes: [batch, length] numbers of classes.
        counts: [batch, length].
        weights: Of each class.
    """
    known = counts & (classes != UNKNOWN)
    if not known.any():
        return logits.sum() * 0
    weight = torch.as_tensor(weights, dtype=logits.dtype, device=logits.device)
    return nn.functional.cross_entropy(logits[known], classes[known], weight)
