"""MMME (arXiv 2506.09834): the coding file of the facial videos.

A frame is named by the time at which it was taken: ``2023-7-28-16-0-31-433-685-116.tif`` is year, month, day, hour,
minute, second, millisecond, the camera's count and the marker of the stimulus; the coding file writes the middle of it
(``16-00-31-433-685``). The stimuli of one recording are told apart by the marker, so that a long video is named after
both: ``<Filename>_<Marker>``. The release is not public yet; the folders of its media are assumed.
"""

from __future__ import annotations

from mevqa.data.adapters.layout import FILENAME, SUBJECT, LabelLayout
from mevqa.data.label_types import Numbering

MMME = LabelLayout(
    dataset="mmme",
    title="MMME",
    fps=150.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "marker": ("marker",),
        "onset": ("onsetframe",),
        "apex": ("apexframe",),
        "offset": ("offsetframe",),
        "action_units": ("actionunits",),
        "emotion": ("estimatedemotion",),
        "kind": ("macromicro", "micromacro", "expressiontype", "type"),
        "onset_time": ("onsettime",),
    },
    required=("subject", "filename", "marker", "onset", "apex", "offset", "onset_time"),
    video=lambda cells: f"{cells['filename']}_{cells['marker']}",
    subject=lambda cells: cells["subject"],
    numbering=lambda cells: Numbering(first=0, video=False, names="time"),
)
