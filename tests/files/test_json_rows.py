"""JSON rows with the places of their values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.files.json_rows import parse_row

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
rows = st.dictionaries(st.text(max_size=6), values, max_size=5)
styles = st.sampled_from([(", ", ": "), (",", ":"), (" ,  ", " :\t")])


@given(rows, styles, st.booleans())
def test_values_and_places_agree_with_json(row, separators, escape):
    text = json.dumps(row, separators=separators, ensure_ascii=escape)
    parsed = parse_row(text)
    assert dict(parsed.values) == row
    assert {key: json.loads(text[start:end]) for key, (start, end) in parsed.spans.items()} == row


@given(rows, styles, st.booleans(), st.text(max_size=12))
def test_replacing_a_value_changes_only_it(row, separators, escape, answer):
    row["answer"] = "before"
    text = json.dumps(row, separators=separators, ensure_ascii=escape)
    changed = parse_row(text).replace("answer", answer, escape=escape)
    assert json.loads(changed) == row | {"answer": answer}
    assert parse_row(changed).replace("answer", "before", escape=escape) == text


@given(st.text('{}[]":,a1 \\\n\tu\u00e9', max_size=24) | st.text(max_size=24))
def test_exactly_the_objects_of_json_are_rows(text):
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    if isinstance(expected, dict):
        try:
            assert dict(parse_row(text).values) == expected
        except ValueError as error:
            assert "stands twice" in str(error)
    else:
        with pytest.raises(ValueError, match="JSON|stands twice"):
            parse_row(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "starts with {"),
        ("hello", "starts with {"),
        ('{"a": 1', "',' is expected"),
        ('{"a" 1}', "':' is expected"),
        ('{"a": }', "Expecting value at column 7"),
        ('{"a": "x}', "Unterminated string"),
        ('{"a": 1,}', "a key in double quotes"),
        ("{'a': 1}", "a key in double quotes"),
        ('{"a": 1} {"a": 2}', "more text follows at column 10"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_rows(text, message):
    with pytest.raises(ValueError, match=message.replace("{", r"\{")):
        parse_row(text)
