"""Write tables of events: one row an event, one without onset and offset for a video in which nothing was found."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.tables.csv_cells import csv_text, unmarked
from mevqa.files.whole import append_whole, write_whole

_FRAMES, _LENGTH, _TIMES = ("onset", "apex", "offset"), ("fps", "frames"), ("onset_ms", "apex_ms", "offset_ms")

#: Columns of what ``mevqa spot`` writes.
SPOTTED_COLUMNS = ("video", *_FRAMES, "kind", "score", "side", "action_units", *_LENGTH, *_TIMES)
#: Further columns of spotters that recognise emotion classes.
CLASS_COLUMNS = ("fine", "coarse")
#: Columns of the events of a run.
RUN_COLUMNS = ("video", *_FRAMES, "kind", "score", "action_units", "fine", "coarse", *_LENGTH, "spotter_score")
#: Columns of the official result file of MEGC 2025.
CHALLENGE_COLUMNS = ("subject", "video", "onset", "offset", "emotion")

_FORMATS = {**dict.fromkeys(_TIMES, ".1f"), "score": ".4f", "spotter_score": ".4f", "fps": "g"}


def event_rows(
    columns: Sequence[str], video: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> list[list[str]]:
    """Return the rows of one video: one an event, or one that names the video where there is none.

    Args:
        columns: The columns of the table.
        video: The cells that all rows share, by column.
        events: The cells of each event, by column; None is an empty cell.
    """
    return [[_cell(name, {**video, **event}.get(name)) for name in columns] for event in [*events] or [{}]]


def _cell(column: str, value: Any) -> str:
    return "" if value is None else format(value, _FORMATS.get(column, ""))


class EventTable:
    """A table by video that is whole on the disk after each of them.

    Args:
        path: The CSV file.
        columns: Its columns.
        rows: Rows of the videos that are known; None: those of the file, where there is one.

    Raises:
        InputError: The file has other columns.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], rows: Mapping[str, Sequence[Sequence[str]]] | None = None
    ) -> None:
        self._path, self._columns = path, tuple(columns)
        self._rows: dict[str, list[list[str]]] = {}
        #: Whether rows can be added at the end of the file as it is.
        self._appendable = False
        if rows is not None:
            self._rows = {video: [list(row) for row in video_rows] for video, video_rows in rows.items()}
            if rows:
                self._write()
        elif path.exists():
            self._read()

    def _read(self) -> None:
        message = "is not the table of events of a run; move it away, it would be overwritten"
        problem = Problem(self._path, message, 1)
        content = read_file(self._path)
        try:
            # Not final: a torn last row may end within a character.
            text = codecs.getincrementaldecoder("utf-8")().decode(content)
        except UnicodeDecodeError as error:
            raise InputError([problem]) from error
        reader = csv.reader(io.StringIO(text))
        header = next(reader, [])
        if tuple(header) != self._columns:
            raise InputError([problem])
        self._appendable = content.endswith(b"\n")
        at = self._columns.index("video")
        rows = [(reader.line_num, row) for row in reader if row]
        # A last row without its end was torn.
        for line, row in rows if text.endswith("\n") else rows[:-1]:
            if len(row) != len(header):
                message = f"has {len(row)} cells, the header {len(header)}: correct the row, or move the table away"
                raise InputError([Problem(self._path, message, line)])
            cells = [unmarked(cell) for cell in row]
            self._rows.setdefault(cells[at], []).append(cells)

    def put(self, video: str, rows: Sequence[Sequence[str]]) -> None:
        """Write the rows of a video in the place of those that it had."""
        is_new = video not in self._rows
        self._rows[video] = [list(row) for row in rows]
        if is_new and self._appendable:
            append_whole(self._path, csv_text(rows))
        else:
            self._write()

    def _write(self) -> None:
        write_whole(
            self._path, csv_text([self._columns, *(row for video_rows in self._rows.values() for row in video_rows)])
        )
        self._appendable = True
