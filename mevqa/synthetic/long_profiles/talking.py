"""The table of who talks when, ``talking.csv``: for counting what is spotted by mistake while people talk.

One row a stretch of talk:

    video,begin,end,first_frame,last_frame
    synth1_s01_0001,4.317,9.6,125,279

Begin and end are seconds from the first frame, by the presentation times of the video; the frames are 0-based, both
included. A video in which nobody talks has no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.synthetic.long_profiles.profile import long_profile
from mevqa.synthetic.long_profiles.video_plan import VideoPlan

COLUMNS = ("video", "begin", "end", "first_frame", "last_frame")


def write_talking(path: Path, videos: Iterable[VideoPlan]) -> Path:
    """Write when the people of some videos talk, and return the path."""
    rows: list[tuple[str | float, ...]] = [COLUMNS]
    for video in videos:
        clock = long_profile(video.profile).recording.clock
        for (begin, end), (first, last) in zip(video.talk, video.talk_frames, strict=True):
            rows.append((video.clip.id, round(begin / clock, 3), round(end / clock, 3), first, last))
    write_whole(path, csv_text(rows))
    return path
