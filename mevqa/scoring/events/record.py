"""Notes and details of a score of events: warnings about the protocol, confusion matrix, the match of every event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mevqa.data.events.rows import EventRow
from mevqa.scoring.events.presets import EventSwitches
from mevqa.scoring.events.recognition import RecognitionScore
from mevqa.scoring.events.spotting import SpottingScore
from mevqa.scoring.events.videos import Video


def traps(switches: EventSwitches) -> Iterable[str]:
    """Yield notes on switches whose scores cannot be compared with others."""
    if switches.selection == "test":
        yield "selection=test: epoch or threshold was chosen on the test subjects; the scores are optimistic"
    if switches.matching == "many":
        yield "matching=many: one detection may count for several references; not comparable with one-to-one matching"
    if switches.filter != "none":
        yield f"filter={switches.filter}: scored on a part of the reference; not comparable with the whole"
    if switches.dummy:
        yield "dummy=true: a video without detections counts one false positive"
    if switches.classes in ("3", "labels-no-others", "7-no-others"):
        yield f"classes={switches.classes}: references labelled others are left out; not comparable with 4 classes"
    if switches.score_above is not None and switches.selection == "fixed":
        yield "score_above: say how the threshold was chosen (selection=fixed, nested or test)"


def describe_events(
    videos: Sequence[Video], spotted: SpottingScore, recognised: RecognitionScore | None
) -> dict[str, Any]:
    """Return the confusion matrix, and every event with the line of the event that it matches."""
    # A row of a label file may hold several events, so that its line alone does not identify an event.
    reference_lines: dict[EventRow, list[int]] = {}
    detection_lines: dict[EventRow, int] = {}
    for pair in spotted.matched:
        reference_lines.setdefault(pair.detection, []).append(pair.reference.line)
        detection_lines[pair.reference] = pair.detection.line
    details: dict[str, Any] = {"videos": [_timeline(video, reference_lines, detection_lines) for video in videos]}
    if recognised is not None and recognised.tally is not None:
        columns = [*recognised.classes, "other"]
        details["confusion"] = {
            "recognition": {
                "references": list(recognised.classes),
                "answers": columns,
                "counts": [list(row) for row in recognised.confusion],
            }
        }
    return details


def _timeline(
    video: Video, reference_lines: Mapping[EventRow, list[int]], detection_lines: Mapping[EventRow, int]
) -> dict[str, Any]:
    """Return the events of a video as plain values; lines name them."""
    return {
        "video": video.name,
        "clip": video.clip,
        "subject": video.subject,
        "dataset": video.dataset,
        "fps": video.fps,
        "references": [
            {**_plain(event), "kind": kind, "detection": detection_lines.get(event)}
            for event, kind in zip(video.references, video.reference_kinds, strict=True)
        ],
        "detections": [
            {**_plain(event), "score": event.score, "references": reference_lines.get(event, [])}
            for event in video.detections
        ],
    }


def _plain(event: EventRow) -> dict[str, Any]:
    return {
        "line": event.line,
        "onset": float(event.onset),
        "apex": None if event.apex is None else float(event.apex),
        "offset": float(event.offset),
        "kind": event.kind,
        "emotion": event.emotion,
        "action_units": event.units,
    }
