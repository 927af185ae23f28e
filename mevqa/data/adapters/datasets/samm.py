"""SAMM (Davison et al., IEEE Trans. Affective Computing 9(1), 2018): ``SAMM_Micro_FACS_Codes_v2.xlsx``.

The header stands in row 14 below a text. Frames are the numbers in the names of the images of the long recording
(``006_05562.jpg``); the folder of a clip (``006/006_1_2``) holds a part of them. Which frame of the recording a video
file of a clip starts with is not known, so that its frames cannot be found.
"""

from __future__ import annotations

from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import Numbering


def _subject(cells: Cells) -> str:
    """Return ``6`` for ``006``, as the official questions do."""
    return cells["subject"].lstrip("0") or cells["subject"]


SAMM = LabelLayout(
    dataset="samm",
    title="SAMM",
    fps=200.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "inducement": ("inducementcode",),
        "onset": ("onsetframe",),
        "apex": ("apexframe",),
        "offset": ("offsetframe",),
        "action_units": ("actionunits",),
        "emotion": ("estimatedemotion",),
    },
    required=("subject", "filename", "inducement", "onset", "apex", "offset", "emotion"),
    clip=lambda cells: cells["filename"],
    subject=_subject,
    numbering=lambda cells: Numbering(first=1, video=False),
)
