"""MMEW (Ben et al., IEEE TPAMI 44(9), 2022): ``MMEW_Micro_Exp.xlsx``.

It has the columns of CASME II and one of remarks; the names of its clips tell it apart: person, emotion and sample,
``S01-07-001``. Frames are the numbers of the images (``Micro_Expression/disgust/S01-07-001/1.jpg``), which hold the
whole clip.
"""

from __future__ import annotations

import re

from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import Numbering


def _subject(cells: Cells) -> str:
    """Return ``S01`` for ``1``, as the names of the clips have it."""
    digits = re.fullmatch(r"(?:sub|s)?\s*0*(\d+)", cells["subject"], re.IGNORECASE)
    return f"S{int(digits[1]):02d}" if digits else cells["subject"]


MMEW = LabelLayout(
    dataset="mmew",
    title="MMEW",
    fps=90.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "onset": ("onsetframe", "onset"),
        "apex": ("apexframe", "apex"),
        "offset": ("offsetframe", "offset"),
        "action_units": ("actionunits", "actionunit", "aus", "au"),
        "emotion": ("estimatedemotion", "emotion"),
    },
    required=("subject", "filename", "onset", "apex", "offset", "emotion"),
    clip=lambda cells: cells["filename"],
    subject=_subject,
    numbering=lambda cells: Numbering(first=1, video=True),
    file_names=r"S\d+[-_]\d+[-_]\d+",
    file_names_example="S01-07-001",
    marks=("remarks", "remark"),
)
