import pytest

from mevqa.inference.consistency.unit_evidence import UNKNOWN_PROBABILITY, UnitEvidence, presence_probability
from mevqa.types import Reply


def evidence(*lists, **presence):
    gathered = UnitEvidence()
    for names, confidence in lists:
        gathered.add_list(names, confidence)
    for name, probability in presence.items():
        gathered.add_presence(name.replace("_", " "), probability)
    return gathered


def test_a_list_stands_when_nothing_speaks_against_it():
    assert evidence((["dimpler", "brow lowerer"], None)).likely_units(1, None) == ["brow lowerer", "dimpler"]


def test_the_word_of_a_list_weighs_what_one_of_its_choices_is_sure_of():
    # Two names and the end: three choices at 0.8 each.
    listed = (["dimpler", "brow lowerer"], 0.8**3)
    assert "dimpler" in evidence(listed, dimpler=0.21).likely_units(1, None)
    assert "dimpler" not in evidence(listed, dimpler=0.19).likely_units(1, None)


def test_a_list_counts_for_its_units_however_unsure():
    assert evidence((["dimpler"], 1e-9)).likely_units(1, None) == ["dimpler"]


def test_equal_evidence_leaves_the_word_to_the_list():
    assert evidence((["dimpler"], None), dimpler=1 - UNKNOWN_PROBABILITY).likely_units(0, None) == ["dimpler"]


def test_bounds_and_preference():
    listed = (["dimpler"], None)
    assert evidence(listed).likely_units(2, None, ["chin raiser"]) == ["dimpler", "chin raiser"]
    assert evidence(listed, chin_raiser=0.99, jaw_drop=0.97).likely_units(1, 1) == ["chin raiser"]
    assert evidence().likely_units(0, None) == []


def test_units_outside_the_vocabulary_of_lists_are_passed_over():
    gathered = evidence(lip_suck=0.999)
    assert not gathered.knows("lip suck")
    assert gathered.likely_units(0, None) == []


@pytest.mark.parametrize(
    ("reply", "text", "expected"),
    [
        (Reply("yes", options={"yes": 0.6, "no": 0.2}), "yes", 0.75),
        (Reply("yes"), "yes", UNKNOWN_PROBABILITY),
        (Reply("no", options={"no": 1.0}), "no", 1 - UNKNOWN_PROBABILITY),
    ],
)
def test_presence_probability(reply, text, expected):
    assert presence_probability(reply, text) == pytest.approx(expected)
