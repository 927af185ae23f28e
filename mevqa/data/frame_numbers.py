"""Turn the frame numbers of a data set's label file into positions in the media at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mevqa.data.annotations import ClipLabels, Numbering
from mevqa.data.layouts import FRAME_SUFFIXES
from mevqa.records import Annotation


def frame_number(name: str) -> int | None:
    """Return the number of a frame's file, the last in its name: 46 for ``reg_img46.jpg``."""
    digits = re.findall(r"\d+", Path(name).stem)
    return int(digits[-1]) if digits else None


# Hour, minute, second, millisecond and the camera's count, as the coding file of MMME writes them; the names of its
# frames have the date before it and the marker of the stimulus behind it.
_TIME = re.compile(r"(?:\d{4}-\d{1,2}-\d{1,2}-)?(\d{1,2})-(\d{1,2})-(\d{1,2})-(\d{1,3})-(\d{1,6})(?:-\d+)?")
_COUNTS = 1_000_000


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

    events: tuple[Annotation, ...]
    lines: tuple[int, ...]
    missing: Mapping[int, str]


def place_events(labels: ClipLabels, media: Path) -> Placement:
    """Place all events of a long video; those of which a frame is not in the media are left out and told.

    Recordings of CAS(ME)^3 lack their first frames and some others: the names of the frames decide.

    Args:
        labels: The long video's labels.
        media: Folder of frames or video.
    """
    if labels.numbering is None:
        return Placement(labels.events, labels.lines, {})
    positions = None if media.is_file() else frame_positions(media, labels.numbering.names)
    placed: list[tuple[Annotation, int]] = []
    missing = {}
    for event, line in zip(labels.events, labels.lines, strict=True):
        try:
            placed.append((_place(event, labels.numbering, media, positions), line))
        except ValueError as error:
            missing[line] = str(error)
    return Placement(tuple(event for event, _ in placed), tuple(line for _, line in placed), missing)


def place(event: Annotation, numbering: Numbering, media: Path) -> Annotation:
    """Return an event with frames that are 0-based indices into ``media``.

    In a folder the names of the frames decide; a frame that is not there is never replaced by its neighbour.

    Args:
        event: Frames counted from ``numbering.first``.
        numbering: How the label file numbers frames.
        media: Folder of frames or video.

    Raises:
        ValueError: A frame is not in the folder, or the first frame of the video is not known.
    """
    return _place(event, numbering, media, None if media.is_file() else frame_positions(media, numbering.names))


def _place(event: Annotation, numbering: Numbering, media: Path, positions: Mapping[int, int] | None) -> Annotation:
    """Do what ``place`` does; ``positions`` are those of a folder, None for a video."""
    if positions is None:
        if not numbering.video:
            raise ValueError(
                "the label file numbers the frames of the whole recording, and where in it this video starts is not "
                "known; use the folder of frames, or a CSV with frames of the video"
            )
        return event
    coded = {
        name: frame
        for name, frame in (("onset", event.onset), ("apex", event.apex), ("offset", event.offset))
        if frame is not None
    }
    at = {name: positions.get(frame + numbering.first) for name, frame in coded.items()}
    missing = [f"{name} {show_number(coded[name], numbering)}" for name, position in at.items() if position is None]
    if missing:
        ends = [show_number(end(positions) - numbering.first, numbering) for end in (min, max) if positions]
        span = f"frames {' to '.join(ends)}" if positions else "frames without numbers"
        raise ValueError(f"the label file names {', '.join(missing)}, but the folder {media} holds {span}")
    return replace(event, onset=at.get("onset"), apex=at.get("apex"), offset=at.get("offset"))


def frame_positions(folder: Path, names: Literal["number", "time"] = "number") -> dict[int, int]:
    """Return the position of each frame number of a folder, in the order in which the folder is read.

    Empty when two frames have the same number: then names do not tell.

    Args:
        folder: The folder.
        names: How names tell numbers (``Numbering.names``).
    """
    from mevqa.video.folder import natural_key

    files = [file for file in folder.iterdir() if file.suffix.lower() in FRAME_SUFFIXES and file.name[0] != "."]
    files.sort(key=lambda file: natural_key(file.stem))
    read = frame_number if names == "number" else lambda name: time_number(Path(name).stem)
    numbers = [read(file.name) for file in files]
    known = {number: position for position, number in enumerate(numbers) if number is not None}
    return known if len(known) == len(numbers) else {}
