"""Causal-Ex (arXiv 2503.09098; its code stands on AUW-GCN) as a spotter.

Theirs: twelve nodes of regional motion, the network of AUW-GCN with a causal graph, ten outputs of a sample (start,
end or neither; apex; inside; for both kinds), focal losses with the weights 1.8 (apex), 1 (start and end) and .1
(inside), macro-expressions at half weight, AdamW, and a decoder that gives each likely apex its likeliest start and
end. The paper also describes counterfactual de-biasing, which its code lacks and this lacks too.

Ours: the graph is computed once from training subjects (see ``graphs``) and added to co-occurrence as theirs is;
samples within one of a coded boundary or apex are positive; an apex must be the largest of its neighbours; no limit of
expressions a video (published: five of each kind) unless ``most`` is given; the threshold of an apex is chosen on
training subjects (published: .5); the last epoch is kept, where the published pipeline takes the best one of each test
subject. There are no emotion classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from mevqa.events import KINDS
from mevqa.files.strict_yaml import StrictModel
from mevqa.spotting.causal_ex.graphs import causal_graph, co_occurrence_graph
from mevqa.spotting.causal_ex.network import CausalEx
from mevqa.spotting.decoding import Decoder, Detection, start_apex_end
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.spotter import LearnedSpotter
from mevqa.spotting.learning.system import Arrays, Tensors, masked_mean
from mevqa.spotting.learning.types import TrainingVideo
from mevqa.spotting.registry import register_spotter

#: Columns of the network's ten outputs by kind: start, end, neither; apex; inside.
_BOUNDARIES = {"micro": slice(0, 3), "macro": slice(3, 6)}
_APEX = {"micro": 6, "macro": 7}
_INSIDE = {"micro": 8, "macro": 9}

#: Weights of the losses (published configuration); the apex of macro-expressions weighs 1.
_WEIGHTS = {"boundary": 1.0, "inside": 0.1}
_APEX_WEIGHTS = {"micro": 1.8, "macro": 1.0}

#: Exponent of the focal loss (Lin et al., ICCV 2017), and what a target is smoothed by for ``inside`` (ours).
_FOCUS = 2.0
_SMOOTHING = 0.05

#: Farthest start or end from an apex, as a share of the usual half length (published: 7 samples, half of 14).
_REACH = 1.5


class CausalExConfig(StrictModel):
    """The ``network`` block of recipes.

    Attributes:
        graph: ``causal`` (added to co-occurrence, as published) or ``co-occurrence`` alone, the ablation.
        search: Algorithm of the causal search.
        macro: Weight of macro-expressions in the loss (published: .5 for CAS(ME)^2, .7 for SAMM-LV).
        most: Expressions of a kind in a video at most; None: any number.
    """

    graph: Literal["causal", "co-occurrence"] = "causal"
    search: Literal["fci", "pc"] = "fci"
    macro: Annotated[float, Field(ge=0)] = 0.5
    most: Annotated[int, Field(ge=1)] | None = None


@register_spotter("causal-ex")
class CausalExSpotter(LearnedSpotter):
    """Spots with a graph network over facial nodes, whose graph says what causes what."""

    view = "nodes"
    network = CausalExConfig

    @classmethod
    def learn(cls, videos: Sequence[TrainingVideo], config: SystemConfig) -> dict[str, Any]:
        """Return the graphs of the training subjects."""
        settings = config.network
        assert isinstance(settings, CausalExConfig)
        moved = np.concatenate([_magnitudes(video.series.values[video.series.measured]) for video in videos])
        changes = [_change(video, mark.onset, mark.apex) for video in videos for mark in video.marks]
        together = co_occurrence_graph(np.array([change for change in changes if change is not None]))
        causal = causal_graph(moved, settings.search) if settings.graph == "causal" else np.zeros_like(together)
        return {"causal": causal.tolist(), "co_occurrence": together.tolist()}

    @classmethod
    def build(cls, config: CausalExConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        causal, together = (torch.tensor(priors.own[name]) for name in ("causal", "co_occurrence"))
        return CausalEx(torch.stack([causal + together, together]).float(), channels // len(together))

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``logits``, [batch, length, 10]."""
        assert isinstance(network, CausalEx)
        nodes = network.graphs.shape[-1]
        return {"logits": network(values.unflatten(-1, (nodes, -1)))}

    @classmethod
    def targets(cls, video: TrainingVideo, config: SystemConfig, priors: Priors) -> Arrays:
        """Return by kind what every sample is: start (0), end (1) or neither (2); apex or not; inside or not."""
        samples = len(video.series.times_ms)
        targets: dict[str, NDArray[Any]] = {}
        for kind in KINDS:
            boundary, apex = np.full(samples, 2, np.int64), np.zeros(samples, np.float32)
            inside = np.zeros(samples, np.float32)
            for mark in (mark for mark in video.marks if mark.kind == kind):
                inside[mark.samples] = 1
                apex[_beside(mark.apex)] = 1
                boundary[_beside(mark.offset)] = 1
                boundary[_beside(mark.onset)] = 0
            targets |= {f"{kind}_boundary": boundary, f"{kind}_apex": apex, f"{kind}_inside": inside}
        return targets

    @classmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return the weighted focal losses of both kinds."""
        logits = outputs["logits"]
        total = logits.sum() * 0
        for kind in KINDS:
            apex = _focal(logits[..., _APEX[kind]], targets[f"{kind}_apex"])
            smoothed = targets[f"{kind}_inside"] * (1 - 2 * _SMOOTHING) + _SMOOTHING
            inside = _focal(logits[..., _INSIDE[kind]], smoothed)
            # Logits of a sample last, as indices of the right one pick theirs.
            each = logits[..., _BOUNDARIES[kind]].log_softmax(-1)
            right = each.gather(-1, targets[f"{kind}_boundary"][..., None])[..., 0]
            boundary = -((1 - right.exp()) ** _FOCUS) * right
            loss = _APEX_WEIGHTS[kind] * apex + _WEIGHTS["boundary"] * boundary + _WEIGHTS["inside"] * inside
            total = total + (1.0 if kind == "micro" else config.macro) * masked_mean(loss, counts)
        return total

    @classmethod
    def curves(cls, outputs: Arrays, config: SystemConfig) -> dict[str, NDArray[np.float64]]:
        """Return probabilities of start, apex and end of each kind, [samples, 3]."""
        logits = torch.from_numpy(np.asarray(outputs["logits"], np.float64))
        curves: dict[str, NDArray[np.float64]] = {}
        for kind in config.kinds:
            start, end, _ = logits[:, _BOUNDARIES[kind]].softmax(-1).unbind(-1)
            curves[kind] = torch.stack([start, logits[:, _APEX[kind]].sigmoid(), end], dim=-1).numpy()
        return curves

    @classmethod
    def scores(cls, curve: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that a sample is an apex, which the threshold is compared with."""
        return curve[:, 1]

    @classmethod
    def decoder(cls, config: SystemConfig) -> Decoder:
        """Return that of starts, apexes and ends (``own``), or one that the recipe names, for the apex alone."""
        if config.decoder.name == "own":
            settings = config.network
            assert isinstance(settings, CausalExConfig)
            decode = partial(_start_apex_end, most=settings.most)
            return Decoder("own", decode, "score", 0.5, False, "the likeliest start and end of each apex")
        return super().decoder(config)


