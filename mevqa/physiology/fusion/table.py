"""Examples for fusion from tables: events of a spotter, physiological features, and coded events."""

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

#: Decision of a fusion: whether a detection is an expression, or its class.
Task = Literal["spot", "recognise"]
NONE, EVENT = "none", "event"
#: Features of the video beside its probabilities of classes.
VIDEO_FEATURES = ("log_duration", "score_log_odds")
#: Least overlap of a hit (MEGC since 2019).
_IOU = 0.5


@dataclass(frozen=True, slots=True)
class FusionTable:
    """The events to fuse, with their examples for the classifiers.

    Attributes:
        events: The events, in the order of the table.
        examples: Probabilities, features and right classes of the same events.
        task: Whether expressions are spotted or recognised.
        notes: For the reader, one sentence each.
        coded: How many events the labels have.
        detected: How many of these are among the events (IoU of 0.5 at least).
    """

    events: tuple[JudgedEvent, ...]
    examples: Examples
    task: Task
    notes: tuple[str, ...]
    coded: int = 0
    detected: int = 0


def read_fusion_table(
    events: Path,
    features: Path,
    labels: Path | None = None,
    *,
    task: Task | None = None,
    classes: Sequence[str] = (),
    fps: float | None = None,
) -> FusionTable:
    """Read events, physiological features and labels, and join them by video and frames.

    Args:
        events: Table of a spotter or recogniser (``read_judged_events``).
        features: Physiological features of the same events (``read_features``).
        labels: Table of coded events; None: the right classes are unknown.
        task: Spot or recognise; None: recognise where events have probabilities of classes, else spot.
        classes: The classes of a fitted fusion; empty: those of the table.
        fps: Frames per second where a table has none.

    Raises:
        InputError: Files are wrong, or do not fit together.
    """
    judged, notes = read_judged_events(events, fps, classes)
    rows = read_features(features)
    if not judged:
        raise InputError([Problem(events, "holds no event; there is nothing to fuse")])
    task = task or ("recognise" if any(judgement.classes for judgement in judged) else "spot")
    chances, names = _video(events, judged, task, classes)
    coded: list[TimedEvent] = []
    if labels is not None:
        coded, more = read_timed_events(labels, fps or 1.0)
        notes += more
        if not coded:
            raise InputError([Problem(labels, "holds no event; there is nothing to learn from")])
    matched = _matched([judgement.event for judgement in judged], coded)
    truth = _truth(labels, matched, task, names, notes) if labels is not None else np.full(len(judged), -1)
    subjects = _subjects(events, [judgement.event for judgement in judged], coded, required=labels is not None)
    measured = _joined(features, [judgement.event for judgement in judged], rows, notes)
    examples = Examples(
        tuple(subjects),
        tuple(names),
        chances,
        np.array([_video_features(judgement.event) for judgement in judged], dtype=np.float64),
        measured,
        tuple(feature_groups().values()),
        truth.astype(np.int64),
    )
    detected = sum(partner is not None for partner in matched)
    return FusionTable(tuple(judged), examples, task, tuple(notes), len(coded), detected)


