"""The events of a run's long videos as a table: what ``mevqa score`` and the report's timeline read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.errors import InputError, Problem
from mevqa.runs import write_whole

if TYPE_CHECKING:
    from mevqa.vqa.long_video import Watched
    from mevqa.vqa.recognition import Recognised

#: Its name in a run folder.
EVENTS = "events.csv"

#: Columns; a video in which nothing was found has one row without onset and offset.
COLUMNS = (
    "video",
    "onset",
    "apex",
    "offset",
    "kind",
    "score",
    "action_units",
    "fine",
    "coarse",
    "fps",
    "frames",
    "spotter_score",
)


class EventLog:
    """Rows by video; the table is written whole after each video.

    Args:
        folder: The run.

    Raises:
        InputError: The folder holds a table of other columns.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._rows: dict[str, list[list[str]]] = {}
        if not self._path.exists():
            return
        header, *rows = list(csv.reader(io.StringIO(self._path.read_text(encoding="utf-8")))) or [[]]
        if tuple(header) != COLUMNS:
            message = "is not the table of events of a run; move it away, it would be overwritten"
            raise InputError([Problem(self._path, message, 1)])
        for row in rows:
            self._rows.setdefault(row[0], []).append(row)

    def put(self, video: str, watched: Watched) -> None:
        """Write the events of a video that count, in the place of those that it had."""
        length = [f"{watched.found.fps:g}", str(watched.found.frames)]
        rows = [_cells(video, one, length) for one in watched.kept]
        self._rows[video] = rows or [[video, *[""] * 8, *length, ""]]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row for own in self._rows.values() for row in own)
        write_whole(self._path, text.getvalue())


def _cells(video: str, one: Recognised, length: list[str]) -> list[str]:
    event = one.event
    times = [str(event.onset), str(event.apex), str(event.offset)]
    said = [", ".join(one.units), one.fine or "", one.coarse or ""]
    return [video, *times, event.kind, f"{one.shown:.4f}", *said, *length, f"{event.score:.4f}"]