def _start_apex_end(
    curve: NDArray[np.float64], half_length: int, threshold: float, most: int | None
) -> list[Detection]:
    """Return expressions from curves [samples, 3] of start, apex and end."""
    start, apex, end = curve.T
    padded = np.pad(apex, 1, constant_values=-np.inf)
    largest = (apex > padded[:-2]) & (apex >= padded[2:])
    reach = max(2, round(_REACH * half_length))
    return start_apex_end(start, np.where(largest, apex, 0.0), end, reach, threshold, most or len(apex))


def _focal(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the binary focal loss of every sample (Lin et al., ICCV 2017, without the balance of classes)."""
    error = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (logits.sigmoid() - targets).abs() ** _FOCUS * error


def _beside(sample: float) -> slice:
    """Return the slice of a sample and its two neighbours."""
    return slice(max(round(sample) - 1, 0), round(sample) + 2)


def _magnitudes(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return how far nodes are from rest, [samples, nodes], of channels [samples, 2 nodes]."""
    return np.hypot(values[:, 0::2], values[:, 1::2]).astype(np.float64)


def _change(video: TrainingVideo, onset: float, apex: float) -> NDArray[np.float64] | None:
    """Return the motion of nodes from onset to apex; None where one of them was not measured."""
    before, behind = (min(round(sample), len(video.series.times_ms) - 1) for sample in (onset, apex))
    if not video.series.measured[[before, behind]].all():
        return None
    return np.asarray(_magnitudes(video.series.values[[behind]] - video.series.values[[before]])[0])
