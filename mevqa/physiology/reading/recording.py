"""Recordings of a folder: one file each, or the files of several recorders on one clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.names import match_key
from mevqa.physiology.clock import ClocksDisagree, align_clocks
from mevqa.physiology.reading.biopac import read_biopac
from mevqa.physiology.reading.mne_files import ENDINGS, read_mne
from mevqa.physiology.reading.table import read_table
from mevqa.physiology.types import Signals

_TABLES = (".csv", ".tsv", ".txt")
_MATLAB = (".mat",)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading signals: columns and rate, where files do not hold them.

    Attributes:
        columns: Kind of each column of a MATLAB file without labels: a modality, ``digital`` or ``-``.
        rate: Samples per second of MATLAB files without a rate.
    """

    columns: tuple[str, ...] = ()
    rate: float | None = None


def is_signals_file(path: Path) -> bool:
    """Whether a file is one that is read as signals, by its ending."""
    return path.name.lower().endswith((*_TABLES, *_MATLAB, *ENDINGS)) and not path.name.startswith(".")


def read_signals(path: Path | str, options: ReadOptions | None = None) -> Signals:
    """Read a recording.

    Args:
        path: One file, or a folder of the files of several recorders. Markers that they share bring the clocks of a
            folder's files to that of the first by name; files without are taken to begin together, which is noted.
        options: Columns and rate of files that do not hold them.

    Raises:
        InputError: Nothing can be read, or files are wrong; all problems together.
    """
    path, options = Path(path), options or ReadOptions()
    if not path.is_dir():
        return _read_file(path, options)
    files = sorted(file for file in path.iterdir() if file.is_file() and is_signals_file(file))
    if not files:
        raise InputError([Problem(path, f"holds no file of signals ({', '.join((*_TABLES, *_MATLAB, *ENDINGS))})")])
    problems: list[Problem] = []
    parts: list[Signals] = []
    for file in files:
        try:
            parts.append(_read_file(file, options))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return _together(path, files, parts)


def _read_file(path: Path, options: ReadOptions) -> Signals:
    name = path.name.lower()
    if not path.exists():
        raise InputError([Problem(path, "there is no such file or folder")])
    if name.endswith(_TABLES):
        return read_table(path)
    if name.endswith(_MATLAB):
        return read_biopac(path, options.columns, options.rate)
    if name.endswith(ENDINGS):
        return read_mne(path)
    raise InputError([Problem(path, f"is no file of signals ({', '.join((*_TABLES, *_MATLAB, *ENDINGS))})")])


def _together(path: Path, files: Sequence[Path], parts: Sequence[Signals]) -> Signals:
    """Return the files of one recording on the clock of the first.

    Raises:
        InputError: Their markers do not agree.
    """
    first, *others = parts
    channels, notes = list(first.channels), list(first.notes)
    for file, part in zip(files[1:], others, strict=True):
        moved = part
        if first.markers and part.markers:
            try:
                moved = part.shifted(align_clocks(part.markers, first.markers).offset)
            except ClocksDisagree as error:
                raise InputError([Problem(file, f"{error}; the other clock is that of {files[0].name}")]) from error
        else:
            notes.append(f"{file.name} and {files[0].name} share no markers: they are taken to begin together")
        channels += moved.channels
        notes += part.notes
    markers = next((part.markers for part in (first, *others) if part.markers), ())
    return Signals(path.name, tuple(channels), markers, tuple(notes))


def find_recordings(folder: Path) -> Mapping[str, Path]:
    """Return the recordings of a folder by name: files without their ending, and folders that hold files of signals.

    Raises:
        InputError: It is no folder, holds none, or two of one name.
    """
    if not folder.is_dir():
        raise InputError([Problem(folder, "is not a folder of signals")])
    recordings: dict[str, Path] = {}
    problems = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if not any(is_signals_file(file) for file in path.iterdir()):
                continue
            name = path.name
        elif is_signals_file(path):
            name = path.name.split(".")[0] if path.name.lower().endswith(ENDINGS) else path.stem
        else:
            continue
        other = next(
            (known_path for known_name, known_path in recordings.items() if match_key(known_name) == match_key(name)),
            None,
        )
        if other is not None:
            message = f"and {other.name} are both the recording {name!r}; put the files of one recording into a folder"
            problems.append(Problem(path, message))
        recordings[name] = path
    if problems:
        raise InputError(problems)
    if not recordings:
        raise InputError([Problem(folder, f"holds no signals ({', '.join((*_TABLES, *_MATLAB, *ENDINGS))})")])
    return recordings
