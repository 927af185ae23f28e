"""Measuring the spotter on synthetic long videos of persons that it was not tuned on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mevqa.benchmarks.trial_videos import TrialVideo, trial_plans, write_trial
from mevqa.data.annotations import write_annotations
from mevqa.data.label_types import ClipLabels
from mevqa.errors import InputError, Problem
from mevqa.events import KINDS, Event
from mevqa.intervals import iou_matrix, match
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.motion.spotter import SpotOptions
from mevqa.spotting.video import Spotting, spot_video
from mevqa.synthetic.clip_plan import ClipPlan

#: Least overlap of a hit.
_IOU = 0.5


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """What a trial is made of.

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
    """What came out.

    Attributes:
        references: Coded expressions by kind.
        detections: Found expressions by kind, in the videos with both kinds.
        hits: Found ones that overlap a coded one of their kind, one to one, by kind.
        boundary_ms: Errors of onset and offset of the hits, signed.
        apex_ms: Errors of the apex of the hits, signed.
        still_minutes: Length of the videos without expressions.
        still_micro: Micro-expressions found in them.
        macro_minutes: Length of the videos with macro-expressions alone.
        macro_micro: Micro-expressions found in them.
    """

    references: dict[str, int]
    detections: dict[str, int]
    hits: dict[str, int]
    boundary_ms: tuple[float, ...]
    apex_ms: tuple[float, ...]
    still_minutes: float
    still_micro: int
    macro_minutes: float
    macro_micro: int

    def f1(self, kind: str) -> float:
        """Return F1 of a kind, 0 without references and detections."""
        return 2 * self.hits[kind] / max(self.references[kind] + self.detections[kind], 1)

    def table(self) -> str:
        """Return everything in lines."""
        lines = [f"{'kind':7}{'references':>12}{'detections':>12}{'hits':>6}{'F1':>7}   at IoU {_IOU:g}"]
        for kind in KINDS:
            counts = f"{self.references[kind]:12d}{self.detections[kind]:12d}{self.hits[kind]:6d}"
            lines.append(f"{kind:7}{counts}{self.f1(kind):7.3f}")
        for name, errors in (("onset and offset", self.boundary_ms), ("apex", self.apex_ms)):
            if errors:
                size = np.abs(errors)
                lines.append(f"{name}: error {np.median(size):.0f} ms (median), {size.mean():.0f} ms (mean)")
        for what, minutes, count in (
            ("videos without expressions", self.still_minutes, self.still_micro),
            ("videos with macro-expressions alone", self.macro_minutes, self.macro_micro),
        ):
            if minutes:
                rate = f"{count / minutes:.2f} a minute ({count} in {minutes:.1f} minutes)"
                lines.append(f"false micro-expressions in {what}: {rate}")
        return "\n".join(lines)


def run_trial(
    folder: Path,
    settings: TrialSettings,
    *,
    options: SpotOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> TrialResult:
    """Make the videos that the folder does not hold yet, spot in all of them and compare.

    Args:
        folder: Where the videos are kept.
        settings: What the trial is made of.
        options: Of the spotter.
        progress: Called with the name of each finished video.
    """
    judged = []
    for content, plan in _plans(settings):
        (video,) = write_trial(folder, [plan], content, settings.seed, size=settings.size)
        judged.append((video, spot_video(video.path, options=options)))
        if progress is not None:
            progress(plan.id)
    return compare(judged)


def write_truth(path: Path, folder: Path, settings: TrialSettings) -> None:
    """Write what the videos of a trial hold as annotations, every person a subject; makes those that are missing.

    Args:
        path: The CSV.
        folder: Where the videos are kept.
        settings: What the trial is made of.

    Raises:
        InputError: The file cannot be written.
    """
    labels = {}
    for content, plan in _plans(settings):
        (video,) = write_trial(folder, [plan], content, settings.seed, size=settings.size)
        name = video.path.stem
        # One row that only names the video says that nothing happens in it.
        events = tuple(one.annotation for one in plan.performances) or (Event(),)
        labels[name] = ClipLabels(name, "synthetic", plan.id, plan.fps, events)
    try:
        write_annotations(path, labels)
    except OSError as error:
        raise InputError([Problem(path, f"cannot be written: {error.strerror or error}")]) from error


def _plans(settings: TrialSettings) -> Iterator[tuple[str, ClipPlan]]:
    """Yield what each video of a trial holds, and its plan."""
    for content, count in (("events", settings.events), ("macro", settings.macro), ("still", settings.still)):
        if count:
            plans = trial_plans(count, settings.seed, seconds=settings.seconds, fps=(settings.fps,), content=content)
            yield from ((content, plan) for plan in plans)


def compare(judged: Sequence[tuple[TrialVideo, Spotting]]) -> TrialResult:
    """Compare what was found in videos with what they hold."""
    references, detections, hits = (dict.fromkeys(map(str, KINDS), 0) for _ in range(3))
    boundary: list[float] = []
    apex: list[float] = []
    minutes = {"events": 0.0, "macro": 0.0, "still": 0.0}
    micro = {"events": 0, "macro": 0, "still": 0}
    for video, found in judged:
        minutes[video.content] += video.plan.frames / video.plan.fps / 60
        micro[video.content] += sum(event.kind == "micro" for event in found.events)
        for kind in KINDS:
            own = [event for event in found.events if event.kind == kind]
            coded = [one.annotation for one in video.plan.performances if one.annotation.kind == kind]
            if video.content == "still":
                continue
            if video.content == "events" or kind == "macro":
                references[kind] += len(coded)
                detections[kind] += len(own)
            spans = [(float(one.onset or 0), float(one.apex or 0), float(one.offset or 0)) for one in coded]
            for event, span in _pairs(own, spans):
                hits[kind] += 1
                step = 1000 / video.plan.fps
                boundary += [(event.onset - span[0]) * step, (event.offset - span[2]) * step]
                apex.append((event.apex - span[1]) * step)
    return TrialResult(
        references,
        detections,
        hits,
        tuple(boundary),
        tuple(apex),
        minutes["still"],
        micro["still"],
        minutes["macro"],
        micro["macro"],
    )


def _pairs(
    found: Sequence[SpottedEvent], coded: Sequence[tuple[float, float, float]]
) -> list[tuple[SpottedEvent, tuple[float, float, float]]]:
    """Return hits: one to one, the surest detection first, as ``mevqa score --preset strict`` does."""
    detections = np.array([(event.onset, event.offset) for event in found], dtype=np.float64).reshape(-1, 2)
    references = np.array([(span[0], span[2]) for span in coded], dtype=np.float64).reshape(-1, 2)
    scores = np.array([event.score for event in found])
    overlaps = iou_matrix(detections, references, "inclusive")
    pairs = match(overlaps, _IOU, "score", detections, references, scores)
    return [(found[detection], coded[reference]) for detection, reference in pairs]
