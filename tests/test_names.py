"""Spellings of one name, of one person, and names that may be several."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.names import AmbiguousName, NameIndex, match_key, spelling_notes, subject_key


@pytest.mark.parametrize(
    "spelling", ["1", "01", "001", "1.0", " 1 ", "s1", "S01", "sub01", "Sub 1", "subject_1", "spNO.1", "sub1.0", "１"]
)
def test_spellings_of_one_person(spelling):
    assert subject_key(spelling) == "1"


def test_other_people_stay_apart():
    names = ["1", "11", "10", "100", "1a", "a1", "dzw", "dzw2", "1_1", "2.5", "J", ""]
    assert len({subject_key(name) for name in names}) == len(names)
    assert subject_key("J") == subject_key(" j")


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        ("s01_ne_01", "S1_NE_1"),
        ("006", "6.0"),
        ("Zoë_1", unicodedata.normalize("NFD", "zoë_01")),
        ("ｃｌｉｐ１", "clip1"),
        ("a  b ", "A b"),
    ],
)
def test_spellings_of_one_name(spelling, other):
    assert match_key(spelling) == match_key(other)


def test_different_names_have_different_keys():
    names = ["1_12", "11_2", "1_1_2", "10", "100", "a_1.5", "a_15", "EP02_01f", "EP02_01"]
    assert len({match_key(name) for name in names}) == len(names)


@given(st.text(max_size=12))
def test_a_key_is_its_own_key(name):
    assert match_key(match_key(name)) == match_key(name)
    assert subject_key(subject_key(name)) == subject_key(name)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert match_key(unicodedata.normalize(form, name)) == match_key(name)


def test_the_exact_name_comes_first_and_two_others_are_refused():
    names = NameIndex(["clip_1", "clip_01", "b"])
    assert names.find("clip_01") == "clip_01" and names.find("B") == "b" and names.find("c") is None
    with pytest.raises(AmbiguousName, match="'clip_001' may be 'clip_1' and 'clip_01'"):
        names.find("clip_001")


def test_people_in_several_spellings_are_told_within_their_data_set():
    people = [("samm", "006"), ("casme2", "6"), ("samm", "6"), ("samm", None), (None, "6")]
    assert list(spelling_notes(people)) == ["1 subject is spelt in several ways and counts as one person: '006', '6'"]
    assert list(spelling_notes(people[:2])) == []