def _video(
    path: Path, judged: Sequence[JudgedEvent], task: Task, classes: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Return the probabilities of the video, [events, classes], and the names of the classes."""
    if task == "spot":
        unscored_lines = [
            judgement.event.line
            for judgement in judged
            if judgement.event.score is None or not 0 <= judgement.event.score <= 1
        ]
        if unscored_lines:
            message = "has no score from 0 to 1: a spotter's probability that it is an expression is needed"
            raise InputError([Problem(path, message, line) for line in unscored_lines])
        scores = np.array([judgement.event.score for judgement in judged], dtype=np.float64)
        return np.column_stack([1 - scores, scores]), [NONE, EVENT]
    names = list(classes) or sorted({name for judgement in judged for name in judgement.classes or {}})
    if len(names) < 2:
        message = "has no probabilities of classes (columns p_happiness, p_surprise, ...) and no class"
        raise InputError([Problem(path, f"{message}; --task spot decides by the score whether each is an expression")])
    unknown_classes = sorted({name for judgement in judged for name in judgement.classes or {}} - set(names))
    if unknown_classes:
        message = f"has probabilities of {', '.join(unknown_classes)}; the fusion was fitted on {', '.join(names)}"
        raise InputError([Problem(path, message)])
    # An event without probabilities: all classes are equally likely.
    flat = dict.fromkeys(names, 1 / len(names))
    return np.array([[(judgement.classes or flat).get(name, 0.0) for name in names] for judgement in judged]), names


def _video_features(event: TimedEvent) -> list[float]:
    duration = (event.offset - event.onset + 1) / event.fps if not event.by_camera else math.nan
    score = math.nan
    if event.score is not None and 0 <= event.score <= 1:
        clipped = min(max(event.score, 1e-3), 1 - 1e-3)
        score = math.log(clipped / (1 - clipped))
    return [math.log(duration) if duration > 0 else math.nan, score]


def _matched(events: Sequence[TimedEvent], coded: Sequence[TimedEvent]) -> list[TimedEvent | None]:
    """Return the coded event of each event, one to one, in each video by overlap."""
    by_subject = all(event.subject for event in events) and all(event.subject for event in coded)

    def key(event: TimedEvent) -> tuple[str, str]:
        return (subject_key(event.subject) if by_subject and event.subject else "", video_key(event.video))

    places: dict[tuple[str, str], list[int]] = {}
    for place, event in enumerate(events):
        places.setdefault(key(event), []).append(place)
    others: dict[tuple[str, str], list[TimedEvent]] = {}
    for event in coded:
        others.setdefault(key(event), []).append(event)
    result: list[TimedEvent | None] = [None] * len(events)
    for video, indices in places.items():
        if not (marked := others.get(video)):
            continue
        first = np.array([(events[place].onset, events[place].offset) for place in indices], dtype=np.float64)
        second = np.array([(event.onset, event.offset) for event in marked], dtype=np.float64)
        scores = np.array([events[place].score or 0.0 for place in indices])
        for row, column in match(iou_matrix(first, second), _IOU, "score", first, second, scores):
            result[indices[row]] = marked[column]
    return result


def _truth(
    path: Path, matched: Sequence[TimedEvent | None], task: Task, names: Sequence[str], notes: list[str]
) -> np.ndarray:
    """Return the index of the right class of each event, -1 where none is coded."""
    if not any(matched):
        message = "none of its events overlaps an event of the table by half (IoU): do the names of the videos agree?"
        raise InputError([Problem(path, message)])
    if task == "spot":
        return np.array([int(partner is not None) for partner in matched])
    coarse = set(names) <= set(COARSE_CLASSES)
    truth, other = [], set()
    for partner in matched:
        label = (partner.emotion or "") if partner else ""
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
    """Return the subject of each event: that of its table, else that of the labels about the same video."""
    by_video = {video_key(event.video): event.subject for event in coded if event.subject}
    subjects = [event.subject or by_video.get(video_key(event.video)) for event in events]
    nobody = [event.line for event, subject in zip(events, subjects, strict=True) if not subject]
    if nobody and required:
        message = "has no subject, neither here nor in the labels: leave-one-subject-out needs one"
        raise InputError([Problem(path, message, line) for line in nobody])
    return [subject_key(subject) if subject else "" for subject in subjects]


def _joined(path: Path, events: Sequence[TimedEvent], rows: Sequence[FeatureRow], notes: list[str]) -> np.ndarray:
    """Return the physiological features of each event, [events, features]; NaN for events without a row."""
    by_subject = all(event.subject for event in events) and all(row.subject for row in rows)

    def key(item: TimedEvent | FeatureRow) -> tuple[str, tuple[str, int, int]]:
        return subject_key(item.subject) if by_subject and item.subject else "", item.key

    rows_by_key: Mapping[object, FeatureRow] = {key(row): row for row in rows}
    nothing = dict.fromkeys(feature_groups(), math.nan)
    matching_rows = [rows_by_key.get(key(event)) for event in events]
    missing = sum(row is None for row in matching_rows)
    if missing == len(events):
        message = "has no row about any of the events (video, onset and offset must be the same)"
        raise InputError([Problem(path, f"{message}: measure these very events with mevqa physiology features")])
    if missing:
        notes.append(f"{path.name} has no row about {missing} of {len(events)} events: they are without signals")
    return np.array([list((row.values if row else nothing).values()) for row in matching_rows], dtype=np.float64)


#: Columns of fused events, behind which stand the probabilities of classes.
_COLUMNS = ("subject", "video", "onset", "apex", "offset", "kind", "score", "emotion", "fps", "spotter_score")


def write_fused(path: Path, table: FusionTable, chances: np.ndarray) -> None:
    """Write the fused events: the score of each detection, or its class and the probabilities of all classes.

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
    for judged, probabilities in zip(table.events, chances, strict=True):
        event = judged.event
        score = probabilities[1] if spot else event.score
        values = (
            event.subject, event.video, event.onset, event.apex, event.offset, event.kind,
            None if score is None else f"{score:.4f}", None if spot else names[int(probabilities.argmax())],
            f"{event.fps:g}", None if event.score is None else f"{event.score:.4f}",
        )  # fmt: skip
        cells = ["" if value is None else str(value) for value in values]
        rows.append([*cells, *(() if spot else (f"{chance:.4f}" for chance in probabilities))])
    write_whole(path, csv_text(rows))
