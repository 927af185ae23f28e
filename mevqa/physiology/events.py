"""Events of any table, timed from the first frame of their video or by the camera's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.annotations import read_long_annotations
from mevqa.data.events.read import read_events
from mevqa.data.labels.read import label_layouts
from mevqa.data.layouts import without_suffix
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import find_header
from mevqa.files.tables.sheets import read_sheets
from mevqa.names import match_key

#: Frames that a label file names by their time are numbers of milliseconds since midnight, times this
#: (``mevqa.data.frame_numbers.time_number``).
_COUNTS = 1_000_000


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event, and when it begins.

    Attributes:
        video: Its video, as it is written.
        subject: Its subject; None where the table does not tell.
        onset: First frame.
        apex: Frame of the largest extent.
        offset: Last frame.
        kind: ``micro`` or ``macro``; None where the table does not tell.
        score: Of a detection.
        emotion: As it is written; None where there is none.
        fps: Frames per second.
        seconds: When it begins: from the first frame, or since midnight by the camera's clock.
        by_camera: Whether it is by the camera's clock.
        line: 1-based line in its file.
    """

    video: str
    subject: str | None
    onset: int
    apex: int | None
    offset: int
    kind: str | None
    score: float | None
    emotion: str | None
    fps: float
    seconds: float
    by_camera: bool
    line: int

    @property
    def key(self) -> tuple[str, int, int]:
        """Video, onset and offset, which identify the event in every table."""
        return video_key(self.video), self.onset, self.offset


def video_key(name: str) -> str:
    """Return a video's name without folders, ending, case and leading zeros: equal for all its spellings."""
    return match_key(without_suffix(re.split(r"[/\\]", name)[-1]))


def read_timed_events(path: Path, fps: float | None = None) -> tuple[list[TimedEvent], list[str]]:
    """Read events as ``mevqa spot`` writes them, as coders mark them, or MMME's coding file.

    Args:
        path: The table.
        fps: Frames per second where the table has none.

    Returns:
        The events in the order of the table, and notes for the reader.

    Raises:
        InputError: The table is wrong, or has no frame rate.
    """
    if _names_times(path):
        return _by_camera(path), []
    read = read_events(path, "predictions")
    rates = {(video.subject, video.video): video.fps for video in read.videos}
    without_rate = sorted({video for (_, video), rate in rates.items() if rate is None})
    if fps is None and without_rate and read.events:
        examples = ", ".join(map(repr, without_rate[:3])) + (", ..." if without_rate[3:] else "")
        raise InputError(
            [Problem(path, f"has no frame rate of {len(without_rate)} videos ({examples}): add a column fps, or --fps")]
        )
    events = []
    for row in read.events:
        rate = rates[row.subject, row.video] or fps or 1.0
        events.append(
            TimedEvent(
                row.video,
                row.subject,
                row.onset,
                row.apex,
                row.offset,
                row.kind,
                row.score,
                row.emotion,
                rate,
                row.onset / rate,
                False,
                row.line,
            )  # fmt: skip
        )
    return events, [note for note in read.notes if not note.startswith("columns that are not used")]


def _names_times(path: Path) -> bool:
    """Whether a table is a label file whose frames are named by their time, as MMME's is."""
    if path.suffix.lower() in (".json", ".jsonl"):
        return False
    timed = [layout for layout in label_layouts() if layout.timed]
    sheets = read_sheets(path)
    return any(find_header(sheet, layout.columns, layout.required) for layout in timed for sheet in sheets)


def _by_camera(path: Path) -> list[TimedEvent]:
    events = []
    for video, labels in read_long_annotations(path).items():
        for event, line in zip(labels.events, labels.lines, strict=True):
            if event.onset is None or event.offset is None:
                continue
            events.append(
                TimedEvent(
                    video,
                    labels.subject,
                    event.onset,
                    event.apex,
                    event.offset,
                    event.kind,
                    None,
                    event.fine,
                    labels.fps or 1.0,
                    event.onset // _COUNTS / 1000,
                    True,
                    line,
                )  # fmt: skip
            )
    return events
