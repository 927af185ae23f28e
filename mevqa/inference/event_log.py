"""The events of a run's long videos as a table, and how much the face moves: what the scorer and the report read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mevqa.errors import InputError, Problem
from mevqa.files.csv_cells import csv_text, unmarked
from mevqa.files.inputs import read_file
from mevqa.files.whole import append_whole, bounded_name, make_folder, write_whole

if TYPE_CHECKING:
    from mevqa.inference.long_video import LongVideoResult
    from mevqa.inference.recognition import Recognised

#: Its name in a run folder.
EVENTS = "events.csv"

#: Folder of the curves, one file a video.
_CURVES = "curves"

#: A curve has one point in so many ms, the largest of them: a micro-expression has two at least.
_POINT_MS = 200.0

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
    """Rows by video; the table is on the disk after each video.

    Args:
        folder: The run.

    Raises:
        InputError: The folder holds a table of other columns.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._rows: dict[str, list[list[str]]] = {}
        #: Whether rows can be added at the end of the file as it is.
        self._appendable = False
        if not self._path.exists():
            return
        text = read_file(self._path).decode("utf-8")
        header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
        if tuple(header) != COLUMNS:
            message = "is not the table of events of a run; move it away, it would be overwritten"
            raise InputError([Problem(self._path, message, 1)])
        self._appendable = text.endswith("\n")
        for row in rows if self._appendable else rows[:-1]:
            cells = [unmarked(cell) for cell in row]
            self._rows.setdefault(cells[0], []).append(cells)

    def put(self, video: str, long_video: LongVideoResult) -> None:
        """Write the events of a video that count, in the place of those that it had."""
        length = [f"{long_video.found.fps:g}", str(long_video.found.frames)]
        rows = [_cells(video, one, length) for one in long_video.kept]
        is_new = video not in self._rows
        self._rows[video] = rows or [[video, *[""] * 8, *length, ""]]
        if is_new and self._appendable:
            append_whole(self._path, csv_text(self._rows[video]))
        else:
            write_whole(self._path, csv_text([COLUMNS, *(row for own in self._rows.values() for row in own)]))
            self._appendable = True
        curve = _curve_file(self._path.parent, video)
        make_folder(curve.parent)
        unseen = [[round(start, 3), round(end, 3), why] for start, end, why in long_video.found.not_looked_at]
        content = {"points": _thinned(long_video.found.trace), "not_looked_at": unseen}
        write_whole(curve, json.dumps(content, ensure_ascii=False) + "\n")


def read_curve(folder: Path, video: str) -> list[tuple[float, float]] | None:
    """Return (time in s, motion in percent of the eye distance) of a video that a run has spotted in.

    The motion is the largest displacement of a facial region from where it usually is, without that of the head.

    Args:
        folder: The run.
        video: Id of the clip.

    Returns:
        The curve; None when the run has none, or it cannot be read.
    """
    try:
        content = json.loads(read_file(_curve_file(folder, video)))
        # Runs of earlier releases have the points alone.
        points = content["points"] if isinstance(content, dict) else content
        return [(float(seconds), float(percent)) for seconds, percent in points]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_not_looked_at(folder: Path, video: str) -> list[tuple[float, float, str]]:
    """Return begin and end in s, and the reason, of what a run could not look at in a video; a cut has no length.

    Args:
        folder: The run.
        video: Id of the clip.

    Returns:
        Nothing when the run has no such record, or it cannot be read.
    """
    try:
        content = json.loads(read_file(_curve_file(folder, video)))
        return [(float(start), float(end), str(why)) for start, end, why in content["not_looked_at"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _curve_file(folder: Path, video: str) -> Path:
    # A clip's id may hold a slash.
    name = bounded_name(quote(video, safe="", errors="surrogatepass"), len(".json"))
    return folder / _CURVES / f"{name}.json"


def _thinned(trace: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the largest point of every ``_POINT_MS``, in s and percent."""
    largest: dict[int, tuple[float, float]] = {}
    for ms, motion in trace:
        place = int(ms // _POINT_MS)
        if place not in largest or motion > largest[place][1]:
            largest[place] = (ms, motion)
    return [(round(ms / 1000, 3), round(100 * motion, 3)) for ms, motion in largest.values()]


def _cells(video: str, one: Recognised, length: list[str]) -> list[str]:
    event = one.event
    times = [str(event.onset), str(event.apex), str(event.offset)]
    said = [", ".join(one.units), one.fine or "", one.coarse or ""]
    return [video, *times, event.kind, f"{one.event_probability:.4f}", *said, *length, f"{event.score:.4f}"]
