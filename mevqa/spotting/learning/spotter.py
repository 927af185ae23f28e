"""Learned spotters: what all of them share when they find expressions in a video."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from mevqa.errors import InputError, Problem
from mevqa.spotting.base import Progress, Spotter, Spotting
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.evidence.finish import finish
from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.decode import Proposal, propose
from mevqa.spotting.learning.measuring import OTHERS, video_series
from mevqa.spotting.learning.network_scores import network_outputs
from mevqa.spotting.learning.system import LearnedSystem
from mevqa.spotting.learning.training.loop import one_thread
from mevqa.spotting.learning.weights import SpotterWeights, read_spotter_weights
from mevqa.video.reading.video import Video


class LearnedSpotter(LearnedSystem, Spotter):
    """A spotter with a trained network; ``mevqa finetune`` makes its weights from annotated videos."""

    needs: ClassVar[str] = "--weights DIR"
    has_weights: ClassVar[bool] = True

    def spot(self, video: Video, progress: Progress = lambda done, total: None) -> Spotting:
        """Find the expressions of an open video.

        Raises:
            InputError: There are no weights, or they are of another spotter.
            MediaError: The video cannot be read.
        """
        weights = self._weights()
        record, series = video_series(video, weights.view, self.options.features, progress)
        with one_thread(next(weights.network.parameters()).device):
            outputs = network_outputs(type(self), weights.network, series, weights.config, weights.priors)
        proposals = propose(
            type(self),
            weights.config,
            weights.priors,
            series,
            outputs,
            rule=self.options.rule,
            threshold=self.options.threshold,
        )
        events = [_event(proposal, series, weights) for proposal in proposals]
        by_kind = self.curves(outputs, weights.config).values()
        largest = np.max([self.scores(curve) for curve in by_kind], axis=0)
        scores = list(zip(series.times_ms.tolist(), largest.tolist(), strict=True))
        return finish(video, record, events, scores=scores, rule=self.options.rule)

    def _weights(self) -> SpotterWeights:
        """Return the weights of this spotter.

        Raises:
            InputError: There are none, or they are of another one.
        """
        weights, name = self.options.calibrator, self.options.spotter
        if weights is None:
            raise InputError(
                [Problem("--weights", f"the spotter {name} needs the folder of its weights: --weights DIR")]
            )
        if not isinstance(weights, SpotterWeights) or weights.system != name:
            raise InputError([Problem("--weights", f"are of another spotter than {name}")])
        return weights

    @classmethod
    def load(cls, path: Path) -> SpotterWeights:
        """Read a folder of trained weights.

        Raises:
            InputError: It is no such folder, is damaged, or is of another system.
        """
        return read_spotter_weights(path, cls.name, cls)


def _event(proposal: Proposal, series: FeatureSeries, weights: SpotterWeights) -> SpottedEvent:
    """Return a proposal as an event of the video."""
    coarse = weights.config.classes == "coarse"
    at = (proposal.onset, proposal.apex, proposal.offset)
    onset, apex, offset = (int(series.frames[sample]) for sample in at)
    onset_ms, apex_ms, offset_ms = (float(series.times_ms[sample]) for sample in at)
    return SpottedEvent(
        onset=onset,
        apex=apex,
        offset=offset,
        onset_ms=onset_ms,
        apex_ms=apex_ms,
        offset_ms=offset_ms,
        kind=proposal.kind,
        score=proposal.score,
        coarse=proposal.label if coarse and proposal.label != OTHERS else None,
        fine=proposal.label if not coarse else None,
        class_probabilities=dict(proposal.probabilities),
    )
