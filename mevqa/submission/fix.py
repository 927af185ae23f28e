"""A submission written anew in the official form, where only its form is wrong."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.official import QuestionFile
from mevqa.errors import InputError, Problem
from mevqa.files.json_rows import parse_row
from mevqa.files.whole import make_folder, write_whole
from mevqa.submission.archive import is_archive
from mevqa.submission.validator import AnswerFile, answers_of, check_submission, open_submission, plain_text
from mevqa.submission.writer import submission_name, write_archive

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')


@dataclass(frozen=True, slots=True)
class FixedSubmission:
    """A submission that was written anew, with its changes.

    Attributes:
        rows: Number of answers.
        changes: Differences from the original, one line each.
        warnings: Answers outside the vocabulary of their question type; they are as they were.
    """

    rows: int
    changes: tuple[str, ...]
    warnings: tuple[Problem, ...]


def fix_submission(
    predictions: Path, files: Sequence[QuestionFile], out: Path, *, strict: bool = False
) -> FixedSubmission:
    """Write the answers of a submission as the question files have their rows.

    Ids, questions and answers stay as they are; line ends, byte order mark, encoding, spaces, the order of keys,
    escapes, blank lines and the packing of a zip become those of the official files.

    Args:
        predictions: A file of answers, or a zip.
        files: The question files.
        out: A new file; a zip where the predictions are one.
        strict: Refuse answers outside the vocabulary too.

    Raises:
        InputError: Anything but the form is wrong; each problem is listed and nothing is written.
    """
    answers, archive = open_submission(predictions, files)
    packed = is_archive(predictions)
    if out.exists():
        raise InputError([Problem(out, "exists already; name a new file to write")])
    if packed != (out.suffix.lower() == ".zip"):
        raise InputError([Problem(out, "is not named like the submission: a zip becomes a .zip, a file a .jsonl")])
    check = check_submission(predictions, files)
    content = [problem for problem in check.problems if problem not in check.repairable]
    if content or (strict and check.warnings):
        raise InputError([*content, *(check.warnings if strict else ())])
    new_contents: dict[str, bytes] = {}
    changes = [f"packed anew: the zip {problem.message}" for problem in (*archive.repairable, *archive.cosmetic)]
    for answer_file in answers:
        new = answer_file.questions.render(answers_of(answer_file.content))
        name = submission_name(answer_file.questions.path) if packed else answer_file.path.name
        new_contents[name] = new
        changes += [f"{name}: {change}" if packed else change for change in _changes(answer_file, new)]
    make_folder(out.parent)
    if packed:
        ordered = {name: new_contents[name] for name in map(submission_name, (file.path for file in files))}
        write_archive(ordered, out)
    else:
        write_whole(out, next(iter(new_contents.values())))
    return FixedSubmission(check.rows, tuple(changes), check.warnings)


def _changes(answer_file: AnswerFile, new: bytes) -> list[str]:
    """Return how the bytes of a file of answers differ from the official form."""
    text, unread = plain_text(answer_file.content)
    changes = [] if unread is None else [f"it {unread}: now UTF-8 with LF"]
    if text.startswith(codecs.BOM_UTF8):
        text = text[len(codecs.BOM_UTF8) :]
        changes.append("the byte order mark is left out")
    lines = text.split(b"\n")
    windows = sum(line.endswith(b"\r") for line in lines)
    if windows:
        changes.append(f"{_count(windows, 'line ends', 'lines end')} with LF, not CR LF")
    rows = [line.rstrip(b"\r").decode() for line in lines]
    blank = sum(not row.strip() for row in rows[:-1]) + bool(rows[-1] and not rows[-1].strip())
    if blank:
        changes.append(f"{_count(blank, 'blank line is', 'blank lines are')} left out")
    counts: Counter[str] = Counter()
    # Only line feeds end a line: the other line ends of Unicode may stand inside a JSON string.
    for old, line in zip(
        (row for row in rows if row.strip()), new.decode().removesuffix("\n").split("\n"), strict=True
    ):
        counts.update(_row_changes(old, line))
    changes += [f"{name} in {_count(number, 'row', 'rows')}" for name, number in counts.items()]
    if text.endswith(b"\n") != new.endswith(b"\n"):
        changes.append("the last line ends like that of the question file")
    return changes


def _row_changes(old: str, new: str) -> list[str]:
    """Return what differs in one row, whose values are the same."""
    if old == new:
        return []
    changes = []
    if list(parse_row(old).values) != list(parse_row(new).values):
        changes.append("the order of keys")
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if sorted(before) != sorted(after):
        changes.append("escapes of characters")
    if _spaces(old) != _spaces(new):
        changes.append("spaces")
    return changes or ["spaces"]


def _spaces(row: str) -> list[str]:
    """Return the white space between the tokens of a row, sorted, so that the order of keys does not count."""
    return sorted(_TOKEN.sub("|", row).split("|"))


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
