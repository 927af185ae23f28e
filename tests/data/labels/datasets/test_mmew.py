"""MMEW label files, and how they are told from those of CASME II, whose columns they have."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
REMARKS = (*HEADER, "remarks")


@pytest.mark.parametrize("name", ["labels.xlsx", "labels.xls", "labels.csv"])
@pytest.mark.parametrize("header", [HEADER, REMARKS])
def test_the_names_of_the_clips_tell(save_table, name, header):
    rows = [(1, "S01-07-001", 3, 12, 30, "4+7", "disgust"), ("S36", "S36-02-010", 2, 10, 25, 12, "Others")]
    labels = read_annotations(save_table(name, header, *rows))
    assert list(labels) == ["S01-07-001", "S36-02-010"]
    clip = labels["S01-07-001"]
    assert (clip.dataset, clip.subject, clip.fps, clip.numbering) == (
        "mmew",
        "S01",
        90.0,
        Numbering(first=1, video=True),
    )
    units = (ActionUnit(4), ActionUnit(7))
    assert clip.annotation == Event(2, 11, 29, units, "disgust", "negative", "micro")
    assert labels.find("s1-07-1", long=False) is clip
    assert labels["S36-02-010"].subject == "S36" and labels["S36-02-010"].events[0].fine == "others"


def test_other_names_with_a_word_for_the_data_set(save_table):
    row = (1, "clip7", 3, 12, 30, "4+7", "disgust")
    assert read_annotations(save_table("MMEW_Micro.csv", HEADER, row))["clip7"].dataset == "mmew"
    assert read_annotations(save_table("a.csv", REMARKS, (*row, "weak")))["clip7"].dataset == "mmew"
    assert read_annotations(save_table("casme2.csv", HEADER, row))["sub01_clip7"].dataset == "casme2"
    table = save_table("b.csv", (*HEADER, "Dataset"), (*row, "CASME II"))
    assert read_annotations(table)["sub01_clip7"].dataset == "casme2"
    assert read_annotations(save_table("c.csv", HEADER, row), "mmew")["clip7"].fps == 90.0


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["clip7"], "its file names ('clip7') are of neither"),
        (["EP02_01", "S01-07-001"], "it mixes file names of both"),
    ],
)
def test_tables_that_may_be_of_either_data_set_are_refused_with_both_names(save_table, names, reason):
    path = save_table("a.xlsx", HEADER, *[(1, name, 3, 12, 30, "4", "disgust") for name in names])
    with pytest.raises(InputError) as caught:
        read_annotations(path)
    (problem,) = caught.value.problems
    assert "may be of CASME II (EP02_01f) or MMEW (S01-07-001)" in problem.message and reason in problem.message
    assert problem.message.endswith("add a column dataset: casme2 or mmew")


def test_known_mistakes_of_the_release(save_table):
    rows = [(1, f"S01-01-{number:03d}", 3, 4, 5, "4", "fear") for number in range(300)]
    labels = read_annotations(save_table("MMEW_Micro_Exp.csv", HEADER, *rows))
    event = labels["S01-01-033"].events[0]
    assert (event.onset, event.apex, event.offset) == (2, 39, 74) and len(labels["S01-01-033"].notes) == 2
    assert labels["S01-01-034"].events[0].apex == 3
    fewer = read_annotations(save_table("a.csv", HEADER, *rows[:299]))
    assert fewer["S01-01-033"].events[0].apex == 3
