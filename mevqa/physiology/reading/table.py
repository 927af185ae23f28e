"""Read signals from a table: a column of times, one column a channel, and a column of markers where there are any.

The first line names the columns: ``time`` (in s; ``time (ms)`` in ms), evenly spaced; ``marker``, with the code of a
trigger in the row in which it was given, and nothing or 0 elsewhere; every other column is a channel that is named
after what it measures, with its unit in brackets: ``ecg (mV)``, ``eda (uS)``, ``skt (degC)``, ``eeg_O1 (uV)``. An
empty cell is a sample that was not recorded.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mevqa.errors import InputError, Problem
from mevqa.files.tables.delimited import find_delimiter
from mevqa.files.tables.row_width import filled_width, width_problem
from mevqa.files.tables.sheets import read_text
from mevqa.physiology.channels import make_channel, modality_of, no_signals, split_unit
from mevqa.physiology.types import Array, Channel, Marker, Signals

if TYPE_CHECKING:
    import pandas

#: Neighbouring times may differ from their median distance by so much of it: clocks are rounded when they are written.
_UNEVEN = 0.5
_MARKERS = ("marker", "markers", "trigger", "event code")
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3}
#: Lines at fault that are named for one column.
_SHOWN = 5


def read_table(path: Path) -> Signals:
    """Read a table of signals.

    Args:
        path: csv, tsv or txt.

    Raises:
        InputError: It cannot be read, has no times or no channel, or holds cells that are no numbers; all together.
    """
    frame, line = _frame(path)
    problems: list[Problem] = []
    times: Array | None = None
    markers: tuple[Marker, ...] = ()
    marks: Array | None = None
    signal_columns: list[tuple[str, str, Array]] = []
    passed_over = []
    for heading in frame.columns:
        name, unit = split_unit(str(heading))
        is_time, is_marker = name.casefold() == "time", name.casefold() in _MARKERS
        if not (is_time or is_marker or modality_of(name)):
            if not frame[heading].isna().all():
                passed_over.append(str(heading))
            continue
        values = _numbers(path, frame[heading], line, problems)
        if is_time and unit.casefold() not in _SECONDS:
            problems.append(Problem(path, f"times are in s or in ms, not in {unit!r}", line))
        elif is_time:
            times = values * _SECONDS[unit.casefold()]
        elif is_marker:
            marks = values
        else:
            signal_columns.append((name, unit, values))
    if times is None:
        problems.append(Problem(path, f"has no column time (in s); it has {', '.join(map(str, frame.columns))}", line))
    if not signal_columns:
        message = "has no column that is named after a signal: eeg, ppg, ecg, rsp, eda or skt"
        problems.append(Problem(path, f"{message}; it has {', '.join(map(str, frame.columns))}", line))
    if problems or times is None:
        raise InputError(problems)
    rate = _rate(path, times, line)
    channels: list[Channel] = []
    notes = no_signals(passed_over)
    for name, unit, values in signal_columns:
        try:
            channel, note = make_channel(name, modality_of(name) or "eeg", rate, unit, values, float(times[0]))
        except ValueError as error:
            problems.append(Problem(path, str(error), line))
            continue
        channels.append(channel)
        notes += [note] if note else []
    if marks is not None:
        problems += _not_whole(path, marks, line)
        at = np.flatnonzero(np.nan_to_num(marks))
        markers = tuple(Marker(float(times[place]), int(marks[place])) for place in at)
    if problems:
        raise InputError(problems)
    return Signals(path.stem, tuple(channels), markers, tuple(notes))


def _frame(path: Path) -> tuple[pandas.DataFrame, int]:
    """Return the table and the line of its header.

    Raises:
        InputError: It cannot be read as a table.
    """
    import pandas

    text = read_text(path)
    if not text.strip():
        raise InputError([Problem(path, "is empty; the first line names the columns: time, marker, ecg (mV), ...")])
    try:
        delimiter = find_delimiter(text[:20_000])
        records = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
        header, first_row = next(records), next(records, [])
        columns = filled_width(header)
        # Of a first row with more cells than the header pandas takes the first ones for an index.
        frame = _fitting_frame(text, delimiter, columns) if len(first_row) <= len(header) else None
        if frame is None:
            if problems := _wide_rows(path, text, delimiter, columns):
                raise InputError(problems)
            # What is beyond the headings is empty.
            frame = _parse(text, delimiter, usecols=range(columns), index_col=False)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, csv.Error, ValueError) as error:
        raise InputError([Problem(path, f"is no table of signals: {' '.join(str(error).split())}")]) from error
    if not len(frame):
        raise InputError([Problem(path, "has columns and no rows", 1)])
    return frame, 1


def _parse(text: str, delimiter: str, **options: Any) -> pandas.DataFrame:
    import pandas

    return pandas.read_csv(
        io.StringIO(text), sep=delimiter, skip_blank_lines=False, skipinitialspace=True, low_memory=False, **options
    )


def _fitting_frame(text: str, delimiter: str, columns: int) -> pandas.DataFrame | None:
    """Return a table, None where a row has more cells than the header, or cells in columns without a heading."""
    import pandas

    try:
        frame = _parse(text, delimiter)
    except pandas.errors.ParserError:
        return None
    return None if frame.iloc[:, columns:].notna().any(axis=None) else frame


def _wide_rows(path: Path, text: str, delimiter: str, columns: int) -> list[Problem]:
    """Return the first rows with cells beyond the last heading, as a decimal comma without quotes makes them."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    problems: list[Problem] = []
    for cells in reader:
        if message := width_problem(cells, columns, delimiter):
            problems.append(Problem(path, message, reader.line_num))
            if len(problems) == _SHOWN:
                break
    return problems


def _numbers(path: Path, column: pandas.Series, line: int, problems: list[Problem]) -> Array:
    """Return a column as numbers, NaN for empty cells; cells that are none are problems."""
    import pandas

    values = pandas.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero((np.isnan(values) & column.notna().to_numpy()) | np.isinf(values))
    for place in bad[:_SHOWN]:
        cell = str(column.iloc[place])
        problems.append(Problem(path, f"{column.name} must be a number, not {cell!r}", line + 1 + int(place)))
    if len(bad) > _SHOWN:
        problems.append(Problem(path, f"{len(bad)} cells of the column {column.name} are no numbers"))
    return np.asarray(values, dtype=np.float64)


def _rate(path: Path, times: Array, line: int) -> float:
    """Return samples per second of evenly spaced times.

    Raises:
        InputError: There are fewer than two, one is missing, or they are not evenly spaced.
    """
    if len(times) < 2:
        raise InputError([Problem(path, "has one row; signals have many", line)])
    if (missing := np.flatnonzero(np.isnan(times))).size:
        raise InputError([Problem(path, "has no time", line + 1 + int(missing[0]))])
    steps = np.diff(times)
    step = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - step) > _UNEVEN * abs(step))
    if step <= 0 or uneven.size:
        place = int(uneven[0]) + 1 if uneven.size else 1
        message = f"the time {times[place]:g} s follows {times[place - 1]:g} s, others follow by {step:g} s"
        mend = "rows must be evenly spaced, with empty cells where nothing was recorded"
        raise InputError([Problem(path, f"{message}: {mend}", line + 1 + place)])
    return float((len(times) - 1) / (times[-1] - times[0]))


def _not_whole(path: Path, marks: Array, line: int) -> list[Problem]:
    bad = np.flatnonzero(np.nan_to_num(marks) % 1)
    return [
        Problem(path, f"the marker must be a whole number, not {marks[place]:g}", line + 1 + int(place))
        for place in bad[:_SHOWN]
    ]
