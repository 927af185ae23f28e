"""CASME (Yan et al., FG 2013): ``casme.xlsx``.

Its frame columns are called as those of SMIC, and the apex and the action units tell it apart: ``OnsetF``, ``ApexF1``
(``ApexF2`` where a second apex is seen, which is not used), ``OffsetF``, ``AUs``. Frames are the numbers of the images
(``sub01/EP01_12/reg_img46.jpg``).
"""

from __future__ import annotations

from mevqa.data.adapters.datasets.casme2 import numbered_subject
from mevqa.data.adapters.layout import FILENAME, SUBJECT, LabelLayout
from mevqa.data.label_types import Numbering

CASME = LabelLayout(
    dataset="casme",
    title="CASME",
    fps=60.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "onset": ("onsetf",),
        "apex": ("apexf1", "apexf"),
        "offset": ("offsetf",),
        "action_units": ("aus", "au", "actionunits"),
        "emotion": ("emotion", "estimatedemotion"),
    },
    required=("subject", "filename", "onset", "apex", "offset", "action_units", "emotion"),
    clip=lambda cells: f"{numbered_subject(cells)}_{cells['filename']}",
    subject=numbered_subject,
    numbering=lambda cells: Numbering(first=1, video=True),
)
