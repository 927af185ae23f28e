"""Events in the JSON of ``mevqa spot --json``, with their scores and the probabilities of their classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mevqa.data.events.json_objects import read_objects
from mevqa.data.numbers import LARGEST_FRAME
from mevqa.errors import Problem
from mevqa.events import Kind
from mevqa.files.tables.sheets import read_text
from mevqa.physiology.events import TimedEvent

_Frame = Annotated[int, Field(ge=0, le=LARGEST_FRAME)]
#: Faults whose message by pydantic speaks of Python.
_FAULTS = {
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "missing": "is missing",
}


class _Schema(BaseModel):
    # Keys that fusion does not need are not looked at: regions, curves, warnings.
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class _Event(_Schema):
    onset: _Frame
    apex: _Frame | None = None
    offset: _Frame
    kind: Kind | None = None
    score: float
    classes: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None


class _Video(_Schema):
    video: str
    subject: str | None = None
    fps: Annotated[float, Field(gt=0)]
    events: list[_Event]


def spotted_videos(path: Path) -> list[tuple[int, Any]] | None:
    """Return the videos of a file of ``mevqa spot --json``, each with its line; None for other JSON.

    Raises:
        InputError: It is not JSON, or holds no list.
    """
    objects = read_objects(path, read_text(path))
    return objects if any(isinstance(video, dict) and "events" in video for _, video in objects) else None


def events_of_video(
    path: Path, line: int, content: object, problems: list[Problem]
) -> Iterator[tuple[TimedEvent, Mapping[str, float]]]:
    """Yield the events of one video with the probabilities of their classes, none where it tells none.

    Args:
        path: The file, for messages.
        line: Where the video begins in it.
        content: The video as it was parsed.
        problems: What is wrong with it is added to these.
    """
    try:
        video = _Video.model_validate(content)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            what = _FAULTS.get(fault["type"]) or fault["msg"].replace("Input should be", "must be")
            message = f"is not what mevqa spot --json writes: {_place(fault['loc'])} {what}"
            problems.append(Problem(path, message, line))
        return
    for number, event in enumerate(video.events, 1):
        classes = {name.lower(): share for name, share in (event.classes or {}).items()}
        if event.offset < event.onset:
            message = f"event {number}: its offset {event.offset} lies before its onset {event.onset}"
            problems.append(Problem(path, message, line))
        elif classes and sum(classes.values()) <= 0:
            problems.append(Problem(path, f"event {number}: the probabilities of its classes are all 0", line))
        else:
            total = sum(classes.values())
            timed_event = TimedEvent(
                video.video, video.subject, event.onset, event.apex, event.offset, event.kind, event.score, None,
                video.fps, event.onset / video.fps, False, line,
            )  # fmt: skip
            yield timed_event, {name: share / total for name, share in classes.items()}


def _place(location: tuple[str | int, ...]) -> str:
    """Return where in a video a value stands: "event 2, classes.fear"."""
    if location[:1] == ("events",) and len(location) > 1:
        return ", ".join(filter(None, (f"event {int(location[1]) + 1}", ".".join(map(str, location[2:])))))
    return ".".join(map(str, location)) or "the video"
