"""The log of a run: one answer a line, in one file, or in one for each process that answers a part of the clips."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import open_file
from mevqa.files.json_rows import parse_row
from mevqa.files.system_errors import reading
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.questions.values import from_json, to_json
from mevqa.types import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Its name in a run folder, and of the logs of processes that share a run.
ANSWERS = "answers.jsonl"
PART_LOGS = "answers-*-of-*.jsonl"


#: Kinds of the values in the log, the usual one first.
_KINDS: Mapping[str, tuple[type, ...]] = {
    "question_id": (str,),
    "text": (str,),
    "raw": (str, NoneType),
    "error": (str, NoneType),
    "options": (dict, NoneType),
    "confidence": (float, int, NoneType),
    "seconds": (float, int),
    "warnings": (list,),
    "evidence": (list,),
    "truncated": (bool,),
    "unusable": (str, NoneType),
    "shots": (list,),
    "thought": (str, NoneType),
    "samples": (list,),
}
_KIND_NAMES = {str: "a text", dict: "an object of numbers", float: "a number", list: "a list", bool: "true or false"}


def line_of(answer: Answer) -> str:
    """Return the answer's line: the fields that are set, and always id and text."""
    content = {
        key: value
        for key, value in asdict(answer).items()
        if key != "value"
        and (
            key in ("question_id", "text") or value not in (None, (), 0.0, False) or (key, value) == ("confidence", 0.0)
        )
    }
    if answer.value is not None:
        content["value"] = to_json(answer.value)
    return json.dumps(content, ensure_ascii=False) + "\n"


def read_logs(run: Path, with_values: bool) -> tuple[dict[str, Answer], dict[str, int]]:
    """Read all logs of a run, each question once.

    Of several answers to a question the last one holds; of those in several logs one that is none (an error) never
    takes the place of another: the clip was answered by the process that came after.

    Args:
        run: The run folder.
        with_values: Whether what answers say is taken from the log.

    Returns:
        The answers, and the lines of those that stand in ``answers.jsonl``.

    Raises:
        InputError: Every line that is no answer.
    """
    answers, lines = _read_answers(run / ANSWERS, with_values)
    for log in sorted(run.glob(PART_LOGS)):
        for name, answer in _read_answers(log, with_values)[0].items():
            if name not in answers or answer.error is None or answers[name].error is not None:
                answers[name] = answer
                lines.pop(name, None)
    return answers, lines


def _read_answers(log: Path, with_values: bool) -> tuple[dict[str, Answer], dict[str, int]]:
    """Read the log, answers and their lines; a later answer to the same question replaces an earlier one."""
    answers: dict[str, Answer] = {}
    lines: dict[str, int] = {}
    if not log.exists():
        return answers, lines
    if log.is_dir():
        raise InputError([Problem(log, "is a folder, not the log of a run")])
    problems = []
    with reading(log):
        stream = open_file(log)
    with stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break  # The line that a kill tore: its clip is answered again.
            try:
                answer = _answer(line, with_values)
            except (ValueError, TypeError) as error:
                problems.append(Problem(log, f"is not an answer: {error}", number))
                continue
            answers[answer.question_id] = answer
            lines[answer.question_id] = number
    if problems:
        raise InputError(problems)
    return answers, lines


def torn_line(run: Path) -> str | None:
    """Warn of an unfinished last line in a run's logs, which is no error and not counted; None where all are whole.

    Args:
        run: The run folder.
    """
    for path in (run / ANSWERS, *sorted(run.glob(PART_LOGS))):
        with suppress(OSError), open_file(path) as log:
            log.seek(-1, os.SEEK_END)
            if log.read(1) != b"\n":
                return (
                    f"the last line of {run.name}/{path.name} is not finished and was left out: mevqa eval is still "
                    "writing, or was killed (the same command goes on)"
                )
    return None


def _answer(line: bytes, with_value: bool) -> Answer:
    """Return the answer of a line of the log."""
    try:
        content = dict(parse_row(line.decode("utf-8").rstrip("\r\n")).values)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None
    for key, kinds in _KINDS.items():
        if key not in content and key in ("question_id", "text"):
            raise ValueError(f"the key {key!r} is missing")
        if key in content and not isinstance(content[key], kinds):
            raise ValueError(f"{key!r} must be {_KIND_NAMES[kinds[0]]}, not {json.dumps(content[key])[:40]}")
    for key in ("warnings", "evidence", "shots", "samples"):
        content[key] = tuple(content.get(key, ()))
        if not all(isinstance(item, str) for item in content[key]):
            raise ValueError(f"{key!r} must be a list of texts")
    if options := content.get("options"):
        if not all(isinstance(value, (int, float)) for value in options.values()):
            raise ValueError("'options' must be an object of numbers")
        # The same few labels in every row.
        content["options"] = {sys.intern(name): value for name, value in options.items()}
    if content.get("unusable") not in (None, *UNUSABLE_MEANING):
        raise ValueError(f"'unusable' is none of {', '.join(UNUSABLE_MEANING)}")
    value = content.pop("value", None)
    content["value"] = from_json(value) if with_value else None
    return Answer(**content)


def drop_torn_line(log: Path) -> None:
    """Cut the log back to its last complete line."""
    content = log.read_bytes()
    complete = content.rfind(b"\n") + 1
    if complete != len(content):
        with log.open("r+b") as stream:
            stream.truncate(complete)
