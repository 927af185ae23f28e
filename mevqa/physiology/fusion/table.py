"""Examples for fusion from tables: events of a spotter, physiological features, and what coders marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mevqa.errors import InputError, Problem
from mevqa.facs import COARSE_CLASSES, coarse_of
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.intervals import iou_matrix, match
from mevqa.names import subject_key
from mevqa.physiology.events import TimedEvent, read_timed_events, video_key
from mevqa.physiology.feature_table import FeatureRow, read_features
from mevqa.physiology.features.definition import feature_groups
from mevqa.physiology.fusion.judged import JudgedEvent, read_judged_events
from mevqa.physiology.fusion.types import Examples

#: What is decided: whether a detection is an expression, or of which class it is.
Task = Literal["spot", "recognise"]
NONE, EVENT = "none", "event"
#: What is known of the video beside probabilities.
VIDEO_FEATURES = ("log_duration", "score_log_odds")
#: Least overlap of a hit (MEGC since 2019).
_IOU = 0.5


@dataclass(frozen=True, slots=True)
class FusionTable:
    """Events of a table with everything that fusion needs.

    Attributes:
        events: The events, in the order of the table.
        examples: The same events as numbers.
        task: What is decided.
        notes: What a reader should know, one sentence each.
        coded: How many events the labels have.
        found: How many of these are among the events (IoU of 0.5 at least).
    """

    events: tuple[JudgedEvent, ...]
    examples: Examples
    task: Task
    notes: tuple[str, ...]
    coded: int = 0
    found: int = 0


def read_fusion_table(
    events: Path,
    features: Path,
    labels: Path | None = None,
    *,
    task: Task | None = None,
    classes: Sequence[str] = (),
    fps: float | None = None,
) -> FusionTable:
    """Read events, features and labels, and bring them together.

    Args:
        events: What a spotter or recogniser says (``read_judged_events``).
        features: Physiological features of the same events (``read_features``).
        labels: What coders marked; None: unknown.
        task: What is decided; None: the class where the events have probabilities of classes, else whether each is one.
        classes: The classes, where a fusion that was fitted says them.
        fps: Frames per second where a table does not tell.

    Raises:
        InputError: What is wrong with the files, or they do not fit together.
    """
    judged, notes = read_judged_events(events, fps)
    rows = read_features(features)
    if not judged:
        raise InputError([Problem(events, "holds no event; there is nothing to fuse")])
    task = task or ("recognise" if any(one.classes for one in judged) else "spot")
    chances, names = _video(events, judged, task, classes)
    coded: list[TimedEvent] = []
    if labels is not None:
        coded, more = read_timed_events(labels, fps or 1.0)
        notes += more
        if not coded:
            raise InputError([Problem(labels, "holds no event; there is nothing to learn from")])
    matched = _matched([one.event for one in judged], coded)
    truth = _truth(labels, matched, task, names, notes) if labels is not None else np.full(len(judged), -1)
    subjects = _subjects(events, [one.event for one in judged], coded, required=labels is not None)
    measured = _joined(features, [one.event for one in judged], rows, notes)
    examples = Examples(
        tuple(subjects),
        tuple(names),
        chances,
        np.array([_video_features(one.event) for one in judged], dtype=np.float64),
        measured,
        tuple(feature_groups().values()),
        truth.astype(np.int64),
    )
    found = sum(one is not None for one in matched)
    return FusionTable(tuple(judged), examples, task, tuple(notes), len(coded), found)


def _video(
    path: Path, judged: Sequence[JudgedEvent], task: Task, classes: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Return the probabilities of the video, [events, classes], and the names of the classes."""
    if task == "spot":
        lacking = [one.event.line for one in judged if one.event.score is None or not 0 <= one.event.score <= 1]
        if lacking:
            said = "has no score from 0 to 1: a spotter's probability that it is an expression is needed"
            raise InputError([Problem(path, said, line) for line in lacking])
        scores = np.array([one.event.score for one in judged], dtype=np.float64)
        return np.column_stack([1 - scores, scores]), [NONE, EVENT]
    names = list(classes) or sorted({name for one in judged for name in one.classes or {}})
    if len(names) < 2:
        said = "has no probabilities of classes (columns p_happiness, p_surprise, ...) and no class"
        raise InputError([Problem(path, f"{said}; --task spot decides by the score whether each is an expression")])
    strange = sorted({name for one in judged for name in one.classes or {}} - set(names))
    if strange:
        said = f"has probabilities of {', '.join(strange)}; the fusion was fitted on {', '.join(names)}"
        raise InputError([Problem(path, said)])
    # What is not told is equally likely.
    flat = dict.fromkeys(names, 1 / len(names))
    return np.array([[(one.classes or flat).get(name, 0.0) for name in names] for one in judged]), names


def _video_features(event: TimedEvent) -> list[float]:
    duration = (event.offset - event.onset + 1) / event.fps if not event.by_camera else math.nan
    score = math.nan
    if event.score is not None and 0 <= event.score <= 1:
        kept = min(max(event.score, 1e-3), 1 - 1e-3)
        score = math.log(kept / (1 - kept))
    return [math.log(duration) if duration > 0 else math.nan, score]


