"""The table of the physiological features of events: one row an event, empty cells for what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.numbers import read_number
from mevqa.errors import InputError, Problem
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.tables.headers import describe_columns, find_header, simplify
from mevqa.files.tables.sheets import read_sheets
from mevqa.files.whole import write_whole
from mevqa.physiology.events import TimedEvent, video_key
from mevqa.physiology.features.definition import GROUPS, feature_groups
from mevqa.physiology.features.extract import EventFeatures, extract_features
from mevqa.physiology.placement import VideoClocks, place_in_recordings
from mevqa.physiology.types import Signals

_EVENT_COLUMNS = ("subject", "video", "onset", "apex", "offset", "kind", "fps")
#: Columns behind those of the event: when it begins, what was measured, and why the rest was not.
_TIME, _MEASURED, _FLAGS = "signal_time_s", "measured", "not_measured"
_NO_RECORDING = "no recording"


@dataclass(frozen=True, slots=True)
class MeasuredEvent:
    """An event with its physiological features.

    Attributes:
        event: The event.
        time: When it begins on the clock of its signals, s; NaN where there are none.
        features: Its physiological features.
    """

    event: TimedEvent
    time: float
    features: EventFeatures


def measure_events(
    events: Sequence[TimedEvent],
    recordings: Mapping[str, Path],
    read: Callable[[Path], Signals],
    clocks: VideoClocks,
    *,
    phase: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[MeasuredEvent], list[str]]:
    """Measure the signals around events, one recording after the other.

    Args:
        events: The events.
        recordings: Recordings by name: of videos, or of subjects.
        read: Reads a recording.
        clocks: How the clocks of videos and signals stand to each other.
        phase: Whether phase locking between electrodes is measured too.
        progress: Called with recordings done and recordings in all.

    Returns:
        The events in their order, and notes for the reader.

    Raises:
        InputError: No event has a recording, a recording cannot be read, or its clock is not known; all of them.
    """
    placements, nowhere = place_in_recordings(events, recordings)
    if not placements and events:
        names = ", ".join(map(repr, list(recordings)[:3])) + (", ..." if len(recordings) > 3 else "")
        message = f"of {len(events)} events none is in a recording: these are {names}, a video is {events[0].video!r}"
        raise InputError([Problem("--events", f"{message}; recordings are named after videos or subjects")])
    nothing = EventFeatures(dict.fromkeys(feature_groups(), math.nan), (), dict.fromkeys(GROUPS, _NO_RECORDING))
    measured = {place: MeasuredEvent(events[place], math.nan, nothing) for place in nowhere}
    notes = [f"{len(nowhere)} of {len(events)} events are in no recording: nothing is measured"] if nowhere else []
    problems: list[Problem] = []
    recordings_by_note: dict[str, list[str]] = {}
    for done, placement in enumerate(placements):
        progress(done, len(placements))
        placed_events = [events[place] for place in placement.events]
        try:
            signals = read(placement.path)
            times = clocks.times(placed_events, signals, placement)
        except InputError as error:
            problems.extend(error.problems)
            continue
        for note in signals.notes:
            recordings_by_note.setdefault(note, []).append(signals.name)
        for place, time, features in zip(
            placement.events, times, extract_features(signals, times, phase=phase), strict=True
        ):
            measured[place] = MeasuredEvent(events[place], time, features)
    if problems:
        raise InputError(problems)
    progress(len(placements), len(placements))
    for note, recording_names in recordings_by_note.items():
        where = ", ".join(recording_names[:3]) + (
            f" and {len(recording_names) - 3} more" if len(recording_names) > 3 else ""
        )
        notes.append(f"{note} ({where})")
    return [measured[place] for place in range(len(events))], notes


def write_features(path: Path, measured: Sequence[MeasuredEvent]) -> None:
    """Write the table of physiological features.

    Raises:
        InputError: It cannot be written.
    """
    names = list(feature_groups())
    rows: list[list[str]] = [[*_EVENT_COLUMNS, _TIME, _MEASURED, *names, _FLAGS]]
    for measurement in measured:
        event_values = {name: getattr(measurement.event, name) for name in _EVENT_COLUMNS}
        cells = [
            "" if value is None else f"{value:g}" if name == "fps" else str(value)
            for name, value in event_values.items()
        ]
        time = "" if math.isnan(measurement.time) else f"{measurement.time:.3f}"
        numbers = [measurement.features.values[name] for name in names]
        flags = "; ".join(f"{group}: {why}" for group, why in measurement.features.flags.items())
        measured_groups = "+".join(measurement.features.measured)
        rows.append([*cells, time, measured_groups, *("" if math.isnan(v) else f"{v:.6g}" for v in numbers), flags])
    write_whole(path, csv_text(rows))


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One row of the table.

    Attributes:
        video: The event's video, as it is written.
        subject: Its subject; None where the table does not tell.
        onset: First frame of the event.
        offset: Its last frame.
        values: Features by name; NaN for what is missing.
    """

    video: str
    subject: str | None
    onset: int
    offset: int
    values: Mapping[str, float]

    @property
    def key(self) -> tuple[str, int, int]:
        """Video, onset and offset, which identify the event, as ``TimedEvent.key``."""
        return video_key(self.video), self.onset, self.offset


def read_features(path: Path) -> list[FeatureRow]:
    """Read a table of features: what ``write_features`` wrote, or any with video, onset, offset and some features.

    Raises:
        InputError: It cannot be read, has no feature, or holds cells that are no numbers; all of them.
    """
    wanted = {name: (simplify(name),) for name in ("video", "subject", "onset", "offset", *feature_groups())}
    sheets = read_sheets(path)
    header = next(
        (candidate for sheet in sheets if (candidate := find_header(sheet, wanted, ("video", "onset", "offset")))), None
    )
    if header is None:
        needed = {name: wanted[name] for name in ("video", "onset", "offset")}
        raise InputError([Problem(path, describe_columns(sheets, {"a table of physiological features": needed}))])
    names = [name for name in feature_groups() if name in header.places]
    if not names:
        message = "has no column of a physiological feature (heart_rate_change, scr_count, ...)"
        raise InputError([Problem(path, f"{message}: write it with mevqa physiology features", header.line)])
    rows, problems = [], []
    for row in header.rows:
        if row.width_problem:
            problems.append(Problem(path, row.width_problem, row.line))
            continue
        frames = [read_number(row.cells.get(name, "")) for name in ("onset", "offset")]
        if not row.cells.get("video") or not all(math.isfinite(frame) and frame == int(frame) for frame in frames):
            problems.append(Problem(path, "needs a video, and onset and offset as whole frames", row.line))
            continue
        values = dict.fromkeys(feature_groups(), math.nan)
        for name in names:
            cell = row.cells.get(name, "")
            values[name] = read_number(cell) if cell else math.nan
            if cell and not math.isfinite(values[name]):
                problems.append(Problem(path, f"{name} must be a number or empty, not {cell!r}", row.line))
        feature_row = FeatureRow(
            row.cells["video"], row.cells.get("subject") or None, int(frames[0]), int(frames[1]), values
        )
        rows.append(feature_row)
    if problems:
        raise InputError(problems)
    return rows
