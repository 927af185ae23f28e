"""Score detected events: spotting, recognition on true positives, STRS, their intervals, and what decided them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mevqa.data.events.read import EventFile, is_event_file, read_events
from mevqa.data.events.rows import Numbers
from mevqa.errors import InputError, Problem
from mevqa.intervals import Array
from mevqa.safe_text import portable
from mevqa.scoring.events.presets import DEFAULT, EventSwitches, event_preset
from mevqa.scoring.events.recognition import RecognitionScore, score_recognition
from mevqa.scoring.events.record import describe_events, traps
from mevqa.scoring.events.spotting import SWEEP, SpottingScore, score_spotting
from mevqa.scoring.events.videos import Video, Videos, put_together, unit_of, units
from mevqa.scoring.metrics.bootstrap import DRAWS, LEVEL, Draws, intervals, resample
from mevqa.scoring.paired import paired_difference
from mevqa.scoring.result import ScoreResult

__all__ = ["GROUPINGS", "compare_events", "is_event_file", "score_events"]

#: How the videos can be told apart by ``--by``.
GROUPINGS: dict[str, Callable[[Video], str]] = {
    "dataset": lambda video: video.dataset or "unknown",
    "subject": lambda video: video.subject or "unknown",
    "video": lambda video: video.name,
}
#: Below this many subjects or videos an interval says little.
_FEW_UNITS = 10


@dataclass(frozen=True, slots=True)
class _Input:
    """Two files, read and put together."""

    reference: EventFile
    predictions: EventFile
    switches: EventSwitches
    videos: Videos


@dataclass(frozen=True, slots=True)
class _Scored:
    """The scores of a set of videos, before intervals."""

    spotted: SpottingScore
    recognised: RecognitionScore | None
    metrics: dict[str, float]


def score_events(
    predictions: Path | str,
    reference: Path | str,
    preset: str | None = None,
    changes: Sequence[str] = (),
    *,
    fps: float | None = None,
    by: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Score a file of detected events against a file of coded ones.

    Args:
        predictions: What was detected; see ``mevqa.data.events``.
        reference: What human coders wrote.
        preset: Name of the preset; by default ``strict``.
        changes: Switches of the preset that are set otherwise, ``NAME=VALUE``.
        fps: Frames per second where the files do not tell.
        by: Parts to score besides: ``dataset``, ``subject``, ``video``.
        draws: Bootstrap draws; 0 for no intervals.
        seed: Of the bootstrap.

    Raises:
        InputError: Everything that is wrong with both files, with lines.
    """
    name = preset or DEFAULT
    loaded = _read(Path(predictions), Path(reference), event_preset(name, changes), fps)
    result = _score(loaded, loaded.videos.videos, draws, seed)
    groups = {}
    for part in by:
        if part not in GROUPINGS:
            raise InputError([Problem("--by", f"events are told apart by {', '.join(GROUPINGS)}, not by {part!r}")])
        groups[part] = _grouped(loaded, GROUPINGS[part], draws, seed)
    protocol = {
        "preset": name,
        **result.protocol,
        "detections_from": portable(str(predictions)),
        "references_from": [portable(str(reference))],
    }
    notes = [*loaded.reference.notes, *loaded.predictions.notes, *loaded.videos.notes, *result.notes]
    counts = {**result.counts, **loaded.videos.counts}
    return replace(
        result,
        protocol=protocol,
        counts=counts,
        warnings=loaded.videos.warnings,
        notes=list(dict.fromkeys([*traps(loaded.switches), *notes])),
        groups=groups,
    )