def _matched(events: Sequence[TimedEvent], coded: Sequence[TimedEvent]) -> list[TimedEvent | None]:
    """Return the coded event of each event, one to one, in each video by overlap."""
    by_subject = all(one.subject for one in events) and all(one.subject for one in coded)

    def key(one: TimedEvent) -> tuple[str, str]:
        return (subject_key(one.subject) if by_subject and one.subject else "", video_key(one.video))

    places: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(events):
        places.setdefault(key(one), []).append(place)
    others: dict[tuple[str, str], list[TimedEvent]] = {}
    for one in coded:
        others.setdefault(key(one), []).append(one)
    result: list[TimedEvent | None] = [None] * len(events)
    for video, own in places.items():
        if not (marked := others.get(video)):
            continue
        first = np.array([(events[place].onset, events[place].offset) for place in own], dtype=np.float64)
        second = np.array([(one.onset, one.offset) for one in marked], dtype=np.float64)
        scores = np.array([events[place].score or 0.0 for place in own])
        for row, column in match(iou_matrix(first, second), _IOU, "score", first, second, scores):
            result[own[row]] = marked[column]
    return result


def _truth(
    path: Path, matched: Sequence[TimedEvent | None], task: Task, names: Sequence[str], notes: list[str]
) -> np.ndarray:
    """Return the place of the right class of each event, -1 where no coder tells it."""
    if not any(matched):
        said = "none of its events overlaps an event of the table by half (IoU): do the names of the videos agree?"
        raise InputError([Problem(path, said)])
    if task == "spot":
        return np.array([int(one is not None) for one in matched])
    coarse = set(names) <= set(COARSE_CLASSES)
    truth, other = [], set()
    for one in matched:
        label = (one.emotion or "") if one else ""
        label = (coarse_of(label) or label) if coarse and label not in names else label
        truth.append(names.index(label) if label in names else -1)
        if label and label not in names:
            other.add(label)
    if other:
        notes.append(f"events coded as {', '.join(sorted(other))} are no class of the table's: they are left out")
    if max(truth) < 0:
        raise InputError([Problem(path, f"codes no event that is found as one of {', '.join(names)}")])
    return np.array(truth)


def _subjects(path: Path, events: Sequence[TimedEvent], coded: Sequence[TimedEvent], *, required: bool) -> list[str]:
    """Return who is seen at each event: what the events say, else the labels about the same video."""
    by_video = {video_key(one.video): one.subject for one in coded if one.subject}
    subjects = [one.subject or by_video.get(video_key(one.video)) for one in events]
    nobody = [one.line for one, subject in zip(events, subjects, strict=True) if not subject]
    if nobody and required:
        said = "has no subject, neither here nor in the labels: leave-one-subject-out needs one"
        raise InputError([Problem(path, said, line) for line in nobody])
    return [subject_key(one) if one else "" for one in subjects]


def _joined(path: Path, events: Sequence[TimedEvent], rows: Sequence[FeatureRow], notes: list[str]) -> np.ndarray:
    """Return the physiological features of each event, [events, features]; NaN for events without a row."""
    by_subject = all(one.subject for one in events) and all(one.subject for one in rows)

    def key(one: TimedEvent | FeatureRow) -> tuple[str, tuple[str, int, int]]:
        return subject_key(one.subject) if by_subject and one.subject else "", one.key

    known: Mapping[object, FeatureRow] = {key(one): one for one in rows}
    nothing = dict.fromkeys(feature_groups(), math.nan)
    found = [known.get(key(one)) for one in events]
    lacking = sum(one is None for one in found)
    if lacking == len(events):
        said = "has no row about any of the events (video, onset and offset must be the same)"
        raise InputError([Problem(path, f"{said}: measure these very events with mevqa physiology features")])
    if lacking:
        notes.append(f"{path.name} has no row about {lacking} of {len(events)} events: they are without signals")
    return np.array([list((one.values if one else nothing).values()) for one in found], dtype=np.float64)


#: Columns of fused events, behind which stand the probabilities of classes.
_COLUMNS = ("subject", "video", "onset", "apex", "offset", "kind", "score", "emotion", "fps", "spotter_score")


def write_fused(path: Path, table: FusionTable, chances: np.ndarray) -> None:
    """Write the events as they were decided: the score of a detection, or its class and the probabilities of all.

    Args:
        path: The table.
        table: The events.
        chances: [events, classes].

    Raises:
        InputError: It cannot be written.
    """
    names = table.examples.classes
    spot = table.task == "spot"
    rows: list[list[str]] = [[*_COLUMNS, *(() if spot else (f"p_{name}" for name in names))]]
    for judged, own in zip(table.events, chances, strict=True):
        event = judged.event
        score = own[1] if spot else event.score
        known = (
            event.subject, event.video, event.onset, event.apex, event.offset, event.kind,
            None if score is None else f"{score:.4f}", None if spot else names[int(own.argmax())], f"{event.fps:g}",
            None if event.score is None else f"{event.score:.4f}",
        )  # fmt: skip
        cells = ["" if value is None else str(value) for value in known]
        rows.append([*cells, *(() if spot else (f"{chance:.4f}" for chance in own))])
    write_whole(path, csv_text(rows))
