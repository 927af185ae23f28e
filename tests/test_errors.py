"""Grouping of problems, and the length of what is printed of them."""

from __future__ import annotations

import re

import pytest

from mevqa import errors
from mevqa.errors import (
    InputError,
    MediaError,
    Problem,
    errors_name_options,
    errors_name_parameters,
    group_problems,
)


class _Counted:
    """A pattern that counts how often it replaces."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.calls = pattern, 0

    def sub(self, by: str, text: str) -> str:
        self.calls += 1
        return self.pattern.sub(by, text)


def test_a_complaint_about_very_many_lines_is_looked_at_once(monkeypatch):
    detail = _Counted(errors._DETAIL)
    monkeypatch.setattr(errors, "_DETAIL", detail)
    problems = [
        Problem("a", f"the key {key!r} is missing", line) for line in range(1, 1001) for key in ("id", "answer")
    ]
    assert [str(problem) for problem in group_problems([*problems, Problem("a", "is empty")])] == [
        "a:1: the key 'id' is missing (1000 lines: 1, 2, 3, ...)",
        "a:1: the key 'answer' is missing (1000 lines: 1, 2, 3, ...)",
        "a: is empty",
    ]
    assert detail.calls <= 3


def test_complaints_about_many_names_keep_three_and_a_count_beside_them():
    problems = [Problem("a", f"the id 'x{line}' stands twice", line) for line in range(1, 21)]
    problems.insert(1, Problem("a", "the key 'answer' is missing", 1))
    assert [str(problem) for problem in group_problems(problems)] == [
        "a:1: the id 'x1' stands twice",
        "a:2: the id 'x2' stands twice",
        "a:3: the id 'x3' stands twice",
        "a: and 17 more problems of this kind: 4, 5, 6, ...",
        "a:1: the key 'answer' is missing",
    ]


def test_complaints_about_different_values_are_one_line():
    problems = [Problem("a", f"must be a number, not 'x{line % 5}'", line) for line in range(1, 9)]
    assert [str(problem) for problem in group_problems(problems)] == [
        "a:1: must be a number, not 'x1' (line 1), 'x2' (line 2), 'x3' (line 3), ...: 8 lines"
    ]


def test_few_complaints_stay_in_the_order_of_the_input():
    problems = [Problem("a", f"{what} is missing", line) for line in (1, 2) for what in ("id", "answer")]
    assert group_problems([*problems, problems[0]]) == problems


@pytest.mark.parametrize("length", [2_001, 5_000_000])
def test_the_middle_of_a_very_long_message_is_left_out(length):
    message = str(InputError([Problem("a", f"the id {'x' * length} is unknown; correct it", 3)]))
    assert message.startswith("a:3: the id xxx") and message.endswith("x is unknown; correct it")
    assert "characters) ..." in message and len(message) < 2_100
    assert len(str(MediaError("a", "x" * length))) < 2_100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("--views: unknown view 'apx'", "views: unknown view 'apx'"),
        ("give --media, or --max-new-tokens 8", "give media, or max_new_tokens 8"),
        ("is not a run; `mevqa eval --out DIR` makes one", "is not a run; `mevqa eval --out DIR` makes one"),
        ("use mevqa spot --fit FILE, or --rule", "use mevqa spot --fit FILE, or rule"),
        ("a -- dash, e--mail", "a -- dash, e--mail"),
    ],
)
def test_errors_of_functions_speak_of_parameters_and_those_of_commands_of_options(text, message):
    @errors_name_parameters
    def fails():
        raise InputError([Problem("--out", text)])

    with pytest.raises(InputError) as caught:
        fails()
    assert str(caught.value) == f"out: {message}"
    assert caught.value.problems == (Problem("out", message),)
    with errors_name_options(), pytest.raises(InputError) as caught:
        fails()
    assert str(caught.value) == f"--out: {text}"
