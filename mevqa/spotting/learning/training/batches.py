"""Which windows an epoch shows, how they are varied, and the batches that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import Arrays, LearnedSystem, marks_of
from mevqa.spotting.learning.types import TrainingVideo
from mevqa.spotting.learning.views import AnyChannels, find_channels
from mevqa.spotting.learning.windows import cut, grid, piece

#: Values, whether samples count, targets.
Batch = tuple[Tensor, Tensor, dict[str, Tensor]]


class TrainingWindows:
    """The windows of training videos; every draw is decided by the seed and the number of the epoch.

    Args:
        system: Whose targets are learned.
        config: Its settings.
        videos: The training videos.
        priors: What is known of them.
    """

    def __init__(
        self, system: type[LearnedSystem], config: SystemConfig, videos: Sequence[TrainingVideo], priors: Priors
    ) -> None:
        self._config, self._videos = config, videos
        self._channels = find_channels(system.view)
        self._scale = priors.spread(videos[0].series.values.ndim)
        self._targets: list[Arrays] = [system.targets(video, config, priors) for video in videos]

    def epoch(self, number: int) -> list[tuple[int, int]]:
        """Return video and first sample of the windows of an epoch: all with expressions, some of the others."""
        windows = self._config.training.windows
        rng = np.random.default_rng([self._config.seed, 1, number])
        with_expressions: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for index, video in enumerate(self._videos):
            length = len(cut(video.series, 0, windows).counts)
            marks = marks_of(video, self._config.kinds)
            for begin in grid(video.series, windows, float(rng.random()) if windows.moving else 0.0):
                holds = any(mark.start < begin + length and mark.stop > begin for mark in marks)
                (with_expressions if holds else others).append((index, begin))
        wanted = min(len(others), max(1, round(windows.negatives * len(with_expressions)))) if windows.negatives else 0
        drawn = [others[at] for at in rng.choice(len(others), wanted, replace=False)] if others and wanted else []
        chosen = with_expressions + drawn
        return [chosen[at] for at in rng.permutation(len(chosen))]

    def batches(self, number: int) -> Iterator[Batch]:
        """Yield the batches of an epoch."""
        chosen = self.epoch(number)
        rng = np.random.default_rng([self._config.seed, 2, number])
        size = self._config.training.batch
        for start in range(0, len(chosen), size):
            yield self._batch(chosen[start : start + size], rng)

    def _batch(self, chosen: Sequence[tuple[int, int]], rng: np.random.Generator) -> Batch:
        values, counts, learned = [], [], []
        targets: dict[str, list[np.ndarray]] = {}
        for index, begin in chosen:
            video = self._videos[index]
            window = cut(video.series, begin, self._config.training.windows)
            values.append(self._vary(window.values / self._scale, window.counts, rng))
            counts.append(window.counts)
            length = len(window.counts)
            learned.append(window.counts & piece(video.learned, begin, length))
            for name, target in self._targets[index].items():
                targets.setdefault(name, []).append(piece(target, begin, length))
        tensors = {name: torch.from_numpy(np.stack(pieces)) for name, pieces in targets.items()}
        tensors["learned"] = torch.from_numpy(np.stack(learned))
        return torch.from_numpy(np.stack(values)), torch.from_numpy(np.stack(counts)), tensors

    def _vary(self, values: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the values of a window as the recipe varies them."""
        settings, channels = self._config.training.augmentation, self._channels
        factor, draw = rng.uniform(1 - settings.scale, 1 + settings.scale), rng.random()
        varied = values * np.float32(factor)
        if channels.can_mirror and draw < settings.mirror:
            varied = self._mirrored(varied, channels)
        if settings.noise:
            noise = rng.normal(0, settings.noise, varied.shape).astype(np.float32)
            varied = varied + noise * counts.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(varied, np.float32)

    def _mirrored(self, values: np.ndarray, channels: AnyChannels) -> np.ndarray:
        """Mirror scaled values: left and right of a pair may have different spreads."""
        return channels.mirror(values * self._scale) / self._scale
