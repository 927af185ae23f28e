"""The log of a training, a row a report, in ``log.jsonl`` of its folder; and its curve, beside it.

A row holds no times: an interrupted training that went on leaves the log of an uninterrupted one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mevqa.files.system_errors import writing
from mevqa.files.whole import write_whole

LOG = "log.jsonl"
CURVE = "loss.png"
#: Least seconds between two drawings of the curve.
_INTERVAL = 30.0

_draw: Callable[[Path], None] = lambda folder: None  # noqa: E731


@contextmanager
def curves_drawn_by(draw: Callable[[Path], None]) -> Iterator[None]:
    """Let a function draw the curve of every training inside the context, of the folder that holds its log.

    Args:
        draw: Draws ``CURVE``; charts stand above trainings.
    """
    global _draw
    before, _draw = _draw, draw
    try:
        yield
    finally:
        _draw = before


class TrainingLog:
    """Writes the log of a training.

    Args:
        folder: The training's folder; it is there.
        unit: What a place counts: ``step`` or ``epoch``.
    """

    def __init__(self, folder: Path, unit: str) -> None:
        self._folder, self._unit = folder, unit
        self._begun: set[str] = set()
        self._drawn = time.monotonic()

    def add(self, place: int, total: int, figures: Mapping[str, float], part: str = "") -> None:
        """Add a row, and draw the curve now and then.

        What an interrupted training wrote of this place and of later ones is dropped: it is trained again.

        Args:
            place: The step or epoch.
            total: How many there are.
            figures: ``loss``, ``validation``, ``gradient``, ``rate``, ``reward``: what is known.
            part: Which of several trainings of the folder it is.

        Raises:
            InputError: The log cannot be written.
        """
        if part not in self._begun:
            self._begun.add(part)
            self._keep(lambda row: row.get("part", "") != part or row.get(self._unit, 0) < place)
        row = {**({"part": part} if part else {}), self._unit: place, f"{self._unit}s": total}
        row |= {name: float(f"{value:.6g}") for name, value in figures.items()}
        path = self._folder / LOG
        with writing(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if place >= total or time.monotonic() - self._drawn >= _INTERVAL:
            self._drawn = time.monotonic()
            _draw(self._folder)

    def _keep(self, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
        rows = read_log(self._folder)
        kept_rows = [row for row in rows if wanted(row)]
        if rows != kept_rows or (self._folder / LOG).exists():
            _write(self._folder, kept_rows)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a log; none where there is no log. Unreadable rows, such as a torn last one, are left out."""
    try:
        lines = (folder / LOG).read_bytes().splitlines()
    except OSError:
        return []
    rows = []
    for line in lines:
        with suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                rows.append(row)
    return rows


def join_logs(parts: Mapping[str, Path], folder: Path) -> None:
    """Write the logs of the stages of a training as one, and draw its curve.

    Args:
        parts: Folders of the stages, by name.
        folder: Where the joined log goes.

    Raises:
        InputError: It cannot be written.
    """
    rows = [{"part": name} | row for name, stage_folder in parts.items() for row in read_log(stage_folder)]
    _write(folder, rows)
    _draw(folder)


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    write_whole(folder / LOG, "".join(json.dumps(row) + "\n" for row in rows))
