"""CAS(ME)^3 (Li et al., IEEE TPAMI 45(3), 2023), Parts A and C.

Part A: ``cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx`` holds the micro-expressions,
``cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx`` the macro-expressions, ``CAS(ME)3_part_A_v2.xls`` both, and a
sheet with the eye blinks. Frames are the numbers of the images (``part_A/spNO.1/a/color/160.jpg``; clips:
``Part_A_ME_clip/frame/spNO.1_a_160/160.jpg``); the first images of many recordings are missing, so that only the names
tell the position. A recording holds several events: the onset belongs to the clip's id, as in the names of the clips.

Part C: ``CAS(ME)3_part_C_ME.xlsx`` counts the events of each subject, without apexes
(``part_C/01/a/color/373.jpg``).
"""

from __future__ import annotations

import re

from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import Numbering


def _video(cells: Cells) -> str:
    return f"{cells['subject']}_{cells['filename']}"


def _same(name: str) -> str:
    """Return ``spno.1_a`` for ``spNO.1_A``, ``spNO.1/a`` and ``part_A/spNO.1/a/color``."""
    parts = [part for part in re.split(r"[/\\]", name.casefold()) if part]
    if len(parts) > 1 and parts[-1] == "color":
        parts.pop()
    return "_".join(parts[-2:])


def _two_digits(cells: Cells) -> str:
    return cells["subject"].zfill(2)


def _same_of_part_c(name: str) -> str:
    """Return ``1_a`` for ``1``, ``01``, ``01_a`` and ``part_C/01/a/color``."""
    subject, _, folder = _same(re.sub(r"(?i)^part_c[/\\]?|[/\\]?color$", "", name)).partition("_")
    return f"{subject.lstrip('0')}_{folder or 'a'}"


CASME3 = LabelLayout(
    dataset="casme3",
    title="CAS(ME)^3",
    fps=30.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
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
    video=_video,
    same=_same,
    name_kind={"mae": "macro"},
    subject=lambda cells: cells["subject"],
    numbering=lambda cells: Numbering(first=0, video=False),
)

CASME3_MACRO = LabelLayout(
    dataset="casme3",
    title="CAS(ME)^3 macro-expressions",
    fps=30.0,
    columns={
        "subject": ("sub",),
        "filename": ("seq",),
        "onset": ("onset",),
        "apex": ("apex",),
        "offset": ("offset",),
        "action_units": ("au", "aus", "actionunits"),
        "emotion": ("emotion",),
    },
    required=("subject", "filename", "onset", "apex", "offset"),
    video=_video,
    same=_same,
    fixups="casme3_macro",
    kind="macro",
    subject=lambda cells: cells["subject"],
    numbering=lambda cells: Numbering(first=0, video=False),
)

CASME3_C = LabelLayout(
    dataset="casme3",
    title="CAS(ME)^3 Part C",
    fps=30.0,
    columns={
        "subject": ("sub",),
        "filename": ("count",),
        "onset": ("onset",),
        "apex": ("apex",),
        "offset": ("offset",),
        "action_units": ("au", "aus", "actionunits"),
        "emotion": ("emotion",),
    },
    required=("subject", "filename", "onset", "offset", "action_units"),
    clip=lambda cells: f"{_two_digits(cells)}_{cells['filename']}",
    video=lambda cells: f"{_two_digits(cells)}_a",
    recording=lambda cells: "a",
    same=_same_of_part_c,
    fixups="casme3_c",
    subject=_two_digits,
    numbering=lambda cells: Numbering(first=0, video=False),
)
