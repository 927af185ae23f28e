"""Official question rows from the records of other toolkits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mevqa.data.conversion.media_paths import name_clips
from mevqa.data.conversion.turns import Conversation, read_turns
from mevqa.data.documents.foreign_formats import Form, form_of_records
from mevqa.data.documents.keys import first_of, keys_of
from mevqa.data.documents.records import Document, Record
from mevqa.files.json_rows import parse_row

#: Holds a row as it was written, where the other fields of a record could not give it back byte for byte.
ROW_KEY = "official_row"
#: Keys whose numbers become texts.
_TEXTS = ("id", "video_id", "image_id", "video")


@dataclass(slots=True)
class Rows:
    """Rows in the official layout, and what is wrong with the records.

    Attributes:
        rows: In the order of the file; a row is a text where its own bytes are known.
        lines: Where each row comes from.
        problems: Line and message.
        notes: What was made or changed, one sentence each.
    """

    rows: list[Mapping[str, Any] | str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _RecordParts:
    """One record taken apart: its conversation, the paths of its media, and its other fields."""

    record: Record
    conversation: Conversation
    media: list[str]
    other_fields: dict[str, Any]


def rows_of(document: Document, dataset: str | None = None) -> tuple[Rows, Form | None]:
    """Return the official rows of a file's records, and the records' form.

    Rows are of the training layout where every record names its data set (or ``dataset`` is given), else of the test
    layout.

    Args:
        document: The records.
        dataset: Data set of records that name none.
    """
    converted = Rows(problems=list(document.problems))
    form = form_of_records(document.records)
    if form == "official":
        for record in document.records:
            converted.rows.append(_official(record.values, dataset))
            converted.lines.append(record.line)
        _note_changes(document.records, converted)
        return converted, form
    parts: list[_RecordParts] = []
    for record in document.records:
        try:
            parts.append(_read(_unwrapped(record)))
        except ValueError as error:
            converted.problems.append((record.line, str(error)))
    _add_rows(parts, dataset, converted)
    return converted, form


def _official(values: Mapping[str, Any], dataset: str | None) -> dict[str, Any] | str:
    """Return a row that has the official keys; ids and clips that are numbers become texts, no answer an empty one."""
    row: dict[str, Any] = {}
    for key, value in values.items():
        if key in ("image_id", "question") and dataset and "image_id" in values and "dataset" not in {*values, *row}:
            row["dataset"] = dataset
        if key in _TEXTS and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if key != ROW_KEY:
            row[key] = value
    row.setdefault("answer", "")
    return _as_written(values, row) if isinstance(row["answer"], str) else row


def _note_changes(records: Sequence[Record], converted: Rows) -> None:
    """Note what was changed in rows that have the official keys."""
    numbers = sum(isinstance(record.values.get("id", record.values.get("video_id")), int) for record in records)
    if numbers:
        converted.notes.append(f"{numbers} ids were numbers and are texts now")
    silent = sum("answer" not in record.values for record in records)
    if silent:
        converted.notes.append(f"{silent} rows had no key 'answer'; it is empty now")


def _unwrapped(record: Record) -> Record:
    """Return a record with the content of its ``body`` (OpenAI batch) and ``metadata`` beside its own keys."""
    values = dict(record.values)
    for key in ("body", "metadata"):
        if isinstance(values.get(key), dict) and (key == "metadata" or "messages" in values[key]):
            values = {**values.pop(key), **values}
    return Record(record.line, values)


def _read(record: Record) -> _RecordParts:
    """Take a record apart."""
    values = record.values
    media: list[str] = []
    used: set[str] = set()
    for name in ("images", "videos"):
        for key in keys_of(values, name)[:1]:
            media += _paths(values[key], key)
            used.add(key)
    conversation = read_turns(values, len(media))
    media += conversation.media
    used |= conversation.used
    other_fields = {key: value for key, value in values.items() if key not in used}
    return _RecordParts(record, conversation, media, other_fields)


def _paths(value: Any, key: str) -> list[str]:
    """Return the paths of a key of pictures or videos; ms-swift and Qwen also nest them."""
    if isinstance(value, dict):
        value = value.get("path") or value.get("url")
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [path for item in value for path in _paths(item, key)]
    raise ValueError(f"{key!r} must name files, not {value!r:.40}")


def _add_rows(parts: Sequence[_RecordParts], dataset: str | None, converted: Rows) -> None:
    """Add the rows of records, with clips and ids."""
    names = name_clips([part.media for part in parts])
    converted.notes += names.notes
    ids = [_given_id(part) for part in parts]
    counts = Counter(name for name in ids if name is not None)
    sets = [first_of(part.other_fields, "dataset") or dataset for part in parts]
    train = all(isinstance(name, str) for name in sets) and bool(parts)
    taken = set(counts)
    numbers: Counter[str] = Counter()
    invented = doubled = split = 0
    for index, part in enumerate(parts):
        clip = _given_clip(part) or names.clips[index]
        if index in names.problems and clip is None:
            converted.problems.append((part.record.line, names.problems[index]))
            continue
        if clip is None:
            converted.problems.append((part.record.line, "names no clip: no picture, no video, no image_id"))
            continue
        given_id = ids[index]
        for turn, (question, answer) in enumerate(part.conversation.pairs, 1):
            numbers[clip] += 1
            if given_id is None:
                prefix = f"{sets[index]}_{clip}" if train else clip
                name = _free(re.sub(r"[/\\]", "_", prefix), numbers[clip], taken)
                invented += 1
            elif len(part.conversation.pairs) > 1 or counts[given_id] > 1:
                name = _free(given_id, turn, taken)
                split, doubled = split + (len(part.conversation.pairs) > 1), doubled + (counts[given_id] > 1)
            else:
                name = given_id
            row = _row(name, clip, question, answer, part, sets[index] if train else None)
            converted.rows.append(_as_written(part.record.values, row))
            converted.lines.append(part.record.line)
    if invented:
        form = "DATASET_CLIP_NUMBER" if train else "CLIP_NUMBER"
        converted.notes.append(f"{invented} ids were made, as {form}: the records have none")
    if split:
        converted.notes.append(f"{split} questions are turns of one record; their ids are ID_1, ID_2, ...")
    if doubled:
        converted.notes.append(f"{doubled} questions share an id with others; they are numbered: ID_1, ID_2, ...")


def _free(prefix: str, number: int, taken: set[str]) -> str:
    """Return the first id that is not taken, and take it."""
    while f"{prefix}_{number}" in taken:
        number += 1
    taken.add(f"{prefix}_{number}")
    return f"{prefix}_{number}"


def _given_id(part: _RecordParts) -> str | None:
    """Return the id of a record; ``video_id`` is one where another key names the clip."""
    value = first_of(part.other_fields, "id")
    if value is None and (part.media or _clip_value(part) is not None):
        value = part.other_fields.get("video_id")
    return str(value) if isinstance(value, (str, int)) and str(value).strip() else None


def _clip_value(part: _RecordParts) -> Any:
    return first_of(part.other_fields, "clip")


def _given_clip(part: _RecordParts) -> str | None:
    value = _clip_value(part)
    if value is None and not part.media:
        value = part.other_fields.get("video_id")
    return str(value) if isinstance(value, (str, int)) and str(value).strip() else None


def _row(name: str, clip: str, question: str, answer: str, part: _RecordParts, dataset: str | None) -> dict[str, Any]:
    """Return one row: the official keys in their order, then what the record holds besides."""
    other_fields = dict(part.other_fields)
    other_fields.pop(ROW_KEY, None)
    for key in (
        *keys_of(other_fields, "id")[:1],
        *keys_of(other_fields, "clip")[:1],
        *keys_of(other_fields, "dataset")[:1],
        "video_id",
    ):
        other_fields.pop(key, None)
    subject = first_of(other_fields, "subject")
    for key in keys_of(other_fields, "subject")[:1]:
        other_fields.pop(key)
    if dataset is not None:
        row: dict[str, Any] = {"id": name, "dataset": dataset, "image_id": clip}
        if subject is not None:
            row["subject"] = subject
        if "filename" in other_fields:
            row["filename"] = other_fields.pop("filename")
    else:
        row = {"video_id": name, "video": clip}
        if subject is not None:
            row["subject"] = subject
    row |= {"question": question, "answer": answer}
    if part.conversation.system is not None:
        row["system"] = part.conversation.system
    pictures = [path for path in part.media if path != clip]
    if pictures:
        row["media"] = pictures
    return row | {key: value for key, value in other_fields.items() if key not in row}


def _as_written(values: Mapping[str, Any], row: dict[str, Any]) -> dict[str, Any] | str:
    """Return the row as it was written where the record carries that along and is still the same question."""
    text = values.get(ROW_KEY)
    if not isinstance(text, str):
        return row
    body = text.removesuffix("\n")
    try:
        written_row = parse_row(body)
    except ValueError:
        return row
    name = written_row.values.get("video_id", written_row.values.get("id"))
    question, answer = (written_row.values.get(key) for key in ("question", "answer"))
    if not isinstance(question, str) or not isinstance(answer, str) or name != row.get("video_id", row.get("id")):
        return row
    if question.strip() != row["question"].strip():
        return row
    if answer.strip() != row["answer"].strip():
        body = written_row.replace("answer", row["answer"], escape=body.isascii())
    return body + ("\n" if text.endswith("\n") else "")
