"""4DME (Li et al., IEEE Trans. Affective Computing 14(4), 2023): ``4DME_Labelling_Micro_release v1.xlsx``.

The frames of its grey videos are images (``gray_micro/<sub_ID>/<fold_name>``) whose names tell their numbers. Units
that are marked ``(k)`` are not counted by public readers, and are left out. The classes are positive, negative,
surprise, repression and others, and a clip may have several.
"""

from __future__ import annotations

from mevqa.data.adapters.layout import Cells, LabelLayout
from mevqa.data.label_types import Numbering
from mevqa.names import match_key


def _clip(cells: Cells) -> str:
    """Return the folder of the clip, with the subject before it unless it begins with it."""
    folder, subject = cells["filename"], cells["subject"]
    return folder if match_key(folder).startswith(match_key(subject)) else f"{subject}_{folder}"


FOURDME = LabelLayout(
    dataset="4dme",
    title="4DME",
    fps=60.0,
    columns={
        "subject": ("subid",),
        "filename": ("foldname", "foldername"),
        "onset": ("onset",),
        "apex": ("apex",),
        "offset": ("offset",),
        "action_units": ("aus", "au"),
        "emotion": ("emotion",),
    },
    required=("subject", "filename", "onset", "apex", "offset", "action_units", "emotion"),
    clip=_clip,
    subject=lambda cells: cells["subject"],
    numbering=lambda cells: Numbering(first=0, video=False),
    aliases=("4d micro", "4dmicro"),
    coarse_only=True,
    multiple_emotions=True,
)
