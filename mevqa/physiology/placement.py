"""Times of the events of videos on the clock of the signals.

Three ways: the signals' time 0 is the first frame of the video; a table holds the begin of each video; or the names of
frames hold the camera's time and the marker of the stimulus (MMME), and the markers that the signals have too bring
both clocks together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mevqa.data.layouts import MediaFolder
from mevqa.data.numbers import read_number
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import describe_columns, find_header
from mevqa.files.tables.sheets import read_sheets
from mevqa.names import AmbiguousName, NameIndex, match_key, subject_key
from mevqa.physiology.clock import ClocksDisagree, align_clocks, first_frames, frame_marker
from mevqa.physiology.events import TimedEvent
from mevqa.physiology.types import Signals
from mevqa.video.reading.frame_files import list_frames

_OFFSET_COLUMNS = {
    "video": ("video", "videoid", "filename", "clip", "name"),
    "begin": ("begin", "begins", "offset", "start"),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """A recording and its events in the table.

    Attributes:
        recording: Its name.
        path: Its file or folder.
        events: Indices of its events in the table.
        of_subject: Whether it is the recording of a subject, with any number of videos.
    """

    recording: str
    path: Path
    events: tuple[int, ...]
    of_subject: bool


def place_in_recordings(
    events: Sequence[TimedEvent], recordings: Mapping[str, Path]
) -> tuple[list[Placement], list[int]]:
    """Return which recording each event is in: that of its video, else that of its subject.

    Args:
        events: The events.
        recordings: Recordings by name.

    Returns:
        The recordings that have events, and the indices of the events that are in none.

    Raises:
        InputError: A name may mean several recordings.
    """
    by_video, by_subject = NameIndex(recordings, match_key), NameIndex(recordings, subject_key)
    events_by_recording: dict[tuple[str, bool], list[int]] = {}
    nowhere = []
    for place, event in enumerate(events):
        try:
            name, of_subject = by_video.find(event.video), False
            if name is None and event.subject:
                name, of_subject = by_subject.find(event.subject), True
        except AmbiguousName as error:
            raise InputError([Problem("FOLDER", str(error))]) from error
        if name is None:
            nowhere.append(place)
        else:
            events_by_recording.setdefault((name, of_subject), []).append(place)
    return [
        Placement(name, recordings[name], tuple(places), sub) for (name, sub), places in events_by_recording.items()
    ], nowhere


@dataclass
class VideoClocks:
    """Offsets between the clocks of videos and signals: from a table, or from names of frames.

    Attributes:
        begins: When each video begins on the clock of its signals, s, by name (``match_key``); None: at 0.
        media: Folder of the videos' frames, where their names hold the time; None: they do not.
    """

    begins: Mapping[str, float] | None = None
    media: Path | None = None
    _names: dict[str, list[str]] = field(default_factory=dict)

    def times(self, events: Sequence[TimedEvent], signals: Signals, placement: Placement) -> list[float]:
        """Return when each event begins on the clock of the signals, s.

        Args:
            events: The events of the recording.
            signals: The recording.
            placement: Its name and file.

        Raises:
            InputError: The clocks cannot be brought together.
        """
        by_camera = next((event for event in events if event.by_camera), None)
        if self.begins is not None:
            if by_camera is not None:
                message = f"does not go with frames that are named by their time (video {by_camera.video!r})"
                raise InputError([Problem("--begins", f"{message}: name the folder of the frames with --media")])
            missing = sorted({event.video for event in events if match_key(event.video) not in self.begins})
            if missing:
                raise InputError([Problem("--begins", f"does not say when the video {missing[0]!r} begins")])
            return [self.begins[match_key(event.video)] + event.onset / event.fps for event in events]
        if self.media is not None:
            return self._by_frames(events, signals, placement)
        videos = sorted({event.video for event in events})
        if by_camera is not None:
            message = "its frames are named by their time: name the folder of the frames with --media"
            raise InputError([Problem(placement.path, message)])
        if placement.of_subject and len(videos) > 1:
            message = (
                f"is one recording of {len(videos)} videos ({videos[0]!r}, ...), and nothing tells when each begins"
            )
            mend = "give --media with frames named by their time, or --begins with a table of video and begin (s)"
            raise InputError([Problem(placement.path, f"{message}: {mend}")])
        return [event.seconds for event in events]

    def _by_frames(self, events: Sequence[TimedEvent], signals: Signals, placement: Placement) -> list[float]:
        frames = {video: self._frames(video) for video in dict.fromkeys(event.video for event in events)}
        marks = first_frames(name for names in frames.values() for name in names)
        try:
            offset = align_clocks(marks, signals.markers).offset
        except ClocksDisagree as error:
            message = f"the clock of its frames cannot be brought to that of {placement.path.name}: it {error}"
            raise InputError([Problem(self.media or "--media", f"{placement.recording}: {message}")]) from error
        times = []
        for event in events:
            if event.by_camera:
                times.append(event.seconds + offset)
                continue
            names = frames[event.video]
            taken = frame_marker(names[event.onset]) if event.onset < len(names) else None
            if taken is None:
                onset = f"the onset of line {event.line} is {event.onset}"
                message = f"the video {event.video!r} has {len(names)} frames, {onset}"
                raise InputError([Problem(self.media or "--media", message)])
            times.append(taken.time + offset)
        return times

    def _frames(self, video: str) -> list[str]:
        """Return the names of a video's frames, in order.

        Raises:
            InputError: There is no folder of its name, or its frames have names of another form.
        """
        if video not in self._names:
            assert self.media is not None
            candidates, _ = MediaFolder(self.media).candidates(video, "mmme")
            folders = [path for path in candidates if path.is_dir()]
            if len(folders) != 1:
                how = "no folder" if not folders else f"{len(folders)} folders"
                raise InputError([Problem(self.media, f"has {how} of frames of the video {video!r}")])
            names = [frame.name for frame in list_frames(folders[0]).files]
            if any(frame_marker(name) is None for name in names):
                other = next(name for name in names if frame_marker(name) is None)
                message = f"holds {other}; frames must be named year-month-day-hour-minute-second-ms-count-marker"
                raise InputError([Problem(folders[0], message)])
            self._names[video] = names
        return self._names[video]


def read_begins(path: Path) -> dict[str, float]:
    """Read when each video begins on the clock of its signals: a table of video and begin, s.

    Returns:
        Times by name (``match_key``).

    Raises:
        InputError: It cannot be read, or rows are wrong; all of them.
    """
    sheets = read_sheets(path)
    header = next(
        (candidate for sheet in sheets if (candidate := find_header(sheet, _OFFSET_COLUMNS, ("video", "begin")))), None
    )
    if header is None:
        raise InputError([Problem(path, describe_columns(sheets, {"when videos begin": _OFFSET_COLUMNS}))])
    begins: dict[str, float] = {}
    problems = []
    for row in header.rows:
        video, begin = row.cells.get("video", ""), read_number(row.cells.get("begin", ""))
        if row.width_problem:
            problems.append(Problem(path, row.width_problem, row.line))
        elif not video or not math.isfinite(begin):
            problems.append(
                Problem(path, f"needs a video and a time in s, not {row.cells.get('begin', '')!r}", row.line)
            )
        elif match_key(video) in begins:
            problems.append(Problem(path, f"the video {video!r} stands twice", row.line))
        else:
            begins[match_key(video)] = begin
    if problems or not begins:
        raise InputError(problems or [Problem(path, "has columns and no rows")])
    return begins
