"""Check anybody's submission against the question files: structure first, then the vocabulary of each question type."""

from __future__ import annotations

import bisect
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.data.json_rows import parse_row
from mevqa.data.official import REQUIRED_KEYS, QuestionFile, scan_questions
from mevqa.errors import InputError, Problem
from mevqa.submission import submission_name
from mevqa.vqa.surface import fault

_ANSWER = "answer"
#: No submission is near this large; a zip that unpacks to more is not one.
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class SubmissionCheck:
    """What was found.

    Attributes:
        rows: How many rows were checked.
        problems: What makes the submission invalid, in the order of the lines.
        warnings: Answers outside the vocabulary of their question type.
    """

    rows: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    values: Mapping[str, Any]


def check_submission(predictions: Path, files: Sequence[QuestionFile]) -> SubmissionCheck:
    """Check a file of answers, or a zip of several.

    Args:
        predictions: A JSON-lines file, checked against the question file that it belongs to; or a zip, which must
            hold the answers to every question file under their official names.
        files: The question files.

    Raises:
        InputError: The predictions cannot be read at all.
    """
    if not predictions.is_file():
        raise InputError([Problem(predictions, "is no file")])
    if zipfile.is_zipfile(predictions):
        return _check_zip(predictions, files)
    if predictions.suffix.lower() == ".zip":
        raise InputError([Problem(predictions, "is not a zip, or a damaged one")])
    rows = _read_rows(predictions)
    return _check_file(predictions, rows, _belonging(predictions, rows, files))


def _check_zip(archive: Path, files: Sequence[QuestionFile]) -> SubmissionCheck:
    """Check a zip: the names first, then each file."""
    expected = {submission_name(file.path): file for file in files}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    count = 0
    with zipfile.ZipFile(archive) as package, tempfile.TemporaryDirectory() as folder:
        entries = [entry for entry in package.infolist() if not entry.is_dir()]
        names = [entry.filename for entry in entries]
        if sum(entry.file_size for entry in entries) > _LARGEST:
            raise InputError([Problem(archive, f"unpacks to more than {_LARGEST >> 20} MB; it is no submission")])
        problems += [Problem(archive, f"lacks {name}") for name in expected if name not in names]
        problems += [
            Problem(archive, f"holds {name!r}, which no question file asks for")
            for name in names
            if name not in expected
        ]
        problems += [
            Problem(archive, f"holds {name!r} twice") for name in sorted({n for n in names if names.count(n) > 1})
        ]
        for name in dict.fromkeys(name for name in names if name in expected):
            path = Path(folder) / name
            path.write_bytes(package.read(name))
            found = _check_file(path, _read_rows(path), expected[name])
            count += found.rows
            problems += [replace(problem, path=f"{archive}/{name}") for problem in found.problems]
            warnings += [replace(problem, path=f"{archive}/{name}") for problem in found.warnings]
    return SubmissionCheck(count, tuple(problems), tuple(warnings))


def _read_rows(path: Path) -> list[_Row]:
    """Return every row that is a JSON object; ``scan_questions`` reports the others."""
    rows = []
    for line, text in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            rows.append(_Row(line, parse_row(text.decode("utf-8-sig").rstrip("\r")).values))
        except ValueError:
            continue
    return rows


def _belonging(path: Path, rows: Sequence[_Row], files: Sequence[QuestionFile]) -> QuestionFile:
    """Return the question file that the answers belong to: by the official name, else by the most rows in common.

    Ids alone do not tell: the files of 2025 and 2026 share them.
    """
    named = [file for file in files if file.path.name.endswith(".jsonl") and _official_name(file) == path.name]
    if len(named) == 1:
        return named[0]
    given = {(_id(row.values), row.values.get("question")) for row in rows if _id(row.values) is not None}
    return max(files, key=lambda file: sum((question.id, question.text) in given for question in file.questions))


def _official_name(file: QuestionFile) -> str | None:
    try:
        return submission_name(file.path)
    except InputError:
        return None


def _check_file(path: Path, rows: Sequence[_Row], file: QuestionFile) -> SubmissionCheck:
    """Check the rows of one file."""
    problems = list(scan_questions(path).problems)
    reported = {problem.line for problem in problems}
    lines = {question.id: index for index, question in enumerate(file.questions)}
    known: list[tuple[_Row, int]] = []
    warnings: list[Problem] = []
    seen: set[str] = set()
    for row in rows:
        name = _id(row.values)
        if name is None:
            if row.line not in reported:
                problems.append(Problem(path, "has no id", row.line))
        elif name not in lines:
            problems.append(Problem(path, f"the id {name!r} is not in {file.path.name}", row.line))
        elif name not in seen:
            seen.add(name)
            index = lines[name]
            known.append((row, index))
            problems += [Problem(path, message, row.line) for message in _row_problems(row.values, file, index)]
            wrong = _vocabulary_fault(row.values, file, index)
            if wrong is not None:
                warnings.append(Problem(path, f"{name!r}: the answer {wrong}", row.line))
    problems += [Problem(path, message, line) for line, message in _moved(known, file)]
    problems += [
        Problem(path, f"the row {question.id!r} (line {question.line} of {file.path.name}) is missing")
        for question in file.questions
        if question.id not in seen
    ]
    problems.sort(key=lambda problem: (problem.line is None, problem.line or 0))
    return SubmissionCheck(len(rows), tuple(dict.fromkeys(problems)), tuple(warnings))


def _id(values: Mapping[str, Any]) -> str | None:
    name = values.get("video_id", values.get("id"))
    return name if isinstance(name, str) else None


def _row_problems(values: Mapping[str, Any], file: QuestionFile, index: int) -> Iterator[str]:
    """Compare a row with the row of the question file."""
    asked = file.rows[index].values
    for key in asked:
        if key not in values and key not in REQUIRED_KEYS[file.layout]:
            yield f"the key {key!r} is missing"
        elif key in values and key != _ANSWER and values[key] != asked[key]:
            yield f"{key!r} was changed: {_short(values[key])} instead of {_short(asked[key])}"
    for key in values:
        if key not in asked:
            yield f"the key {key!r} is not in the question file; take it out"
    answer = values.get(_ANSWER)
    if isinstance(answer, str) and not answer.strip():
        yield "the answer is empty"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _vocabulary_fault(values: Mapping[str, Any], file: QuestionFile, index: int) -> str | None:
    answer = values.get(_ANSWER)
    if not isinstance(answer, str) or not answer.strip():
        return None
    return fault(file.questions[index], answer)


def _moved(known: Sequence[tuple[_Row, int]], file: QuestionFile) -> Iterator[tuple[int, str]]:
    """Yield the rows that are out of order: those outside a longest increasing run of the given order."""
    kept = _longest_increasing([index for _, index in known])
    for place, (row, index) in enumerate(known):
        if place in kept:
            continue
        before = f"after {file.questions[index - 1].id!r}" if index else "at the beginning"
        yield row.line, f"the row {file.questions[index].id!r} is out of order: it belongs {before}"


def _longest_increasing(values: Sequence[int]) -> set[int]:
    """Return the places of a longest increasing subsequence (patience sorting)."""
    tails: list[int] = []
    tops: list[int] = []
    before: list[int | None] = []
    for place, value in enumerate(values):
        pile = bisect.bisect_left(tails, value)
        before.append(tops[pile - 1] if pile else None)
        if pile == len(tails):
            tails.append(value)
            tops.append(place)
        else:
            tails[pile], tops[pile] = value, place
    kept = set()
    place_or_none = tops[-1] if tops else None
    while place_or_none is not None:
        kept.add(place_or_none)
        place_or_none = before[place_or_none]
    return kept
