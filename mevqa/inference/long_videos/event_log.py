"""The events of a run's long videos as a table, and how much the face moves: what the scorer and the report read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mevqa.data.events.write import RUN_COLUMNS, EventTable, event_rows
from mevqa.files.inputs import read_file
from mevqa.files.lock import hold_file
from mevqa.files.whole import bounded_name, make_folder, write_whole

if TYPE_CHECKING:
    from mevqa.inference.long_videos.analysis import LongVideoResult
    from mevqa.spotting.events import SpottedEvent

#: Its name in a run folder.
EVENTS = "events.csv"

#: Folder of the curves, one file a video.
_CURVES = "curves"

#: Seconds that a process waits at most for others that write the table.
_TURN = 60.0

#: A curve has one point in so many ms, the largest of them: a micro-expression has two at least.
_POINT_MS = 200.0


class EventLog:
    """Rows by video; the table is on the disk after each video.

    Args:
        folder: The run.
        shared: Whether other processes write the same table: it is read again before each video.

    Raises:
        InputError: The folder holds a table of other columns.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self._folder, self._shared = folder, shared
        self._table = EventTable(folder / EVENTS, RUN_COLUMNS)

    def put(self, video: str, long_video: LongVideoResult) -> None:
        """Write the events of a video that count, in the place of those that it had."""
        facts = {"video": video, "fps": long_video.spotting.fps, "frames": long_video.spotting.frames}
        rows = event_rows(RUN_COLUMNS, facts, map(_columns, long_video.kept))
        if self._shared:
            with hold_file(self._folder / EVENTS, wait=_TURN):
                EventTable(self._folder / EVENTS, RUN_COLUMNS).put(video, rows)
        else:
            self._table.put(video, rows)
        curve = _curve_file(self._folder, video)
        make_folder(curve.parent)
        unseen = [[round(start, 3), round(end, 3), why] for start, end, why in long_video.spotting.not_looked_at]
        content = {"points": _thinned(long_video.spotting.trace), "not_looked_at": unseen}
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
        interval = int(ms // _POINT_MS)
        if interval not in largest or motion > largest[interval][1]:
            largest[interval] = (ms, motion)
    return [(round(ms / 1000, 3), round(100 * motion, 3)) for ms, motion in largest.values()]


def _columns(event: SpottedEvent) -> dict[str, Any]:
    return {
        "onset": event.onset,
        "apex": event.apex,
        "offset": event.offset,
        "kind": event.kind,
        "score": event.probability,
        "action_units": ", ".join(event.unit_names),
        "fine": event.fine,
        "coarse": event.coarse,
        "spotter_score": event.score,
    }
