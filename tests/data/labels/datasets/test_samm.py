"""SAMM label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = (
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Duration",
    "Micro",
    "Action Units",
    "Estimated Emotion",
    "Objective Classes",
    "Notes",
)
# The table of SAMM starts in row 14, below a text.
PREAMBLE = [*((f"Remark {number}",) for number in range(11)), (), ("Micro-movements",)]


@pytest.mark.parametrize("name", ["SAMM_Micro_FACS_Codes_v2.xlsx", "samm.xls"])
def test_the_header_is_found_below_the_text(save_table, name):
    path = save_table(
        name,
        *PREAMBLE,
        HEADER,
        ("006", "006_1_2", 1, 5562, 5588, 5632, 71, "1/2", "4+7", "Anger", 3, None),
        (9, "009_1_3", 1, 10, -1, 60, 51, "1/2", "L14", "Contempt", 7, "left"),
        ("011", "011_2_1", 2, 5, 6, 7, 3, "1/2", "R14A or 17A", "Other", 7, None),
    )
    labels = read_annotations(path)
    assert list(labels) == ["006_1_2", "009_1_3", "011_2_1"]
    first = labels["006_1_2"]
    assert (first.dataset, first.subject, first.fps, first.lines) == ("samm", "6", 200.0, (15,))
    assert first.numbering == Numbering(first=1, video=False)
    assert first.annotation == Event(5561, 5587, 5631, (ActionUnit(4), ActionUnit(7)), "anger", "negative", "micro")
    no_apex = labels["009_1_3"].annotation
    assert no_apex is not None and no_apex.apex is None and no_apex.action_units == (ActionUnit(14, "left"),)
    choice = labels["011_2_1"]
    assert choice.annotation is not None and choice.annotation.action_units == ()
    assert "leaves a choice" in choice.notes[0]
