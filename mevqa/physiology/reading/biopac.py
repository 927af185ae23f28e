"""Read signals of a BIOPAC recorder as AcqKnowledge exports them to MATLAB.

AcqKnowledge writes ``data`` [samples, channels], ``units`` and ``labels`` (a text a channel), ``isi`` and
``isi_units`` (the distance of the samples) and ``start_sample``. MMME's recordings (MP160, 1000 Hz) have 17 columns,
eight of which are digital triggers (arXiv 2506.09834). Where a file has no labels, the user names the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import check_file
from mevqa.physiology.channels import (
    is_digital,
    is_unused,
    known_modality,
    make_channel,
    modality_of,
    no_signals,
)
from mevqa.physiology.reading.triggers import trigger_markers
from mevqa.physiology.types import Channel, Modality, Signals

#: How a user names a column of triggers, and one to pass over.
DIGITAL: Literal["digital"] = "digital"
NOTHING = "-"
#: Kind of a column; None: passed over.
Kind: TypeAlias = Modality | Literal["digital"] | None
_SECONDS = {"ms": 1e-3, "milliseconds": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}


def read_biopac(path: Path, columns: Sequence[str] = (), rate: float | None = None) -> Signals:
    """Read a MATLAB file of AcqKnowledge.

    Args:
        path: The file, of MATLAB's version 7 or older.
        columns: Kind of each column: a modality, ``digital`` or ``-``; empty: by the file's labels.
        rate: Samples per second; None: as the file has it.

    Raises:
        InputError: It cannot be read, or does not tell what its columns are, or how fast they were sampled.
    """
    content = _content(path)
    data = _data(path, content)
    problems: list[Problem] = []
    if rate is None:
        rate = _rate(content)
        if rate is None:
            problems.append(Problem(path, "does not say how fast it was sampled (isi): give --rate"))
    names = _texts(content.get("labels"))
    kinds = _kinds(path, data.shape[1], names, columns, problems)
    if problems or rate is None:
        raise InputError(problems)
    units = _texts(content.get("units"))
    if len(units) != len(kinds):
        units = [""] * len(kinds)
    names = names if len(names) == len(kinds) else [f"column {place}" for place in range(1, len(kinds) + 1)]
    channels: list[Channel] = []
    notes: list[str] = []
    for place, kind in enumerate(kinds):
        if kind is None or kind == "digital":
            continue
        values = np.asarray(data[:, place], dtype=np.float64)
        try:
            channel, note = make_channel(names[place], kind, rate, units[place], values)
        except ValueError as error:
            problems.append(Problem(path, str(error)))
            continue
        channels.append(channel)
        notes += [note] if note else []
    if not channels and not problems:
        problems.append(Problem(path, "has no column of a signal: eeg, ppg, ecg, rsp, eda or skt"))
    if problems:
        raise InputError(problems)
    lines = [place for place, kind in enumerate(kinds) if kind == DIGITAL]
    if not columns:  # Else the user named them.
        unknown = [place for place, kind in enumerate(kinds) if kind is None and not is_unused(data[:, place])]
        notes += no_signals([names[place] for place in unknown])
    return Signals(path.stem, tuple(channels), trigger_markers(data[:, lines], rate), tuple(notes))


def _content(path: Path) -> Mapping[str, Any]:
    from scipy.io import loadmat

    try:
        check_file(path)
        content: Mapping[str, Any] = loadmat(str(path), appendmat=False)
    except OSError as error:
        raise InputError([Problem(path, f"cannot be read: {error.strerror or error}")]) from error
    except NotImplementedError as error:
        message = "is of MATLAB's version 7.3, which is another format; save it in MATLAB with save(..., '-v7')"
        raise InputError([Problem(path, message)]) from error
    except Exception as error:
        # scipy raises whatever its parser meets in a damaged file.
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError([Problem(path, f"is no MATLAB file that can be read ({reason})")]) from error
    return content


def _data(path: Path, content: Mapping[str, Any]) -> NDArray[Any]:
    """Return the samples, [samples, channels].

    Raises:
        InputError: There are none.
    """
    tables = {
        name: value
        for name, value in content.items()
        if not name.startswith("__") and isinstance(value, np.ndarray) and value.ndim == 2
        and value.dtype.kind in "fiu" and min(value.shape) >= 1 and max(value.shape) > 1
    }  # fmt: skip
    if "data" in tables:
        return tables["data"]
    if len(tables) != 1:
        variables = ", ".join(name for name in content if not name.startswith("__")) or "nothing"
        raise InputError(
            [Problem(path, f"has no variable data with a row a sample and a column a channel: it has {variables}")]
        )
    (only,) = tables.values()
    return only


def _texts(value: Any) -> list[str]:
    """Return the texts of a variable: an array of rows of letters, or a cell of texts."""
    if not isinstance(value, np.ndarray):
        return []
    flat = [cell.item() if isinstance(cell, np.ndarray) and cell.size == 1 else cell for cell in value.ravel()]
    return [str(text).strip().strip("\0").strip() for text in flat]


def _rate(content: Mapping[str, Any]) -> float | None:
    interval = content.get("isi")
    unit = (_texts(content.get("isi_units")) or ["ms"])[0].casefold()
    if not isinstance(interval, np.ndarray) or interval.size != 1 or unit not in _SECONDS:
        return None
    seconds = float(interval.ravel()[0]) * _SECONDS[unit]
    return 1 / seconds if np.isfinite(seconds) and seconds > 0 else None


def column_kinds(columns: Sequence[str]) -> list[Kind]:
    """Return the kinds of columns that a user named.

    Args:
        columns: A modality, ``digital``, or ``-`` for what is passed over.

    Raises:
        InputError: Every word that is none of these.
    """
    special: dict[str, Kind] = {DIGITAL: DIGITAL, NOTHING: None}
    kinds: list[Kind] = []
    problems = []
    for word in columns:
        plain = word.strip().casefold()
        try:
            kinds.append(special[plain] if plain in special else known_modality(word))
        except ValueError as error:
            problems.append(Problem("--columns", f"{error} (or {DIGITAL}, or {NOTHING} for what is passed over)"))
    if problems:
        raise InputError(problems)
    return kinds


def _kinds(path: Path, count: int, names: Sequence[str], columns: Sequence[str], problems: list[Problem]) -> list[Kind]:
    """Return the kind of each column: a modality, ``digital``, or None for what is passed over."""
    if columns:
        kinds = column_kinds(columns)
        if len(columns) != count:
            problems.append(Problem("--columns", f"names {len(columns)} columns, but {path} has {count}"))
            return []
        return kinds
    if len(names) != count:
        message = f"does not name its {count} columns (labels): name them in order with --columns ecg,eda,-,digital,..."
        problems.append(Problem(path, message))
        return []
    return [DIGITAL if is_digital(name) else modality_of(name) for name in names]
