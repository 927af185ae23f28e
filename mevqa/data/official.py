"""The official question files of MEGC 2025 and 2026: JSON lines, read whole or not at all, written back byte for byte.

Two layouts exist. Training rows: ``id, dataset, image_id, subject, filename, question, answer``. Test rows and
submissions: ``video_id, video, question, answer``.
"""

from __future__ import annotations

import codecs
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mevqa.data.clip_facts import ClipFacts
from mevqa.data.documents.foreign_formats import convert_command, foreign_format
from mevqa.datasets import canonical_dataset, is_dataset
from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.json_rows import JsonRow, parse_row
from mevqa.questions.question_types import asks_long_video, parse_question
from mevqa.types import Question

if TYPE_CHECKING:
    import pandas

_log = logging.getLogger(__name__)

Layout = Literal["train", "test"]
Task = Literal["vqa", "lvqa"]

#: Keys that a row must have; ``subject`` and ``filename`` of training rows may be missing in files of one's own.
REQUIRED_KEYS: Mapping[Layout, tuple[str, ...]] = {
    "train": ("id", "dataset", "image_id", "question", "answer"),
    "test": ("video_id", "video", "question", "answer"),
}
#: Columns of ``QuestionFile.to_pandas``, as ``Run.to_pandas`` has them, and what each holds of a question.
_COLUMNS: Mapping[str, str] = {
    "question_id": "id",
    "clip_id": "clip_id",
    "dataset": "dataset",
    "subject": "subject",
    "type": "type",
    "question": "text",
    "reference": "reference",
    "action_unit": "action_unit",
    "ordinal": "ordinal",
    "kind": "kind",
    "line": "line",
}
#: The problem of a line without a row.
BLANK = "the line is blank; delete it"
#: Many times the questions of all official files; more take minutes and gigabytes.
MOST_LINES = 1_000_000
#: Most characters of a text; longer ones are no questions and no names, and would be read for minutes.
_LONGEST = {"question": 20_000, "answer": 100_000}
_LONGEST_NAME = 1_000
#: What ends lines, or moves the cursor of a terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")
_ID_KEY: Mapping[Layout, str] = {"train": "id", "test": "video_id"}
_CLIP_KEY: Mapping[Layout, str] = {"train": "image_id", "test": "video"}


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """A question file without problems.

    Attributes:
        path: Where it was read.
        questions: One a row, in the order of the file.
        layout: ``train`` or ``test``.
        task: ``vqa`` (short clips) or ``lvqa`` (long videos).
        dataset: Data set of the questions; ``mixed`` when they are of several.
        rows: The rows as they are written, in the order of the questions.
        ends: What ends each row: a line feed, or nothing for a last row without one.
    """

    path: Path
    questions: tuple[Question, ...]
    layout: Layout
    task: Task
    dataset: str
    rows: tuple[JsonRow, ...]
    ends: tuple[str, ...]

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """The clips asked about, in the order of their first question."""
        return tuple(dict.fromkeys(question.clip_id for question in self.questions))

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with a row a question: its clip, its type, its words and, where it is known, its answer."""
        # Half a second of import that only who wants a table should pay.
        import pandas

        rows = [{column: getattr(question, name) for column, name in _COLUMNS.items()} for question in self.questions]
        return pandas.DataFrame(rows, columns=list(_COLUMNS))

    def without_rows(self) -> QuestionFile:
        """Return the file for who only asks: rows take more memory than all that is made of them."""
        return replace(self, rows=(), ends=())

    def render(self, answers: Mapping[str, str]) -> bytes:
        r"""Return the file with answers filled in; everything else keeps its bytes.

        Separators, key order, escapes and the final line feed (or its absence) stay as each row has them. A row
        without characters beyond ASCII takes the escaping of the rest of the file, ``\uXXXX`` by default.

        Args:
            answers: Answer by question id; rows without one stay as they are. Empty: the bytes of the file.

        Raises:
            KeyError: An id is not in the file.
        """
        unknown = answers.keys() - {question.id for question in self.questions}
        if unknown:
            raise KeyError(f"{self.path} has no question with the id {sorted(unknown)[0]!r}")
        file_escapes = all(row.text.isascii() for row in self.rows)
        lines = []
        for question, row, end in zip(self.questions, self.rows, self.ends, strict=True):
            text = row.text
            if question.id in answers:
                escape = text.isascii() and (file_escapes or _ESCAPE.search(text) is not None)
                text = row.replace("answer", answers[question.id], escape=escape)
            lines.append(text + end)
        return "".join(lines).encode("utf-8")


@dataclass(frozen=True, slots=True)
class QuestionScan:
    """The readable rows of a question file, and everything that is wrong with the file.

    Attributes:
        file: The file, with only the rows that have no problems.
        problems: In the order of the lines; empty exactly when the file is good.
        warnings: What was read all the same: a byte order mark, CR LF line ends.
        foreign: Whether it is a file of another format, or far too long: nothing of it was read.
    """

    file: QuestionFile
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    foreign: bool = False


def read_questions(path: Path | str) -> QuestionFile:
    """Read a question file or a submission.

    A byte order mark and CR LF line ends are left out.

    Raises:
        InputError: Every problem of the file, with line numbers: unreadable, not UTF-8, blank lines, broken JSON,
            missing or mixed keys, empty or doubled ids, empty questions, clip ids that leave the media folder. A file
            in the format of another toolkit is one problem, which names the command that converts it.
    """
    scan = scan_questions(path)
    if scan.problems:
        raise InputError(scan.problems)
    _log.debug("%s: %d questions", path, len(scan.file.questions))
    return scan.file


def read_question_files(paths: Sequence[Path | str]) -> list[QuestionFile]:
    """Read question files.

    Raises:
        InputError: Every problem of all of them.
    """
    files: list[QuestionFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(read_questions(path))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return files


def scan_questions(path: Path | str) -> QuestionScan:
    """Read what can be read of a question file, and return its problems instead of raising them."""
    path = Path(path)
    if path.is_dir():
        return _nothing(Problem(path, "cannot be read: it is a folder, not one of mevqa prepare; name a file in it"))
    try:
        data = read_file(path)
    except OSError as error:
        return _nothing(Problem(path, f"cannot be read: {error.strerror or error}"))
    return scan_question_bytes(path, data)


def scan_question_bytes(path: Path, data: bytes) -> QuestionScan:
    """Read what can be read of the content of a question file, as ``scan_questions`` does.

    Args:
        path: Name of the file, for the problems and for what its name tells.
        data: The content.
    """
    foreign = foreign_format(path, data)
    if foreign is not None:
        return replace(_nothing(foreign), foreign=True)
    if (count := data.count(b"\n")) > MOST_LINES:
        message = f"has {count:,} lines; at most {MOST_LINES:,} can be read: divide the file"
        return replace(_nothing(Problem(path, message)), foreign=True)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    lines = _split_lines(path, data, problems, warnings)
    del data  # What is read of large files is more than enough.
    rows: list[tuple[int, JsonRow, str]] = []
    for line, (text, end) in enumerate(lines, 1):
        if text is None:
            continue
        if not text.strip():
            problems.append(Problem(path, BLANK, line))
            continue
        try:
            rows.append((line, parse_row(text), end))
        except ValueError as error:
            problems.append(Problem(path, str(error), line))
    if not lines and not problems:
        problems.append(Problem(path, "is empty; a question file has one JSON object a line"))
    del lines
    layout = _layout(row for _, row, _ in rows)
    line_of_id: dict[str, int] = {}
    clip_facts = ClipFacts()
    good: list[tuple[Question, JsonRow, str]] = []
    for line, row, end in rows:
        messages = _row_problems(row.values, layout)
        key = row.values.get(_ID_KEY[layout])
        if isinstance(key, str) and key in line_of_id:
            messages.append(f"the id {key!r} stands in line {line_of_id[key]} already")
        elif isinstance(key, str):
            line_of_id[key] = line
        if not messages:
            question = _question(row.values, layout, line, path)
            messages += clip_facts.add(question)
            good += [] if messages else [(question, row, end)]
        problems.extend(Problem(path, message, line) for message in messages)
    questions = tuple(question for question, _, _ in good)
    datasets = {question.dataset for question in questions}
    file = QuestionFile(
        path=path,
        questions=questions,
        layout=layout,
        task=_task(path, questions),
        dataset=datasets.pop() if len(datasets) == 1 else "mixed",
        rows=tuple(row for _, row, _ in good),
        ends=tuple(end for _, _, end in good),
    )
    return QuestionScan(file, tuple(sorted(problems, key=lambda problem: problem.line or 0)), tuple(warnings))


def _nothing(problem: Problem) -> QuestionScan:
    """Return the scan of a file of which nothing can be read."""
    empty = QuestionFile(Path(problem.path), (), "train", "vqa", "mixed", (), ())
    return QuestionScan(empty, (problem,))


def _split_lines(
    path: Path, data: bytes, problems: list[Problem], warnings: list[Problem]
) -> list[tuple[str | None, str]]:
    """Return each line and its end; a line that is not UTF-8 is a problem and comes as None."""
    if data.startswith(codecs.BOM_UTF8):
        warnings.append(Problem(path, "starts with a byte order mark, which some readers refuse", 1))
        data = data[len(codecs.BOM_UTF8) :]
    lines: list[tuple[str | None, str]] = []
    windows: list[int] = []
    undecoded: list[tuple[int, int]] = []
    # Only line feeds end a line: the other line ends of Unicode may stand inside a JSON string.
    for number, match in enumerate(re.finditer(rb"[^\n]*\n|[^\n]+", data), 1):
        piece = match[0]
        body, end = (piece[:-1], "\n") if piece.endswith(b"\n") else (piece, "")
        if body.endswith(b"\r"):
            windows.append(number)
            body = body[:-1]
        try:
            lines.append((body.decode("utf-8"), end))
        except UnicodeDecodeError as error:
            undecoded.append((number, error.start + 1))
            lines.append((None, end))
    if undecoded:
        problems.append(_not_utf8(path, undecoded))
    if windows:
        count = f"{len(windows)} lines end" if len(windows) > 1 else "the line ends"
        warnings.append(Problem(path, f"{count} with CR LF (Windows), those of the official files with LF", windows[0]))
    return lines


def _not_utf8(path: Path, places: Sequence[tuple[int, int]]) -> Problem:
    """Return the one problem of lines in another encoding, with the command that writes the file in UTF-8.

    Args:
        path: The file; the content may be a member of an archive, which is no file.
        places: Line and first byte at fault, both 1-based.
    """
    line, byte = places[0]
    more = f" ({len(places)} lines are not)" if len(places) > 1 else ""
    mend = f"write it anew: {convert_command(path)}" if path.is_file() else "save it as UTF-8"
    return Problem(path, f"is not UTF-8 at byte {byte} of the line{more}; {mend}", line)


def _layout(rows: Iterable[JsonRow]) -> Layout:
    """Return the layout that most rows have."""
    votes = [("video_id" in row.values or "video" in row.values) for row in rows]
    return "test" if 2 * sum(votes) > len(votes) else "train"


def _row_problems(values: Mapping[str, Any], layout: Layout) -> list[str]:
    """Return what is wrong with one row by itself."""
    other: Layout = "train" if layout == "test" else "test"
    if any(key not in values for key in REQUIRED_KEYS[layout]) and all(key in values for key in REQUIRED_KEYS[other]):
        return [f"is a row of the {other} layout in a file of the {layout} layout"]
    messages = []
    for key in REQUIRED_KEYS[layout]:
        value = values.get(key)
        if key not in values:
            messages.append(f"the key {key!r} is missing")
        elif not isinstance(value, str):
            messages.append(f"{key!r} must be a text in double quotes, not {json.dumps(value)[:40]}")
        elif not value.strip() and key != "answer":
            messages.append(f"{key!r} is empty")
        elif len(value) > (most := _LONGEST.get(key, _LONGEST_NAME)):
            messages.append(f"{key!r} has {len(value):,} characters; at most {most:,} can be read")
        elif key in (_ID_KEY[layout], _CLIP_KEY[layout]) and (control := _CONTROL.search(value)):
            messages.append(f"{key!r} holds the control character {control[0]!r}, which no name has")
    if not isinstance(values.get("subject", ""), (str, int)):
        messages.append(f"'subject' must be a text, not {json.dumps(values['subject'])[:40]}")
    clip = values.get(_CLIP_KEY[layout])
    if isinstance(clip, str) and clip.strip() and leaves_folder(clip):
        messages.append(f"the clip {clip!r} leads out of the media folder; use a name or a path below it")
    return messages


def leaves_folder(clip_id: str) -> bool:
    """Whether a clip id, read as a path, could lead out of the folder that holds the media."""
    parts = re.split(r"[/\\]", clip_id)
    drive = re.match("[A-Za-z]:", clip_id) is not None
    return ".." in parts or parts[0] in ("", "~") or drive or "\0" in clip_id


def _question(values: Mapping[str, Any], layout: Layout, line: int, path: Path) -> Question:
    parsed = parse_question(values["question"])
    subject = values.get("subject")
    return Question(
        id=values[_ID_KEY[layout]],
        clip_id=values[_CLIP_KEY[layout]],
        text=sys.intern(values["question"]),
        type=parsed.type,
        action_unit=parsed.action_unit,
        ordinal=parsed.ordinal,
        plural=parsed.plural,
        dataset=canonical_dataset(values["dataset"]) if layout == "train" else _test_dataset(values["video_id"], path),
        subject=None if subject is None else str(subject),
        reference=values["answer"] if values["answer"].strip() else None,
        line=line,
        kind=parsed.kind,
        between_s=parsed.between_s,
    )


def _test_dataset(row_id: str, path: Path) -> str:
    """Return the data set that a test row's id begins with (``samm_test_SAMM-1_1``), else one in its file's name."""
    prefix = re.match(r"([a-z]+\d?)_", row_id)
    if prefix and is_dataset(prefix[1]):
        return canonical_dataset(prefix[1])
    parts = path.name.lower().split("_")
    return next((canonical_dataset(part) for part in parts if is_dataset(part)), "unknown")


def _task(path: Path, questions: tuple[Question, ...]) -> Task:
    """Tell short clips from long videos by the official file name, else by what most questions ask."""
    match = re.match(r"me_(l?vqa)_", path.name)
    if match:
        return "lvqa" if match[1] == "lvqa" else "vqa"
    long = sum(asks_long_video(question) for question in questions)
    return "lvqa" if 2 * long > len(questions) else "vqa"
