"""Read EEG (and what was recorded with it) through MNE: Curry, EDF, BDF, FIF, BrainVision, EEGLAB.

MMME's EEG was recorded with a Neuroscan amplifier at 1000 Hz and stands in Curry files (``.cdt`` with its ``.cdt.dpa``
or ``.cdt.dpo``; 64 electrodes, 5 other channels and a trigger; arXiv 2506.09834).
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mevqa.errors import InputError, Problem
from mevqa.physiology.channels import make_channel, modality_of
from mevqa.physiology.extra import import_extra
from mevqa.physiology.types import Array, Channel, Marker, Modality, Signals

if TYPE_CHECKING:
    from mne.io import BaseRaw

#: Endings of the files that MNE reads here.
ENDINGS = (".cdt", ".edf", ".bdf", ".fif", ".fif.gz", ".vhdr", ".set")
#: Modality by MNE's type of a channel; of other types the name decides.
_TYPES: dict[str, Modality] = {"eeg": "eeg", "ecg": "ecg", "resp": "rsp", "gsr": "eda", "temperature": "skt"}
#: MNE gives volts, siemens and degrees Celsius.
_UNITS = {"eeg": "V", "eda": "S", "skt": "C", "ecg": "V", "rsp": "", "ppg": ""}
#: Channels of trigger codes that MNE does not know for such.
_TRIGGER = re.compile(r"(?<![a-z])(trigger|status|sti|stim)(?![a-z])", re.IGNORECASE)
_LAST_NUMBER = re.compile(r"(\d+)\D*$")


def read_mne(path: Path) -> Signals:
    """Read a recording through MNE.

    Args:
        path: The file; of formats of several files the one that MNE opens (``.vhdr``, ``.cdt``).

    Raises:
        InputError: It cannot be read, or holds no signal; one line.
        MevqaError: MNE is not installed.
    """
    mne = import_extra("mne", path)
    raw = _open(mne, path)
    signal_channels: list[tuple[int, Modality, str]] = []
    for place, (name, kind) in enumerate(zip(raw.ch_names, raw.get_channel_types(), strict=True)):
        modality = _TYPES.get(kind) or (modality_of(name) if kind != "stim" else None)
        # MNE takes channels of unknown type for EEG; the name is more reliable.
        modality = modality_of(name) or modality
        if modality is not None and kind != "stim":
            signal_channels.append((place, modality, _UNITS[modality] if kind in _TYPES else ""))
    if not signal_channels:
        raise InputError([Problem(path, f"has no channel of a signal; it has {', '.join(raw.ch_names[:20])}")])
    rate, problems = float(raw.info["sfreq"]), []
    channels: list[Channel] = []
    notes: list[str] = []
    try:
        # In single precision: an hour of 64 electrodes at 1000 Hz is a gigabyte then.
        values = raw.get_data(picks=[place for place, _, _ in signal_channels], verbose="error").astype(np.float32)
    except Exception as error:
        raise InputError([Problem(path, f"its samples cannot be read ({_reason(error)})")]) from error
    for (place, modality, unit), row in zip(signal_channels, values, strict=True):
        try:
            # A channel of EDF that MNE takes for EEG, but whose name says otherwise, is in the file's own unit.
            file_unit = unit if not _is_misnamed(raw, place, modality) else ""
            channel, note = make_channel(raw.ch_names[place], modality, rate, file_unit, row)
        except ValueError as error:
            problems.append(Problem(path, str(error)))
            continue
        channels.append(channel)
        notes += [note] if note else []
    if problems:
        raise InputError(problems)
    markers, unread = _markers(mne, raw)
    if unread:
        notes.append(f"{unread} annotations have no number and are no markers")
    return Signals(path.name.split(".")[0], tuple(channels), markers, tuple(notes))


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep warnings, and the log that curryreader opens, off the terminal."""
    root, silent = logging.getLogger(), logging.NullHandler()
    before = root.level
    root.addHandler(silent)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        root.setLevel(before)
        root.removeHandler(silent)


def _open(mne: Any, path: Path) -> BaseRaw:
    try:
        with _in_silence():
            raw: BaseRaw = mne.io.read_raw(path, preload=False, verbose="error")
    except FileNotFoundError as error:
        raise InputError([Problem(path, f"or a file that belongs to it is not there ({_reason(error)})")]) from error
    except Exception as error:
        # MNE raises whatever its parsers meet in a damaged file.
        raise InputError([Problem(path, f"cannot be read as {path.suffix[1:].upper()} ({_reason(error)})")]) from error
    return raw


def _reason(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:160]


def _is_misnamed(raw: BaseRaw, place: int, modality: Modality) -> bool:
    return _TYPES.get(raw.get_channel_types()[place]) != modality


def _codes(values: Array, rate: float) -> list[Marker]:
    """Return the markers of a channel of trigger codes: where it goes over to another code than 0."""
    # MNE takes such a channel of a Curry file for microvolts.
    largest = np.nanmax(np.abs(values), initial=0.0)
    codes = np.rint(np.nan_to_num(values) * (1e6 if 0 < largest < 1e-2 else 1.0)).astype(np.int64)
    edges = np.flatnonzero(np.diff(codes, prepend=0))
    return [Marker(round(float(at) / rate, 6), int(codes[at])) for at in edges if codes[at] > 0]


def _markers(mne: Any, raw: BaseRaw) -> tuple[tuple[Marker, ...], int]:
    """Return markers of annotations and trigger channels, and how many annotations have no number."""
    markers, unread = set(), 0
    # Times of annotations count from the start of the recording before it was cropped.
    shift = raw.first_time if raw.annotations.orig_time is not None else 0.0
    for annotation in raw.annotations:
        number = _LAST_NUMBER.search(str(annotation["description"]))
        if number is None:
            unread += 1
        else:
            markers.add(Marker(round(float(annotation["onset"]) - shift, 6), int(number[1])))
    rate = float(raw.info["sfreq"])
    if "stim" in raw.get_channel_types():
        events = mne.find_events(raw, shortest_event=1, verbose="error")
        markers |= {Marker(round(float(at - raw.first_samp) / rate, 6), int(code)) for at, _, code in events}
    elif not markers:
        for name in (channel for channel in raw.ch_names if _TRIGGER.search(channel)):
            markers |= set(_codes(raw.get_data(picks=[name], verbose="error")[0], rate))
    return tuple(sorted(markers)), unread
