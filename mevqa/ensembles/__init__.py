"""Ensembles: several runs on the same questions fused into one.

Public is what ``__all__`` names; each name is imported when it is first used.
"""

from __future__ import annotations

from mevqa.public_names import import_on_use

_PUBLIC = {
    "Calibration": "temperatures",
    "Member": "members",
    "Vote": "fusing",
    "answer_by_votes": "answering",
    "calibrate": "temperatures",
    "fuse": "fusing",
    "read_members": "members",
}

__all__ = sorted(_PUBLIC)
__getattr__ = import_on_use(__name__, _PUBLIC)
