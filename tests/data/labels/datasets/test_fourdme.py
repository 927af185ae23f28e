"""4DME label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.datasets import canonical_dataset
from mevqa.datasets.label_layout import Numbering
from mevqa.facs import ActionUnit

HEADER = ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion")


def test_rows_become_labels_of_clips(save_table):
    rows = [("S13", "S13_001_01", 12, 20, 40, "AU4+AU7(k)", "Negative"), ("S14", "007", 5, 9, 20, "AU12", "Positive")]
    labels = read_annotations(save_table("4DME_Labelling_Micro_release v1.xlsx", HEADER, *rows))
    assert list(labels) == ["S13_001_01", "S14_007"]
    clip = labels["S13_001_01"]
    assert (clip.dataset, clip.subject, clip.fps, clip.numbering) == (
        "4dme",
        "S13",
        60.0,
        Numbering(first=0, video=False),
    )
    assert clip.annotation is not None and clip.annotation.action_units == (ActionUnit(4),)
    assert clip.notes == ("action units marked (k) left out of 'AU4+AU7(k)'",)
    assert canonical_dataset("4D-ME") == canonical_dataset("4DME Micro") == "4dme"


@pytest.mark.parametrize(
    ("cell", "classes"),
    [
        ("positive", (None, "positive")),
        ("Surprise", (None, "surprise")),
        ("repression", ("repression", "negative")),
        ("Negative+Repression", ("repression", "negative")),
        ("negative, others", (None, "negative")),
        ("Positive & Surprise", (None, None)),
        ("others", ("others", None)),
        ("", (None, None)),
    ],
)
def test_several_emotions(save_table, cell, classes):
    labels = read_annotations(save_table("a.csv", HEADER, ("S13", "a", 12, 20, 40, "4", cell)))
    event = labels["S13_a"].events[0]
    assert (event.fine, event.coarse) == classes
    assert ("several emotions" in "".join(labels["S13_a"].notes)) == any(sign in cell for sign in "+,&")
