"""Official question rows written in the formats of other toolkits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mevqa.data.conversion.rows import ROW_KEY, rows_of
from mevqa.data.conversion.turns_written import role_turns, value_turns
from mevqa.data.documents.keys import field_of
from mevqa.data.documents.records import Document, Record
from mevqa.data.official import QuestionFile
from mevqa.files.tables.csv_cells import csv_text
from mevqa.formats import Target

#: Keys of official rows that the records of other formats keep under the same name.
_KEPT = ("dataset", "image_id", "subject", "filename")
#: Keys that mean something to readers of the other formats, besides those of ``tables/record_keys.yaml``.
_TAKEN = ("body", "metadata", "input", "video_id", ROW_KEY)


def write_rows(rows: Sequence[Mapping[str, Any] | str]) -> bytes:
    """Return official rows, one a line: texts as they are, others with the separators of the official files."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    broken = [line if line.endswith("\n") else line + "\n" for line in lines[:-1]]
    return "".join([*broken, *lines[-1:]]).encode("utf-8")


def write_records(file: QuestionFile, to: Target) -> bytes:
    """Return the rows of a question file as another toolkit's records.

    Every record keeps id, subject, data set and what else its row has, in fields that those formats leave alone. Where
    that would not give back the row byte for byte, the record carries the row as it was written.

    Args:
        file: The questions.
        to: The format; ``official`` gives the file's own rows.
    """
    if to == "official":
        return file.render({})
    records = []
    for row, end in zip(file.rows, file.ends, strict=True):
        record = _record(row.values, to)
        if _back(record) != (row.text + end).encode("utf-8"):
            # Behind the format's own keys, and inside what it leaves alone.
            holder = record.setdefault("metadata", {}) if to == "openai" else record
            holder[ROW_KEY] = row.text + end
        records.append(record)
    if to == "csv":
        return _table(records)
    if to in ("openai", "swift"):
        return write_rows(records)
    return (json.dumps(records, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _back(record: Mapping[str, Any]) -> bytes:
    """Return the official row that a record alone gives."""
    converted, _ = rows_of(Document("array", [Record(1, record)]))
    return write_rows(converted.rows)


def _record(values: Mapping[str, Any], to: Target) -> dict[str, Any]:
    """Return the record of one row."""
    if to == "array":
        return dict(values)
    if to == "csv":
        cells = {key: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for key, v in values.items()}
        return {key: cell for key, cell in cells.items() if cell or key == "answer"}
    name = values.get("video_id", values.get("id"))
    clip = values.get("video", values.get("image_id"))
    media = values.get("media")
    pictures = [path for path in media if isinstance(path, str)] if isinstance(media, list) else []
    sign, key, paths = ("<image>", "images", pictures) if pictures else ("<video>", "videos", [clip])
    kept_fields = {key: value for key, value in values.items() if key in _KEPT or _is_free(key)}
    question, answer = values["question"], values["answer"]
    system = values.get("system") if isinstance(values.get("system"), str) else None
    if to == "llava":
        turns = value_turns(system, f"{sign * len(paths)}\n{question}", answer or None)
        media_value = paths if len(paths) > 1 else paths[0]
        return {"id": name, key.removesuffix("s"): media_value, "conversations": turns, **kept_fields}
    if to == "swift":
        record = {"id": name, "query": sign * len(paths) + question, "response": answer, key: paths, **kept_fields}
        return {**record, "system": system} if system else record
    if to == "sharegpt":
        content: Any = sign * len(paths) + question
    else:
        kind = f"{key.removesuffix('s')}_url"
        content = [{"type": kind, kind: {"url": path}} for path in paths] + [{"type": "text", "text": question}]
    messages = role_turns(system, content, answer or None)
    if to == "openai":
        return {"messages": messages, "metadata": {"id": name, **kept_fields}}
    return {"id": name, "messages": messages, key: paths, **kept_fields}


def _is_free(key: str) -> bool:
    """Whether a key means nothing to the other formats, so that a record can keep it."""
    return key not in _TAKEN and field_of(key) is None


def _table(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a CSV table with a column for every key of the records."""
    columns = list(dict.fromkeys(key for record in records for key in record))
    rows = [[record.get(column, "") for column in columns] for record in records]
    return csv_text([columns, *rows]).encode("utf-8")
