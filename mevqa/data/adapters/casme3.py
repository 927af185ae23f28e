"""CAS(ME)^3 Part A (Li et al., IEEE TPAMI 45(3), 2023).

``cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx`` holds the micro-expressions, ``CAS(ME)3_part_A_v2.xls`` also the
macro-expressions. Frames are the numbers of the images (``part_A/spNO.1/a/color/160.jpg``; clips:
``Part_A_ME_clip/frame/spNO.1_a_160/160.jpg``); the first images of many recordings are missing, so that only the names
tell the position. A recording holds several events: the onset belongs to the clip's id, as in the names of the clips.
"""

from __future__ import annotations

from mevqa.data.adapters.layout import LabelLayout
from mevqa.data.annotations import Numbering

CASME3 = LabelLayout(
    dataset="casme3",
    title="CAS(ME)^3",
    fps=30.0,
    columns={
        "subject": ("subject",),
        "filename": ("filename",),
        "onset": ("onset",),
        "apex": ("apex",),
        "offset": ("offset",),
        "action_units": ("au", "aus", "actionunits"),
        "emotion": ("emotion",),
        "kind": ("expressiontype",),
        "objective": ("objectiveclass",),
    },
    required=("subject", "filename", "onset", "apex", "offset", "action_units", "objective"),
    clip=lambda cells: f"{cells['subject']}_{cells['filename']}_{cells['onset']}",
    subject=lambda cells: cells["subject"],
    numbering=lambda cells: Numbering(first=0, video=False),
)
