"""Check anybody's submission against the question files: structure first, then the vocabulary of each question type."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mevqa.data.documents.encoding import decode_unicode, encoding_of, spoken_encoding
from mevqa.data.official import BLANK, MOST_LINES, REQUIRED_KEYS, QuestionFile, scan_question_bytes
from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.json_rows import parse_row
from mevqa.questions.answers import fault, normalise, read_answer
from mevqa.questions.question_types import question_type
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.questions.vocabulary import every_class
from mevqa.scoring.answers.answer_sources import was_truncated
from mevqa.submission.archive import Archive, is_archive, read_archive
from mevqa.submission.writer import submission_name
from mevqa.types import Reply

_ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class SubmissionCheck:
    """Result of checking a submission: problems and warnings.

    Attributes:
        rows: How many rows were checked.
        problems: Faults that make the submission invalid, in the order of the lines.
        warnings: Answers outside the vocabulary of their question type.
        cosmetic: Flaws that a scorer reads over: CR LF, a byte order mark, files of the operating system in a zip.
        repairable: Those of the problems that concern the form only, not the answers.
    """

    rows: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    cosmetic: tuple[Problem, ...] = ()
    repairable: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file of answers and the questions that it answers.

    Attributes:
        path: Where it was read; inside a zip ``ZIP/NAME``.
        content: As it was read.
        questions: The question file.
    """

    path: Path
    content: bytes
    questions: QuestionFile


#: Line and values of a row.
_Row: TypeAlias = tuple[int, Mapping[str, Any]]


def check_submission(predictions: Path, files: Sequence[QuestionFile]) -> SubmissionCheck:
    """Check a file of answers, or a zip of several.

    Args:
        predictions: A JSON-lines file, checked against the question file that it belongs to; or a zip, which must
            hold the answers to every question file under their official names.
        files: The question files.

    Raises:
        InputError: The predictions cannot be read at all.
    """
    answers, archive = open_submission(predictions, files)
    checks = [_check_file(answer_file) for answer_file in answers]
    return SubmissionCheck(
        sum(check.rows for check in checks),
        (*archive.problems, *(problem for check in checks for problem in check.problems)),
        tuple(warning for check in checks for warning in check.warnings),
        (*archive.cosmetic, *(problem for check in checks for problem in check.cosmetic)),
        (*archive.repairable, *(problem for check in checks for problem in check.repairable)),
    )


def open_submission(predictions: Path, files: Sequence[QuestionFile]) -> tuple[list[AnswerFile], Archive]:
    """Open a submission: return its files of answers, and the zip that holds them with its problems.

    Args:
        predictions: A JSON-lines file, or a zip.
        files: The question files.

    Raises:
        InputError: The predictions cannot be read at all.
    """
    if predictions.is_dir():
        raise InputError([Problem(predictions, "is a folder; name the zip or a file of answers in it")])
    if not predictions.is_file():
        raise InputError([Problem(predictions, "is no file")])
    try:
        if not is_archive(predictions):
            content = read_file(predictions)
            return [AnswerFile(predictions, content, _belonging(predictions, _read_rows(content), files))], Archive()
    except OSError as error:
        raise InputError([Problem(predictions, f"cannot be read: {error.strerror or error}")]) from error
    expected = {submission_name(file.path): file for file in files}
    archive = read_archive(predictions, tuple(expected))
    return [
        AnswerFile(predictions / name, content, expected[name]) for name, content in archive.members.items()
    ], archive


def plain_text(content: bytes) -> tuple[bytes, str | None]:
    """Convert a text that no scorer reads to UTF-8 with line feeds; return it and what was wrong with it, else None.

    A byte order mark of UTF-8 and CR LF stay: they are read all the same.
    """
    encoding = encoding_of(content)
    if not encoding.startswith("utf-8"):
        try:
            return decode_unicode(content).encode(), f"is {spoken_encoding(encoding)}, not UTF-8"
        except ValueError:
            return content, None
    if b"\r" in content and b"\n" not in content:
        return content.replace(b"\r", b"\n"), "ends its lines with CR alone, not with LF"
    return content, None


def answers_of(content: bytes) -> dict[str, str]:
    """Return the answers by question id of a file without problems."""
    answers: dict[str, str] = {}
    for _, values in _read_rows(content):
        name, answer = _id(values), values.get(_ANSWER)
        if name is not None and isinstance(answer, str):
            answers[name] = answer
    return answers


def _read_rows(content: bytes) -> list[_Row]:
    """Return every row that is a JSON object; the scan of the questions reports the others."""
    rows = []
    for line, text in enumerate(plain_text(content)[0].split(b"\n", MOST_LINES), 1):
        if not text.strip():
            continue
        try:
            rows.append((line, parse_row(text.decode("utf-8-sig").rstrip("\r")).values))
        except ValueError:
            continue
    return rows


