"""Physiological signals around events, as ``mevqa physiology`` measures them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.api.paths import AnyPath, optional_path
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.physiology.events import read_timed_events
from mevqa.physiology.feature_table import MeasuredEvent, measure_events, write_features
from mevqa.physiology.placement import VideoClocks, read_begins
from mevqa.physiology.reading.recording import ReadOptions, find_recordings, read_signals


@dataclass(frozen=True, slots=True)
class SignalFeatures:
    """The physiological features of events.

    Attributes:
        events: Each event with what was measured, in the order of the table.
        notes: What a reader should know, one sentence each.
    """

    events: tuple[MeasuredEvent, ...]
    notes: tuple[str, ...]


@errors_name_parameters
def signal_features(
    signals: AnyPath,
    events: AnyPath,
    *,
    out: AnyPath | None = None,
    fps: float | None = None,
    media: AnyPath | None = None,
    begins: AnyPath | None = None,
    columns: Sequence[str] = (),
    rate: float | None = None,
    phase: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SignalFeatures:
    """Measure physiological signals around events: each against the seconds before it.

    Args:
        signals: Folder of recordings, each a file or a folder, named after its video or after its subject.
        events: The events: what ``mevqa.spot_folder`` writes, coded events, or MMME's coding file.
        out: File of the table, CSV.
        fps: Frames per second where the table of events does not tell.
        media: Folder of the videos' frames, whose names tell the time and the marker (MMME): the markers bring the
            clock of the frames to that of the signals. None: the first frame is the signals' time 0.
        begins: Table of when each video begins on the clock of its signals (video, begin in s).
        columns: What each column of MATLAB files without labels is: a modality, ``digital`` or ``-``.
        rate: Samples per second of MATLAB files that do not tell.
        phase: Whether the phase locking of the EEG's electrodes is measured too.
        progress: Called with recordings done and recordings in all.

    Raises:
        InputError: Everything that is wrong with the files, or a package of the extra ``physiology`` is missing.
    """
    if media is not None and begins is not None:
        raise InputError([Problem("--begins", "and --media both tell when videos begin; leave one of them out")])
    options = ReadOptions(tuple(columns), rate)
    recordings = find_recordings(Path(signals))
    read, notes = read_timed_events(Path(events), fps)
    clocks = VideoClocks(None if begins is None else read_begins(Path(begins)), optional_path(media))
    measured, more = measure_events(
        read, recordings, lambda path: read_signals(path, options), clocks, phase=phase, progress=progress
    )
    if out is not None:
        write_features(Path(out), measured)
    return SignalFeatures(tuple(measured), tuple(dict.fromkeys([*notes, *more])))
