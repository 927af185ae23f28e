"""CASME label files, whose frame columns are called as those of SMIC."""

from __future__ import annotations

from mevqa.data.annotations import read_annotations
from mevqa.datasets import canonical_dataset
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AUs", "Emotion")


def test_a_casme_file_is_not_read_as_smic(save_table):
    rows = [
        (1, "EP01_12", None, 73, 81, 0, 91, None, "4+9", "disgust"),
        (3, "EP07_3", None, 5, 9, 0, 12, None, 14, "tense"),
    ]
    labels = read_annotations(save_table("casme.xlsx", HEADER, *rows))
    assert list(labels) == ["sub01_EP01_12", "sub03_EP07_3"]
    clip = labels["sub01_EP01_12"]
    assert (clip.dataset, clip.subject, clip.fps, clip.numbering) == (
        "casme",
        "sub01",
        60.0,
        Numbering(first=1, video=True),
    )
    units = (ActionUnit(4), ActionUnit(9))
    assert clip.annotation == Event(72, 80, 90, units, "disgust", "negative", "micro")
    assert labels["sub03_EP07_3"].events[0].fine == "tense"
    assert canonical_dataset("CASME") == "casme" and canonical_dataset("CASME II") == "casme2"