def _belonging(path: Path, rows: Sequence[_Row], files: Sequence[QuestionFile]) -> QuestionFile:
    """Return the question file that the answers belong to: by the official name, else by the most rows in common.

    Ids alone do not tell: the files of 2025 and 2026 share them.
    """
    same_name = [file for file in files if file.path.name.endswith(".jsonl") and _official_name(file) == path.name]
    if len(same_name) == 1:
        return same_name[0]
    texts = [(_id(values), values.get("question")) for _, values in rows]
    answered = {(name, text) for name, text in texts if name is not None and isinstance(text, str)}
    return max(files, key=lambda file: sum((question.id, question.text) in answered for question in file.questions))


def _official_name(file: QuestionFile) -> str | None:
    try:
        return submission_name(file.path)
    except InputError:
        return None


def _check_file(answer_file: AnswerFile) -> SubmissionCheck:
    """Check the rows of one file."""
    path, file = answer_file.path, answer_file.questions
    text, unread = plain_text(answer_file.content)
    scan = scan_question_bytes(path, text)
    if scan.foreign:
        return SubmissionCheck(0, scan.problems, ())
    rows = _read_rows(answer_file.content)
    problems = list(scan.problems)
    repairable = [problem for problem in problems if problem.message == BLANK]
    if unread is not None:
        repairable.insert(0, Problem(path, unread))
        problems.insert(0, repairable[0])
    reported = {problem.line for problem in problems}
    lines = {question.id: index for index, question in enumerate(file.questions)}
    positions: list[tuple[int, int]] = []
    warnings: list[Problem] = []
    seen_ids: set[str] = set()
    for line, values in rows:
        name = _id(values)
        if name is None:
            if line not in reported:
                problems.append(Problem(path, "has no id", line))
        elif name not in lines:
            problems.append(Problem(path, f"the id {name!r} is not in {file.path.name}", line))
        elif name not in seen_ids:
            seen_ids.add(name)
            index = lines[name]
            positions.append((line, index))
            problems += [Problem(path, message, line) for message in _row_problems(values, file, index)]
            vocabulary_fault = _vocabulary_fault(values, file, index)
            if vocabulary_fault is not None:
                warnings.append(Problem(path, f"{name!r}: the answer {vocabulary_fault}", line))
    problems += [Problem(path, message, line) for line, message in _moved(positions, file)]
    problems += [
        Problem(path, f"the row {question.id!r} (line {question.line} of {file.path.name}) is missing")
        for question in file.questions
        if question.id not in seen_ids
    ]
    problems.sort(key=lambda problem: (problem.line is None, problem.line or 0))
    return SubmissionCheck(len(rows), tuple(dict.fromkeys(problems)), tuple(warnings), scan.warnings, tuple(repairable))


def _id(values: Mapping[str, Any]) -> str | None:
    name = values.get("video_id", values.get("id"))
    return name if isinstance(name, str) else None


def _row_problems(values: Mapping[str, Any], file: QuestionFile, index: int) -> Iterator[str]:
    """Compare a row with the row of the question file."""
    expected = file.rows[index].values
    for key in expected:
        if key not in values and key not in REQUIRED_KEYS[file.layout]:
            yield f"the key {key!r} is missing"
        elif key in values and key != _ANSWER and values[key] != expected[key]:
            yield f"{key!r} was changed: {_short(values[key])} instead of {_short(expected[key])}"
    for key in values:
        if key not in expected:
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
    question = file.questions[index]
    reason = fault(question, answer)
    if reason is None:
        return None
    reading = read_answer(question, answer, truncated=was_truncated(values))
    if reading.unusable is not None:
        return f"{reason}; `mevqa score` cannot use it: {UNUSABLE_MEANING[reading.unusable]}"
    read = (
        normalise(question, Reply(answer), every_class()) if question_type(question.type).metric == "classes" else None
    )
    return reason if read is None else f"{reason}; `mevqa score` reads {read!r}"


def _moved(positions: Sequence[tuple[int, int]], file: QuestionFile) -> Iterator[tuple[int, str]]:
    """Yield line and message of the rows that are out of order: those outside a longest increasing run.

    Args:
        positions: Line in the answers, and index among the questions, of each row.
        file: The question file.
    """
    in_order = _longest_increasing([index for _, index in positions])
    for place, (line, index) in enumerate(positions):
        if place in in_order:
            continue
        before = f"after {file.questions[index - 1].id!r}" if index else "at the beginning"
        yield line, f"the row {file.questions[index].id!r} is out of order: it belongs {before}"


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
    places = set()
    place_or_none = tops[-1] if tops else None
    while place_or_none is not None:
        places.add(place_or_none)
        place_or_none = before[place_or_none]
    return places
