"""Turn the frame numbers of a data set's label file into positions in the media at hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mevqa.data.annotations import Numbering
from mevqa.data.layouts import FRAME_SUFFIXES
from mevqa.records import Annotation


def frame_number(name: str) -> int | None:
    """Return the number of a frame's file, the last in its name: 46 for ``reg_img46.jpg``."""
    digits = re.findall(r"\d+", Path(name).stem)
    return int(digits[-1]) if digits else None


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
    if media.is_file():
        if not numbering.video:
            raise ValueError(
                "the label file numbers the frames of the whole recording, and where in it this video starts is not "
                "known; use the folder of frames, or a CSV with frames of the video"
            )
        return event
    positions = frame_positions(media)
    numbers = {
        name: frame + numbering.first
        for name, frame in (("onset", event.onset), ("apex", event.apex), ("offset", event.offset))
        if frame is not None
    }
    missing = [f"{name} {number}" for name, number in numbers.items() if number not in positions]
    if missing:
        span = f"frames {min(positions)} to {max(positions)}" if positions else "frames without numbers"
        raise ValueError(f"the label file names {', '.join(missing)}, but the folder {media} holds {span}")
    onset, apex, offset = (
        positions[numbers[name]] if name in numbers else None for name in ("onset", "apex", "offset")
    )
    return replace(event, onset=onset, apex=apex, offset=offset)


def frame_positions(folder: Path) -> dict[int, int]:
    """Return the position of each frame number of a folder, in the order in which the folder is read.

    Empty when two frames have the same number: then names do not tell.
    """
    from mevqa.video.folder import natural_key

    files = [file for file in folder.iterdir() if file.suffix.lower() in FRAME_SUFFIXES and file.name[0] != "."]
    files.sort(key=lambda file: natural_key(file.stem))
    numbers = [frame_number(file.name) for file in files]
    known = {number: position for position, number in enumerate(numbers) if number is not None}
    return known if len(known) == len(numbers) else {}
