"""Turn the frame numbers of a data set's label file into positions in the media at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mevqa.data.label_types import ClipLabels
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import MediaError
from mevqa.events import Event
from mevqa.video.reading.frame_files import FrameFiles, list_frames
from mevqa.video.reading.key_frame_names import ROLES

# Hour, minute, second, millisecond and the camera's count, as the coding file of MMME writes them; the names of its
# frames have the date before it and the marker of the stimulus behind it.
_TIME = re.compile(r"(?:\d{4}-\d{1,2}-\d{1,2}-)?(\d{1,2})-(\d{1,2})-(\d{1,2})-(\d{1,3})-(\d{1,6})(?:-\d+)?")
_COUNTS = 1_000_000

#: Warning about folders whose frames may have been numbered anew.
STARTS_AT_ZERO = (
    "the folder starts with frame 0: the coded frames are looked up by these numbers; if its frames were numbered "
    "anew, say how: --numbers recording or interval"
)


def time_number(text: str) -> int | None:
    """Return the number of a frame that is named by its time: later frames have greater ones; None for other names."""
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        return None
    hour, minute, second, millisecond, count = map(int, parts.groups())
    return (((hour * 60 + minute) * 60 + second) * 1000 + millisecond) * _COUNTS + count


def show_number(frame: int, numbering: Numbering) -> str:
    """Return a frame of the events as the label file writes it.

    Args:
        frame: Counted from ``numbering.first``.
        numbering: How the label file numbers frames.
    """
    number = frame + numbering.first
    if numbering.names == "number":
        return str(number)
    time, count = divmod(number, _COUNTS)
    seconds, millisecond = divmod(time, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}-{minute:02d}-{second:02d}-{millisecond:03d}-{count}"


@dataclass(frozen=True, slots=True)
class Placement:
    """The events of a long video in its media.

    Attributes:
        events: Those whose frames are there, 0-based indices into the media, in the order of time.
        lines: 1-based row of each of them in the label file.
        missing: Why each of the others is not, by its row.
    """

    events: tuple[Event, ...]
    lines: tuple[int, ...]
    missing: Mapping[int, str]


def place_events(labels: ClipLabels, media: Path) -> Placement:
    """Place all events of a long video; those of which a frame is not in the media are left out and reported.

    Recordings of CAS(ME)^3 lack their first frames and some others: the names of the frames decide.

    Args:
        labels: The long video's labels.
        media: Folder of frames or video.
    """
    if labels.numbering is None:
        return Placement(labels.events, labels.lines, {})
    try:
        folder = _folder(media, labels.numbering)
    except ValueError as error:
        return Placement((), (), dict.fromkeys(labels.lines, str(error)))
    placed: list[tuple[Event, int]] = []
    missing = {}
    for event, line in zip(labels.events, labels.lines, strict=True):
        try:
            placed.append((_place_in_folder(event, labels.numbering, media, folder), line))
        except ValueError as error:
            missing[line] = str(error)
    return Placement(tuple(event for event, _ in placed), tuple(line for _, line in placed), missing)


def place(event: Event, numbering: Numbering, media: Path) -> Event:
    """Return an event with frames that are 0-based indices into ``media``.

    In a folder the names of the frames decide; a frame that is not there is never replaced by its neighbour. Where
    names are those of the key frames (onset, apex, offset), no frame is returned: they are read from the names.

    Args:
        event: Frames counted from ``numbering.first``.
        numbering: How the label file numbers frames.
        media: Folder of frames or video.

    Raises:
        ValueError: A frame is not in the folder, its frames are numbered otherwise than in the label file, or the first
            frame of the video is not known.
    """
    return _place_in_folder(event, numbering, media, _folder(media, numbering, event.onset))


def first_frame_warning(numbering: Numbering, media: Path) -> str | None:
    """Return a warning where a folder starts with frame 0 and its data set does not say from where it counts.

    Frames that are written anew, by ffmpeg or OpenCV, count from 0 or 1 whatever their recording's numbers were.

    Args:
        numbering: How the label file and the folder number frames.
        media: Folder of frames or video.
    """
    if media.is_file() or (numbering.counted, numbering.names, numbering.first) != ("names", "number", 0):
        return None
    try:
        positions = frame_positions(media)
    except MediaError:
        return None
    return STARTS_AT_ZERO if 0 in positions else None


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of frames: position by frame number (empty when names do not tell), and its files."""

    positions: Mapping[int, int]
    listed: FrameFiles


