"""Recognise files of questions in the formats of other toolkits, and name the command that converts them."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from mevqa.data.documents.encoding import encoding_of, spoken_encoding
from mevqa.data.documents.keys import answers_alone, keys_of
from mevqa.data.documents.records import (
    Document,
    Record,
    container_of,
    has_question_column,
    read_document,
    table_document,
)
from mevqa.errors import InputError, Problem
from mevqa.files.json_rows import parse_row
from mevqa.files.signatures import file_kind
from mevqa.files.tables.sheets import is_workbook, read_sheets
from mevqa.files.text import decode_text

#: What the records of a file are. ``plain``: question rows with other keys, or without ids.
Form = Literal["official", "plain", "llava", "sharegpt", "openai", "swift", "alpaca", "answers"]

#: Records that are looked at to tell the form; the rest of a file is as its beginning.
_SAMPLE = 20
_FORM_NAMES: Mapping[Form, str] = {
    "official": "question rows",
    "plain": "question rows with other keys",
    "llava": "LLaVA records",
    "sharegpt": "ShareGPT records",
    "openai": "OpenAI chat records",
    "swift": "query-response records (ms-swift)",
    "alpaca": "Alpaca records",
    "answers": "answers without their questions",
}


def form_of(values: Mapping[str, Any]) -> Form | None:
    """Return the form of one record by its keys, None for one without a question."""
    if _is_official(values):
        return "official"
    if isinstance(values.get("body"), dict) and "messages" in values["body"]:
        return "openai"
    if "messages" in values:
        listed = keys_of(values, "images") or keys_of(values, "videos")
        return "sharegpt" if listed else "openai"
    if keys_of(values, "turns"):
        return "llava" if isinstance(values.get("image", values.get("video")), (str, list)) else "sharegpt"
    if not {"image", "question", "query", "instruction", "conversations"} & values.keys() and _is_answer(values):
        return "answers"
    if "instruction" in values:
        return "alpaca"
    if "query" in values:
        return "swift"
    return "plain" if keys_of(values, "question") and _names_clip(values) else None


def _is_answer(values: Mapping[str, Any]) -> bool:
    """Whether a record is what a model said and not what it was asked (``prompt`` is the filled template of both)."""
    if "choices" in values or isinstance(values.get("response"), dict):
        return True
    if {"question_id", "text"} <= values.keys() or {"predict", "prediction", "pred"} & values.keys():
        return True
    return answers_alone(values)


def _is_official(values: Mapping[str, Any]) -> bool:
    """Whether a row has the keys that tell an official layout; what else it lacks is said line by line."""
    keys = values.keys()
    return "question" in keys and ({"id", "image_id"} <= keys or {"video_id", "video"} <= keys)


def _names_clip(values: Mapping[str, Any]) -> bool:
    return any(keys_of(values, field) for field in ("clip", "images", "videos")) or "video_id" in values


def form_of_records(records: Sequence[Record]) -> Form | None:
    """Return the form of a file: official as soon as one row is, else what the first recognised record is."""
    forms = [form_of(record.values) for record in records[:_SAMPLE]]
    if "official" in forms:
        return "official"
    return next((form for form in forms if form is not None), None)


def describe(document: Document, form: Form | None) -> str:
    """Return what a file is (``a JSON array of LLaVA records``), with its article."""
    records = _FORM_NAMES[form] if form is not None else "records"
    if document.container == "array":
        return f"a JSON array of {records}"
    if document.container == "object" and document.member is None:
        return f"a JSON object of {records} by id"
    if document.container == "object":
        return f"a JSON object whose list {document.member!r} holds {records}"
    if document.container == "sequence":
        return f"JSON over several lines ({records})"
    return f"a table of {records}" if document.container == "table" else f"a file of {records}"


def foreign_format(path: Path, data: bytes) -> Problem | None:
    """Return the one line about a file that is no official question file but can be converted into one.

    Args:
        path: Where it was read, for the message.
        data: Its content.

    Returns:
        None for a file in the official layout, also a damaged one, and for what is not recognised.
    """
    if (document := workbook_document(path, data)) is not None:
        return _foreign(path, document, form_of_records(document.records))
    kind = file_kind(data[:512])
    if kind is not None:
        return Problem(path, f"is {kind}, not a text of questions; one JSON object a line is expected")
    encoding = encoding_of(data)
    try:
        text = decode_text(data)
    except ValueError as error:
        return None if encoding.startswith("utf-8") else Problem(path, str(error))
    if not encoding.startswith("utf-8"):
        return Problem(path, f"is {spoken_encoding(encoding)}, not UTF-8; write it anew: {convert_command(path)}")
    if container_of(text) == "lines":
        document = Document("lines", _first_records(text))
        form = form_of_records(document.records)
        if form == "official" or (form is None and not _several_lists(document.records)):
            return None
    else:
        document = read_document(text)
        form = form_of_records(document.records)
    return _foreign(path, document, form)


def _foreign(path: Path, document: Document, form: Form | None) -> Problem:
    """Return the problem of a file in the format of another toolkit: what it is, and how to convert it."""
    if form == "answers" and (path.parent / "manifest.json").is_file():
        return Problem(path, f"is the log of a run; name its folder: {path.parent}")
    what = describe(document, form)
    if document.problems:
        line, message = document.problems[0]
        return Problem(path, f"looks like {what}, but {message}", line)
    if form is None and (parts := _several_lists(document.records)):
        message = f"is a JSON object with the lists {parts}; write one of them to a file of its own and convert that"
        return Problem(path, message)
    if form is None:
        return Problem(path, f"is {what} without questions; one JSON object a line is expected")
    command = convert_command(path) + (" --questions QUESTIONS" if form == "answers" else "")
    expected = "of official question rows" if document.container == "lines" else "one question row a line"
    return Problem(path, f"is {what}, not {expected}; convert it: {command}")


def _several_lists(records: Sequence[Record]) -> str:
    """Return the names of the lists of objects that the only record of a file holds (``'train', 'test'``)."""
    if len(records) != 1:
        return ""
    values = records[0].values
    return ", ".join(
        repr(key)
        for key, value in values.items()
        if isinstance(value, list) and value[:1] and isinstance(value[0], dict)
    )


def workbook_document(path: Path, data: bytes) -> Document | None:
    """Return the records of a spreadsheet with a column of questions, None for any other file."""
    if not is_workbook(data):
        return None
    try:
        sheets = read_sheets(path, data)
    except InputError:
        return None
    question_sheets = [sheet for sheet in sheets if sheet.rows and has_question_column(sheet.rows[0][1])]
    return table_document(question_sheets[0].rows, "") if question_sheets else None


def convert_command(path: Path) -> str:
    """Return the command that converts a file into the official layout."""
    new = path.with_suffix(".jsonl")
    if new == path:
        new = path.with_name(f"{path.stem}_official.jsonl")
    return f"mevqa convert {shlex.quote(str(path))} {shlex.quote(str(new))}"


def _first_records(text: str) -> list[Record]:
    """Return the first rows that can be read, for telling their form."""
    records: list[Record] = []
    at = 0
    for number in range(1, 3 * _SAMPLE):
        end = text.find("\n", at)
        line = text[at:] if end < 0 else text[at:end]
        with contextlib.suppress(ValueError):
            records.append(Record(number, parse_row(line.rstrip("\r")).values))
        if end < 0 or len(records) == _SAMPLE:
            break
        at = end + 1
    return records
