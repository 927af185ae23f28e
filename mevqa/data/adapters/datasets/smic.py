"""SMIC (Li et al., FG 2013): ``SMIC-HS-E_annotation.xlsx`` and its VIS and NIR siblings.

``OnsetF`` and ``OffsetF`` are the numbers of the images (``image064353.jpg``) and ``FirstF`` is the number of the first
image of the extended clip, so that frame = number - FirstF; in the short clips of ``SMIC_all_raw`` the names of the
images tell. There are no apexes and no action units; the emotion is a coarse class. An extended clip is a long video
too: those with two or three micro-expressions have further columns (``Onset2F``, ``Offset2F``, ``Onset3F``, ...).
"""

from __future__ import annotations

import re

from mevqa.data.adapters.fixups import is_missing
from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import Numbering


def _subject(cells: Cells) -> str:
    """Return ``s01`` for ``1``, ``s1`` and ``s01``."""
    digits = re.fullmatch(r"s?\s*0*(\d+)", cells["subject"], re.IGNORECASE)
    return f"s{int(digits[1]):02d}" if digits else cells["subject"]


def _clip(cells: Cells) -> str:
    """Return ``s01_ne_01`` for ``s1_ne_01``, as the official questions do."""
    parts = re.fullmatch(r"s0*(\d+)_(ne|po|sur)_0*(\d+)", cells["filename"], re.IGNORECASE)
    return f"s{int(parts[1]):02d}_{parts[2].lower()}_{int(parts[3]):02d}" if parts else cells["filename"]


def _numbering(cells: Cells) -> Numbering:
    first = cells.get("first", "")
    return Numbering(first=int(first), video=True) if first.isdigit() else Numbering(first=0, video=False)


def _occurrences(cells: Cells) -> list[Cells]:
    """Return the micro-expressions of an extended clip, the first one always."""
    more = ({**cells, "onset": cells.get(f"onset{n}", ""), "offset": cells.get(f"offset{n}", "")} for n in (2, 3))
    return [cells, *(other for other in more if not (_absent(other["onset"]) and _absent(other["offset"])))]


def _absent(cell: str) -> bool:
    return is_missing(cell) or cell == "0"


SMIC = LabelLayout(
    dataset="smic",
    title="SMIC",
    fps=100.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "onset": ("onsetf",),
        "apex": ("apexf",),
        "offset": ("offsetf",),
        "emotion": ("emotion",),
        "first": ("firstf",),
        "onset2": ("onset2f", "onsetf2"),
        "offset2": ("offset2f", "offsetf2"),
        "onset3": ("onset3f", "onsetf3"),
        "offset3": ("offset3f", "offsetf3"),
    },
    required=("subject", "filename", "onset", "offset", "emotion"),
    clip=_clip,
    video=_clip,
    same=lambda name: _clip({"filename": name}).casefold(),
    name_fps={"vis": 25.0, "nir": 25.0},
    occurrences=_occurrences,
    subject=_subject,
    numbering=_numbering,
    coarse_only=True,
)