def _folder(media: Path, numbering: Numbering, onset: int | None = None) -> _Folder | None:
    """List a folder of frames; None for a video.

    Args:
        media: Folder or video.
        numbering: How the label file and the folder number frames.
        onset: The coded onset, with which the folder starts if it was numbered by the interval.

    Raises:
        ValueError: It holds no frames, names that contradict one another, or a number below the label file's first.
    """
    if media.is_file():
        return None
    try:
        listed = list_frames(media)
    except MediaError as error:
        raise ValueError(str(error)) from error
    if numbering.counted != "names" and numbering.names == "number":
        if numbering.counted == "interval" and onset is None:
            raise ValueError("no onset is coded, with which the folder could start (--numbers interval)")
        start = numbering.first + (onset or 0 if numbering.counted == "interval" else 0)
        return _Folder({start + index: index for index in range(len(listed.files))}, listed)
    positions = _positions(listed, numbering.names)
    # The time of a frame is no count, so that nothing can be said of the first one.
    if numbering.names == "number" and positions and (lowest := min(positions)) < numbering.first:
        raise ValueError(
            f"the folder {media} holds a frame {lowest} ({listed.files[positions[lowest]].name}), but the frames of "
            f"the label file count from {numbering.first}: its frames were numbered anew, so that the coded frames "
            "would be others; number them as the data set does, or say how they were: --numbers recording (from the "
            "first frame of the recording on) or interval (from the coded onset on)"
        )
    return _Folder(positions, listed)


def _place_in_folder(event: Event, numbering: Numbering, media: Path, folder: _Folder | None) -> Event:
    """Return an event with indices into a listed folder, as ``place`` does; ``folder`` is None for a video."""
    if folder is None:
        if not numbering.video:
            raise ValueError(
                "the label file numbers the frames of the whole recording, and where in it this video starts is not "
                "known; use the folder of frames, or a CSV with frames of the video"
            )
        return event
    if len(folder.listed.key_frames) == len(folder.listed.files):
        return replace(event, onset=None, apex=None, offset=None)
    coded = {role: frame for role in ROLES if (frame := getattr(event, role)) is not None}
    at = {role: folder.positions.get(frame + numbering.first) for role, frame in coded.items()}
    if _is_pair(at, folder):
        at["offset"] = None
    elif None in at.values():
        raise ValueError(_missing(coded, at, numbering, media, folder))
    return replace(event, onset=at.get("onset"), apex=at.get("apex"), offset=at.get("offset"))


def _is_pair(at: Mapping[str, int | None], folder: _Folder) -> bool:
    """Return whether a folder holds the coded onset and the coded apex and nothing else."""
    return (at.get("onset"), at.get("apex")) == (0, 1) and len(folder.listed.files) == 2


def _missing(
    coded: Mapping[str, int], at: Mapping[str, int | None], numbering: Numbering, media: Path, folder: _Folder
) -> str:
    """Return a message that names the coded frames that a folder lacks, and the likely cause."""
    names = [f"{role} {show_number(coded[role], numbering)}" for role, position in at.items() if position is None]
    files = folder.listed.files
    if not folder.positions:
        example = f" ({files[0].name}, {files[-1].name})"
        why = " that can be told from one another" if re.search(r"[0-9]", files[0].stem) else ""
        contents = f"frames without numbers{why}{example}"
        return f"the label file names {', '.join(names)}, but the folder {media} holds {contents}"
    first, last = (end(folder.positions) for end in (min, max))
    span = " to ".join(show_number(number - numbering.first, numbering) for number in (first, last))
    message = f"the label file names {', '.join(names)}, but the folder {media} holds frames {span}"
    interval = [coded[role] for role in ("onset", "offset") if role in coded]
    if numbering.names == "number" and len(interval) == 2 and last - first == interval[1] - interval[0]:
        message += ", as many as the coded interval: if they were numbered anew, say --numbers interval"
    return message


def frame_positions(folder: Path, names: Literal["number", "time"] = "number") -> dict[int, int]:
    """Return the position of each frame number of a folder, in the order in which the folder is read.

    Empty when two frames have the same number: then names do not tell.

    Args:
        folder: The folder.
        names: How names tell numbers (``Numbering.names``).
    """
    return _positions(list_frames(folder), names)


def _positions(listed: FrameFiles, names: Literal["number", "time"]) -> dict[int, int]:
    numbers: Sequence[int]
    if names == "number":
        numbers = listed.numbers or ()
    else:
        times = [time_number(file.stem) for file in listed.files]
        numbers = [time for time in times if time is not None]
    positions = {number: position for position, number in enumerate(numbers)}
    return positions if len(positions) == len(listed.files) else {}