def compare_events(
    first: Path | str,
    second: Path | str,
    reference: Path | str,
    preset: str | None = None,
    changes: Sequence[str] = (),
    *,
    fps: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Compare two files of detected events by a paired bootstrap: both are measured on the same draws of subjects.

    Args:
        first: The one that is compared with; see ``score_events``.
        second: The other one.
        reference: What human coders wrote.
        preset: Name of the preset; by default ``strict``.
        changes: Switches of the preset that are set otherwise, ``NAME=VALUE``.
        fps: Frames per second where the files do not tell.
        draws: Bootstrap draws.
        seed: Of the bootstrap.

    Returns:
        ``metrics`` are the differences, second less first, with their intervals; ``details["p"]`` their p-values and
        ``groups["answers"]`` the scores of ``first`` and ``second``.

    Raises:
        InputError: Everything that is wrong with the files, with lines.
    """
    switches = event_preset(preset or DEFAULT, changes)
    problems: list[Problem] = []
    inputs = []
    for path in (first, second):
        try:
            inputs.append(_read(Path(path), Path(reference), switches, fps))
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise InputError(problems)
    results = [score_events(path, reference, preset, changes, fps=fps, draws=draws, seed=seed)
               for path in (first, second)]  # fmt: skip
    shared = units(video for loaded in inputs for video in loaded.videos.videos)
    first_scores, second_scores = (_measure(loaded, loaded.videos.videos, shared) for loaded in inputs)
    keys = [key for key in first_scores.metrics if key in second_scores.metrics]
    drawn: tuple[Draws, Draws] = ({}, {})
    if draws and len(shared) > 1:
        drawn = _draws(first_scores, draws, seed), _draws(second_scores, draws, seed)
    protocol = {"detections_from": [str(first), str(second)]}
    metrics = first_scores.metrics, second_scores.metrics
    return paired_difference((first, second), (results[0], results[1]), metrics, keys, drawn, protocol)


def _read(predictions: Path, reference: Path, switches: EventSwitches, fps: float | None) -> _Input:
    """Read both files; what is wrong with either is raised together."""
    files = []
    problems: list[Problem] = []
    for path, role, numbers in (
        (reference, "reference", Numbers(switches.reference_frame_base)),
        (
            predictions,
            "predictions",
            Numbers(switches.prediction_frame_base, switches.negative_frames, switches.fractions),
        ),
    ):
        try:
            files.append(read_events(path, role, numbers))  # type: ignore[arg-type]
        except InputError as error:
            problems.extend(error.problems)
    if fps is not None and not (fps > 0 and np.isfinite(fps)):
        problems.append(Problem("--fps", f"must be above 0, not {fps:g}"))
    if problems:
        raise InputError(problems)
    return _Input(files[0], files[1], switches, put_together(files[0], files[1], switches, fps))


def _measure(loaded: _Input, videos: Sequence[Video], names: Sequence[str]) -> _Scored:
    spotted = score_spotting(videos, names, loaded.switches)
    recognised = score_recognition(
        spotted.matched, videos, names, loaded.switches, loaded.reference, loaded.predictions
    )
    metrics = dict(spotted.tally.metrics)
    if recognised is not None:
        factor = 0.0
        if recognised.tally is not None:
            metrics.update(recognised.tally.metrics)
            factor = recognised.tally.metrics["recognition.f1"]
        if recognised.tally is not None or not spotted.matched:
            metrics["strs"] = metrics.get("spotting.overall.f1", 0.0) * factor
    return _Scored(spotted, recognised, metrics)


def _draws(scored: _Scored, draws: int, seed: int) -> Draws:
    tallies = [scored.spotted.tally]
    if scored.recognised is not None and scored.recognised.tally is not None:
        tallies.append(scored.recognised.tally)
    drawn = resample(tallies, draws, seed)
    if "recognition.f1" not in drawn:
        return drawn
    return {**drawn, "strs": _strs(drawn["spotting.overall.f1"], drawn["recognition.f1"])}


def _strs(spotting: Array, recognition: Array) -> Array:
    """Return the products; without a true positive there is no recognition, and STRS is 0."""
    return np.where(spotting == 0, 0.0, spotting * recognition)


def _score(loaded: _Input, videos: Sequence[Video], draws: int, seed: int) -> ScoreResult:
    names = units(videos)
    scored = _measure(loaded, videos, names)
    bounds: dict[str, tuple[float, float]] = {}
    if draws and len(names) > 1:
        bounds = intervals(_draws(scored, draws, seed), scored.metrics)
    counts = {"videos": len(videos), **scored.spotted.counts}
    subjects = {unit_of(video) for video in videos if video.subject}
    if subjects:
        counts["subjects"] = len(subjects)
    if scored.recognised is not None:
        counts |= scored.recognised.counts
    return ScoreResult(
        metrics=scored.metrics,
        intervals=bounds,
        protocol=_protocol(loaded.switches, videos, draws, seed),
        counts=counts,
        notes=[*scored.spotted.notes, *_notes(loaded, scored, len(names), draws)],
        details=describe_events(videos, scored.spotted, scored.recognised),
    )


def _grouped(loaded: _Input, name: Callable[[Video], str], draws: int, seed: int) -> dict[str, ScoreResult]:
    parts: dict[str, list[Video]] = {}
    for video in loaded.videos.videos:
        parts.setdefault(name(video), []).append(video)
    return {part: _score(loaded, parts[part], draws, seed) for part in sorted(parts)}


def _protocol(switches: EventSwitches, videos: Sequence[Video], draws: int, seed: int) -> dict[str, Any]:
    known = {video.subject is not None for video in videos}
    unit = "subject, or video where it is unknown" if len(known) > 1 else "subject" if True in known else "video"
    rates = sorted({video.fps for video in videos if video.fps is not None})
    return {
        **switches.as_protocol(),
        "fps": rates,
        "sweep": list(SWEEP),
        "duration": "(offset - onset) / fps",
        "strs": "spotting.overall.f1 x recognition.f1",
        "resampled": unit,
        "draws": draws,
        "seed": seed,
        "level": LEVEL,
    }


def _notes(loaded: _Input, scored: _Scored, unit_count: int, draws: int) -> Iterable[str]:
    if scored.recognised is not None:
        yield from scored.recognised.notes
    else:
        fields = {"emotion", "fine", "coarse"}
        without = [file.path.name for file in (loaded.reference, loaded.predictions) if not file.fields & fields]
        file_names = " and ".join(without) or "a file"
        yield f"no recognition and no STRS: {file_names} {'tell' if without[1:] else 'tells'} no emotion"
    scores = {event.score is not None for event in loaded.predictions.events}
    if scores == {False} and loaded.switches.matching == "score":
        yield "the detections have no scores: those that overlap most choose first"
    if draws and unit_count == 1:
        yield "one subject or video only: no intervals"
    elif draws and unit_count < _FEW_UNITS:
        yield f"{unit_count} subjects or videos only: the intervals are rough"
