"""Measuring the spotter on synthetic long videos of persons that it was not tuned on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mevqa.benchmarks.trial_videos import TrialVideo, trial_plans, write_trial
from mevqa.data.annotations import write_annotations
from mevqa.data.label_types import ClipLabels
from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.scoring.events.score import score_events
from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import score_tables
from mevqa.spotting.base import SpotOptions, Spotting
from mevqa.spotting.files import write_csv
from mevqa.spotting.video import spot_video
from mevqa.synthetic.clip_plan import ClipPlan
from mevqa.table_writer import as_text

#: Videos in which every micro-expression is a false one, with what they hold.
_WITHOUT_MICRO = {"still": "videos without expressions", "macro": "videos with macro-expressions alone"}


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """Videos of a trial: how many of each content, their length, frame rate, size and seed.

    Attributes:
        events: Videos with micro- and macro-expressions.
        macro: Videos with macro-expressions alone.
        still: Videos without expressions.
        seconds: Length of each.
        fps: Frame rate.
        size: Width and height, pixels.
        seed: Decides persons and everything else. Seeds 500 to 502 were used to choose the spotter's constants: they
            are not to be reported.
    """

    events: int = 6
    macro: int = 2
    still: int = 4
    seconds: float = 60.0
    fps: float = 30.0
    size: tuple[int, int] = (640, 480)
    seed: int = 700


@dataclass(frozen=True, slots=True)
class TrialResult:
    """Scores of the spotter on the videos of a trial.

    Attributes:
        score: As ``mevqa score`` gives them for the trial's ``detections.csv`` and ``annotations.csv``; None where no
            video holds an expression.
        false_micro: Micro-expressions that were found and minutes of video, by content without micro-expressions.
    """

    score: ScoreResult | None
    false_micro: dict[str, tuple[int, float]]

    def errors_ms(self, *names: str) -> list[float]:
        """Return the signed errors of ``onset``, ``apex`` or ``offset`` of all matched events, ms."""
        errors = []
        for video in self.score.details["videos"] if self.score is not None else ():
            detections = {detection["line"]: detection for detection in video["detections"]}
            pairs = [
                (detections[reference["detection"]], reference)
                for reference in video["references"]
                if reference["detection"] is not None
            ]
            errors += [(ours[name] - coded[name]) * 1000 / video["fps"] for ours, coded in pairs for name in names]
        return errors

    def text(self) -> str:
        """Return tables and sentences."""
        parts = [as_text(table) + "\n" for table in score_tables(self.score)] if self.score is not None else []
        for name, errors in (("onset and offset", self.errors_ms("onset", "offset")), ("apex", self.errors_ms("apex"))):
            if errors:
                parts.append(f"{name}: error {np.median(np.abs(errors)):.0f} ms (median)")
        for content, (count, minutes) in self.false_micro.items():
            rate = f"{count / minutes:.2f} a minute ({count} in {minutes:.1f} minutes)"
            parts.append(f"false micro-expressions in {_WITHOUT_MICRO[content]}: {rate}")
        return "\n".join(parts)

    def as_json(self) -> str:
        """Return everything as JSON."""
        scores = self.score.as_dict() if self.score is not None else {}
        return json.dumps(scores | {"false_micro": self.false_micro})


def run_trial(
    folder: Path,
    settings: TrialSettings,
    *,
    options: SpotOptions | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> TrialResult:
    """Make the videos that the folder does not hold yet, spot in all of them and compare.

    Args:
        folder: Where the videos are kept.
        settings: What the trial is made of.
        options: Of the spotter.
        progress: Called with the name of each finished video.
    """
    judged = []
    for video in _videos(folder, settings):
        judged.append((video, spot_video(video.path, options=options)))
        progress(video.plan.id)
    return compare(judged, folder)


def compare(judged: Sequence[tuple[TrialVideo, Spotting]], folder: Path) -> TrialResult:
    """Write the true and the spotted events of the videos as tables, and score them.

    Args:
        judged: Videos and the spotter's result for each.
        folder: Where ``annotations.csv`` and ``detections.csv`` are written.
    """
    false: dict[str, tuple[int, float]] = {}
    for video, spotting in judged:
        if video.content in _WITHOUT_MICRO:
            count, minutes = false.get(video.content, (0, 0.0))
            count += sum(event.kind == "micro" for event in spotting.events)
            false[video.content] = count, minutes + video.plan.frames / video.plan.fps / 60
    coded, detections = folder / "annotations.csv", folder / "detections.csv"
    _write_labels(coded, (video for video, _ in judged))
    write_csv(detections, [replace(spotting, video=video.path.stem) for video, spotting in judged])
    some = any(video.plan.performances for video, _ in judged)
    return TrialResult(score_events(detections, coded) if some else None, false)


def write_truth(path: Path, folder: Path, settings: TrialSettings) -> None:
    """Write the true events of a trial's videos as annotations, every person a subject; makes missing videos.

    Args:
        path: The CSV.
        folder: Where the videos are kept.
        settings: What the trial is made of.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        _write_labels(path, _videos(folder, settings))
    except OSError as error:
        raise InputError([Problem(path, f"cannot be written: {error.strerror or error}")]) from error


def _write_labels(path: Path, videos: Iterable[TrialVideo]) -> None:
    labels = {}
    for video in videos:
        name, plan = video.path.stem, video.plan
        # One row that only names the video says that it holds no event.
        events = tuple(expression.annotation for expression in plan.performances) or (Event(),)
        labels[name] = ClipLabels(name, "synthetic", plan.id, plan.fps, events)
    write_annotations(path, labels)


def _videos(folder: Path, settings: TrialSettings) -> Iterator[TrialVideo]:
    """Yield the videos of a trial, each made where it is missing."""
    shape: dict[str, Any] = {"seconds": settings.seconds, "fps": (settings.fps,)}
    for content, count in (("events", settings.events), ("macro", settings.macro), ("still", settings.still)):
        plans: list[ClipPlan] = trial_plans(count, settings.seed, content=content, **shape) if count else []
        for plan in plans:
            yield from write_trial(folder, [plan], content, settings.seed, size=settings.size)
