"""Spotted events as files: CSV that ``mevqa score`` and the report read, JSON with everything, and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mevqa.data.events.write import CLASS_COLUMNS, SPOTTED_COLUMNS, event_rows
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent


def write_csv(path: Path, videos: Sequence[Spotting]) -> None:
    """Write one row an event, with its class where the spotter recognises classes.

    Raises:
        InputError: The file cannot be written.
    """
    has_classes = any(event.class_probabilities for video in videos for event in video.events)
    columns = (*SPOTTED_COLUMNS, *CLASS_COLUMNS) if has_classes else SPOTTED_COLUMNS
    rows: list[Sequence[str]] = [columns]
    for video in videos:
        facts = {"video": video.video, "fps": video.fps, "frames": video.frames}
        rows += event_rows(columns, facts, map(_columns, video.events))
    write_whole(path, csv_text(rows))


def _columns(event: SpottedEvent) -> dict[str, Any]:
    names = ("onset", "apex", "offset", "kind", "score", "side", "onset_ms", "apex_ms", "offset_ms", *CLASS_COLUMNS)
    units = "+".join(str(candidate.unit) for candidate in event.units)
    return {"action_units": units, **{name: getattr(event, name) for name in names}}


def write_json(path: Path, videos: Sequence[Spotting], *, curves: bool = True) -> None:
    """Write a list of videos with events, evidence by region, curves and warnings.

    Args:
        path: The file.
        videos: The videos.
        curves: Whether to write the curve of the motion too.

    Raises:
        InputError: The file cannot be written.
    """
    write_whole(path, json_of(videos, curves=curves))


def json_of(videos: Sequence[Spotting], *, curves: bool = True) -> str:
    """Return the content of ``write_json`` as text."""
    return json.dumps([as_json(video, curves=curves) for video in videos], indent=1, ensure_ascii=False) + "\n"


def as_json(video: Spotting, *, curves: bool = True) -> dict[str, Any]:
    """Return one video for JSON; displacements are percents of the eye distance."""
    content: dict[str, Any] = {
        "video": video.video,
        "fps": video.fps,
        "frames": video.frames,
        "face": video.face,
        "events": [_event(event) for event in video.events],
        "warnings": list(video.warnings),
        "not_looked_at": [
            {"from_ms": round(gap.begin_ms, 1), "to_ms": round(gap.end_ms, 1), "why": gap.why} for gap in video.gaps
        ],
        "cuts_ms": [round(ms, 1) for ms in video.cuts_ms],
    }
    if curves:
        content["curve"] = {
            "ms": [round(ms, 1) for ms, _ in video.trace],
            "percent": [round(100 * value, 3) for _, value in video.trace],
        }
    return content


def _event(event: SpottedEvent) -> dict[str, Any]:
    classes = {name: round(share, 4) for name, share in event.class_probabilities.items()}
    return {
        "onset": event.onset,
        "apex": event.apex,
        "offset": event.offset,
        "onset_ms": round(event.onset_ms, 1),
        "apex_ms": round(event.apex_ms, 1),
        "offset_ms": round(event.offset_ms, 1),
        "kind": event.kind,
        "score": round(event.score, 4),
        **({"classes": classes} if classes else {}),
        "side": event.side,
        "action_units": [
            {"unit": str(candidate.unit), "name": candidate.unit.name, "share": round(candidate.share, 3)}
            for candidate in event.units
        ],
        "regions": {name: [round(100 * value, 3) for value in moved] for name, moved in event.regions.items()},
    }
