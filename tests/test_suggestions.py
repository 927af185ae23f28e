import pytest

from mevqa.suggestions import closest, did_you_mean


@pytest.mark.parametrize(
    ("name", "expected"),
    [("--modle", "--model"), ("--QUANT", "--quantization"), ("--model", "--model"), ("zzz", None), ("", None)],
)
def test_the_nearest_name_is_found(name, expected):
    assert closest(name, ["--model", "--media", "--quantization"]) == expected


def test_a_beginning_of_two_names_is_not_taken_for_one_of_them_for_sure():
    assert closest("--me", ["--media", "--merge"]) in (None, "--media", "--merge")


def test_names_are_listed_where_none_is_near():
    assert did_you_mean("zzz", ["a", "b"]) == "known: a, b"
    assert did_you_mean("onst", ["onset", "apex"]) == "did you mean 'onset'?"
