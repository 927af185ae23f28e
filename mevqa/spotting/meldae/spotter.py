"""``meldae``: localisation and detection end to end for people who talk (after MELDAE, arXiv 2510.22575).

Theirs: localisation and detection in one network, and a loss that is aware of boundaries; neither the network nor the
formula could be read. Ours: everything else, see the docstrings of the network and of the losses. Every sample inside
an expression regresses its onset and offset; a sample's interval is its detection, and of those that overlap the surest
stays. ``suppress_speech`` is the idea of MIND (arXiv 2512.04728) for regional motion: channels of lips and chin are
weakened by how much they vary around a sample, as they do while a person talks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from mevqa.spotting.decoding import Decoder, Detection, suppress
from mevqa.spotting.features.views import channel_names
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import (
    ANY,
    Arrays,
    Tensors,
    hard_targets,
    masked_mean,
)
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.learning.types import TrainingVideo
from mevqa.spotting.meldae.network import Meldae
from mevqa.spotting.networks.boundary_loss import boundary_weights, interval_loss
from mevqa.spotting.registry import register_spotter

Size = Annotated[int, Field(ge=1, le=1024)]

#: Distances to onset and offset are kept as shares of so many samples, 8 s: thresholds are looked for from 0 to 1.
_FARTHEST = 240.0

#: Intervals that overlap by more than this are one expression.
_OVERLAP = 0.2

#: The regions that speech moves.
_SPEECH = ("lip", "mouth", "chin")


class MeldaeConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        width: Channels inside.
        localisation: Weight of the regressed intervals in the loss; 0 leaves the intervals untrained.
        boundary: Weight of the errors of onset and offset among them, and of samples near a boundary; 0 switches the
            awareness of boundaries off.
        suppress_speech: Whether channels of lips and chin are weakened while they vary as in speech.
    """

    width: Size = 64
    localisation: Annotated[float, Field(ge=0)] = 1.0
    boundary: Annotated[float, Field(ge=0)] = 1.0
    suppress_speech: bool = False


@register_spotter("meldae")
class MeldaeSpotter(TwoHeads):
    """Regresses an interval from every sample, with speech in sight."""

    view = "me-tst-plus-speech"
    network = MeldaeConfig

    @classmethod
    def build(cls, config: MeldaeConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        length = 2.0 * max(priors.half_lengths.values(), default=6)
        lips = _lips(channel_names("me-tst-plus")) if config.suppress_speech else ()
        return Meldae(channels, 1 + len(priors.classes), config.width, length, lips, priors.scale[-1])

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``score``, ``classes`` and ``distances``."""
        return dict(network(values)._asdict())

    @classmethod
    def targets(cls, video: TrainingVideo, config: SystemConfig, priors: Priors) -> Arrays:
        """Return what every sample is, and how far onset and offset are from those inside an expression."""
        hard = hard_targets(video, config, priors)
        places = np.arange(len(video.series.times_ms), dtype=np.float32)
        distances = np.zeros((len(places), 2), np.float32)
        for mark in video.marks:
            if mark.kind in config.kinds:
                inside = places[mark.samples]
                distances[mark.samples] = np.stack([inside - mark.onset, mark.offset - inside], axis=1).clip(0)
        return {**hard, "distances": distances}

    @classmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return cross-entropy of score and class, and 1 - IoU and boundary errors of intervals."""
        inside = targets["score"] > 0.5
        weight = boundary_weights(inside, boundary=config.boundary, reach=1)
        points = nn.functional.binary_cross_entropy(outputs["score"], targets["score"], reduction="none")
        loss = masked_mean(points * weight, counts)
        with_interval = inside & counts & (targets["distances"].sum(-1) > 0)
        if config.localisation and with_interval.any():
            interval_losses = interval_loss(
                outputs["distances"][with_interval], targets["distances"][with_interval], boundary=config.boundary
            )
            loss = loss + config.localisation * interval_losses.mean()
        if not priors.classes:
            return loss
        return loss + config.recognition * cls.class_error(outputs, targets, counts, config, priors)

    @classmethod
    def curves(cls, outputs: Arrays, config: SystemConfig) -> dict[str, NDArray[np.float64]]:
        """Return score and distances of every sample, [samples, 3], the distances as shares of the farthest."""
        shares = np.clip(outputs["distances"] / _FARTHEST, 0, 1)
        name = config.kinds[0] if len(config.kinds) == 1 else ANY
        return {name: np.column_stack([outputs["score"], shares]).astype(np.float64)}

    @classmethod
    def decoder(cls, config: SystemConfig) -> Decoder:
        """Return that of regressed intervals (``own``), or one that the recipe names, for the score alone."""
        if config.decoder.name == "own":
            return Decoder("own", regressed_intervals, "score", None, True, "intervals that samples regress")
        return super().decoder(config)


def regressed_intervals(curve: NDArray[np.float64], half_length: int, threshold: float) -> list[Detection]:
    """Return the intervals of samples whose score reaches the threshold, without those that overlap a surer one.

    Args:
        curve: [samples, 3] score, and distances to onset and offset as shares of the farthest.
        half_length: Of an expression; not used, every sample says its own.
        threshold: Least score.
    """
    last = len(curve) - 1
    detections = []
    for sample in map(int, np.flatnonzero(curve[:, 0] >= threshold)):
        before, behind = (round(float(share) * _FARTHEST) for share in curve[sample, 1:])
        detections.append(
            Detection(max(sample - before, 0), sample, min(sample + behind, last), float(curve[sample, 0]))
        )
    return suppress(detections, _OVERLAP)


def _lips(names: Sequence[str]) -> tuple[int, ...]:
    """Return which channels are of regions that speech moves."""
    return tuple(index for index, name in enumerate(names) if any(word in name for word in _SPEECH))
