"""Read score curves of other people's spotters: a table with one row a frame (video, frame, score)."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mevqa.data.numbers import LARGEST_FRAME, read_number
from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.tables.headers import LabelRow, describe_columns, find_header
from mevqa.files.tables.sheets import read_sheets
from mevqa.spotting.decoding.types import ScoreCurve

_COLUMNS = Path(__file__).with_name("curve_columns.yaml")

#: Gaps of so many samples are filled by a straight line; in longer ones nothing was looked for.
_SHORT_GAP = 3

#: A video may lack this many times as many samples as it has; more is a mistake in the numbers.
_MOST_MISSING = 20


class _CurveColumns(StrictModel):
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]


@functools.cache
def _table() -> _CurveColumns:
    return read_yaml(_COLUMNS, _CurveColumns)


def read_curves(path: Path | str) -> list[ScoreCurve]:
    """Read the curves of all videos, in the order of the file.

    A column ``subject`` is read where there is one. Rows may stand in any order. Frames that are left out are filled:
    gaps of up to 3 samples by a straight line, longer ones with the video's lowest score.

    Args:
        path: csv, tsv, txt or xlsx with the columns video, frame and score.

    Raises:
        InputError: The file cannot be read, lacks a column, or holds rows that are no scores, all of them together.
    """
    path = Path(path)
    columns = _table()
    sheets = read_sheets(path)
    header = next(
        (candidate for sheet in sheets if (candidate := find_header(sheet, columns.columns, columns.required))), None
    )
    if header is None:
        layouts = {"score curves": {name: columns.columns[name] for name in columns.required}}
        raise InputError([Problem(path, describe_columns(sheets, layouts))])
    if not header.rows:
        raise InputError([Problem(path, "has columns and no rows", header.line)])
    problems: list[Problem] = []
    videos: dict[str, list[tuple[int, float, int]]] = defaultdict(list)
    subjects: dict[str, str] = {}
    for row in header.rows:
        try:
            video, frame, score = _read(row)
        except ValueError as error:
            problems.append(Problem(path, str(error), row.line))
            continue
        videos[video].append((frame, score, row.line))
        if subject := row.cells.get("subject"):
            other = subjects.setdefault(video, subject)
            if other != subject:
                message = f"the video {video!r} is of subject {subject} here and of {other} before"
                problems.append(Problem(path, message, row.line))
    curves = []
    for video, rows in videos.items():
        try:
            curves.append(_curve(video, subjects.get(video), rows))
        except _BadCurve as error:
            problems.append(Problem(path, str(error), error.line))
    if problems:
        raise InputError(problems)
    return curves


class _BadCurve(ValueError):
    """A video whose rows make no curve.

    Attributes:
        line: 1-based line of the first row at fault.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _read(row: LabelRow) -> tuple[str, int, float]:
    """Return video, frame and score of a row.

    Raises:
        ValueError: What is wrong with it.
    """
    if row.width_problem:
        raise ValueError(row.width_problem)
    video, frame, score = (row.cells.get(name, "") for name in ("video", "frame", "score"))
    if not video:
        raise ValueError("names no video")
    at, value = read_number(frame), read_number(score)
    if not (math.isfinite(at) and at >= 0 and at == int(at)):
        raise ValueError(f"the frame must be a whole number from 0, not {frame!r}")
    if at > LARGEST_FRAME:
        raise ValueError(f"the frame {frame!r} is too large for a frame number")
    if not math.isfinite(value):
        raise ValueError(f"the score must be a number, not {score!r}")
    return video, int(at), value


def _curve(video: str, subject: str | None, rows: Sequence[tuple[int, float, int]]) -> ScoreCurve:
    """Return the curve of a video, evenly spaced.

    Args:
        video: Its name.
        subject: Who is seen.
        rows: Frame, score and line of each.

    Raises:
        _BadCurve: Frames stand twice, are unevenly spaced, or are no frame numbers.
    """
    ordered = sorted(rows)
    frames = np.array([frame for frame, _, _ in ordered], dtype=np.int64)
    scores = np.array([score for _, score, _ in ordered])
    steps = np.diff(frames)
    for at in np.flatnonzero(steps == 0)[:1]:
        (_, _, first), (_, _, second) = sorted(ordered[at : at + 2], key=itemgetter(2))
        raise _BadCurve(second, f"frame {frames[at]} of the video {video!r} stands in line {first} too")
    step = int(np.median(steps)) if len(steps) else 1
    for at in np.flatnonzero(steps % step)[:1]:
        reason = f"follows frame {frames[at]}, others follow by {step}: scores must be evenly spaced"
        raise _BadCurve(ordered[at + 1][2], f"frame {frames[at + 1]} of the video {video!r} {reason}")
    length = int((frames[-1] - frames[0]) // step) + 1
    if length > (1 + _MOST_MISSING) * len(frames):
        reason = f"has {len(frames)} rows for the frames {frames[0]} to {frames[-1]}"
        raise _BadCurve(ordered[-1][2], f"the video {video!r} {reason}: are these frame numbers?")
    return ScoreCurve(video, subject, *_filled(frames, scores, step, length), length - len(frames), rows[0][2])


def _filled(
    frames: NDArray[np.int64], scores: NDArray[np.float64], step: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return frames and scores with the missing samples in their places."""
    grid = frames[0] + step * np.arange(length, dtype=np.int64)
    filled = np.interp(grid, frames, scores)
    for at in np.flatnonzero(np.diff(frames) > step * (_SHORT_GAP + 1)):
        first, last = (int((frames[index] - frames[0]) // step) for index in (at, at + 1))
        filled[first + 1 : last] = scores.min()
    return grid, filled
