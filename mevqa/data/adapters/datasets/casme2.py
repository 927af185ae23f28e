"""CASME II (Yan et al., PLoS ONE 9(1) e86041, 2014): ``CASME2-coding-*.xlsx`` or ``CASME2_label_Ver_2.xls``.

Frames are the numbers of ``img1.jpg``, ``img2.jpg``, ... of the recording. ``CASME2-RAW`` holds whole recordings;
``CASME2_RAW_selected`` and ``Cropped`` (``reg_img46.jpg``) start at the onset and keep the numbers. The compressed
videos hold whole recordings, so their frame 0 is image 1.
"""

from __future__ import annotations

from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import Numbering
from mevqa.names import subject_key


def numbered_subject(cells: Cells) -> str:
    """Return ``sub01`` for ``1``, ``01``, ``S1``, ``sub01`` and every other spelling of one person."""
    key = subject_key(cells["subject"])
    return f"sub{int(key):02d}" if key.isdecimal() else cells["subject"]


CASME2 = LabelLayout(
    dataset="casme2",
    title="CASME II",
    fps=200.0,
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
    clip=lambda cells: f"{numbered_subject(cells)}_{cells['filename']}",
    subject=numbered_subject,
    numbering=lambda cells: Numbering(first=1, video=True),
    file_names=r"EP\d+.*",
    file_names_example="EP02_01f",
)
