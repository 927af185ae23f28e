"""Records of a text file, whatever holds them: JSON lines, a JSON array, an object with a list, a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mevqa.data.documents.keys import answers_alone, field_of
from mevqa.files.json_rows import STRICT_DECODER, array_items, half_character, nests_deeply, parse_row, skip_blank
from mevqa.files.tables.csv_cells import unmarked
from mevqa.files.tables.row_width import filled_width, width_problem

#: ``lines``: one JSON object a line. ``sequence``: JSON objects one after another over several lines.
Container = Literal["lines", "array", "object", "sequence", "table"]

_SPACE = " \t\r\n"
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file.

    Attributes:
        line: 1-based line that it begins in.
        values: Its content.
    """

    line: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class Document:
    """The records of a file and what is wrong with it.

    Attributes:
        container: What holds the records.
        records: In the order of the file.
        problems: Line (None for the whole file) and message.
        member: Name of the list in an object that holds one.
        notes: What a reader must know, one sentence each.
    """

    container: Container
    records: list[Record] = field(default_factory=list)
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    member: str | None = None
    notes: list[str] = field(default_factory=list)


def container_of(text: str) -> Container:
    """Return what holds the records of a text, from as little of it as tells."""
    body = text.lstrip(_SPACE)
    first, _, rest = body.partition("\n")
    if body.startswith("["):
        return "lines" if rest.strip(_SPACE) and _is_json(first) else "array"
    if body.startswith("{"):
        if _is_json(first):
            return "lines" if rest.strip(_SPACE) or not _holds_records(json.loads(first)) else "object"
        return _of_objects(body)
    return "table" if _delimiter(first) is not None else "lines"


def read_document(text: str) -> Document:
    """Return the records of a text; what cannot be read is a problem and the rest is read all the same."""
    container = container_of(text)
    if container == "table":
        return _read_table(text)
    if container == "lines":
        return _read_lines(text)
    document = Document(container)
    try:
        if container == "sequence":
            _add_objects(document, _values(text))
        else:
            start = len(text) - len(text.lstrip(_SPACE))
            if container == "array":
                _add_objects(document, _items(text, start))
            else:
                value, end = STRICT_DECODER.raw_decode(text, start)
                _expect_end(text, end)
                document.member = _list_member(value)
                listed = value[document.member] if document.member is not None else _by_id(value)
                _add_objects(document, [(start, item) for item in listed])
    except _Broken as error:
        document.problems.append((_line(text, error.at), str(error)))
    except json.JSONDecodeError as error:
        document.problems.append((error.lineno, f"is not valid JSON: {error.msg} at column {error.colno}"))
    except RecursionError:
        document.problems.append((None, "is not valid JSON: nested too deeply"))
    except ValueError as error:
        document.problems.append((None, str(error)))
    _place_and_bound(document, text)
    if (half := half_character(text, [record.values for record in document.records])) is not None:
        document.records, broken = _whole_characters(document.records)
        document.problems += [(line, half) for line in broken]
    if not document.records and not document.problems:
        document.problems.append((None, "holds no records"))
    return document


def _place_and_bound(document: Document, text: str) -> None:
    """Give the records, whose lines are places in the text so far, their lines; refuse those that nest too deeply."""
    records: list[Record] = []
    line, at = 1, 0
    for record in document.records:
        line, at = line + text.count("\n", at, record.line), record.line
        if nests_deeply(record.values):
            document.problems.append((line, "is not valid JSON: nested too deeply"))
        else:
            records.append(Record(line, record.values))
    document.records = records


def _whole_characters(records: list[Record]) -> tuple[list[Record], list[int]]:
    """Return the records that any file can hold, and the lines of the others."""
    kept, broken = [], []
    for record in records:
        try:
            json.dumps(record.values, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            broken.append(record.line)
        else:
            kept.append(record)
    return kept, broken


class _Broken(ValueError):
    """JSON that ends or goes on where it must not."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        super().__init__(message)


def _is_json(text: str) -> bool:
    try:
        STRICT_DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _of_objects(body: str) -> Container:
    """Tell objects over several lines from JSON lines whose first line is broken."""
    try:
        value, end = STRICT_DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        others = [line for line in body.split("\n")[1:] if line.startswith("{")]
        return "lines" if any(map(_is_json, others)) or "\n" not in body.strip(_SPACE) else "sequence"
    alone = not body[end:].strip(_SPACE)
    return "object" if alone and _holds_records(value) else "sequence"


def _holds_records(value: Any) -> bool:
    return _list_member(value) is not None or _is_mapping(value)


def _is_mapping(value: Any) -> bool:
    """Whether an object has records, or answers, by their ids."""
    if not isinstance(value, dict) or not value or any(field_of(key) is not None for key in value):
        return False
    return all(isinstance(item, dict) for item in value.values()) or all(
        isinstance(item, str) for item in value.values()
    )


def _by_id(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of an object that has them by id; a text is an answer."""
    return [
        {**item, "id": item.get("id", key)} if isinstance(item, dict) else {"id": key, "prediction": item}
        for key, item in value.items()
    ]


def _list_member(value: Any) -> str | None:
    """Return the name of the only list of objects in an object, None where it is a record itself."""
    if not isinstance(value, dict) or any(field_of(key) in ("turns", "question") for key in value):
        return None
    lists = [key for key, item in value.items() if isinstance(item, list) and item and isinstance(item[0], dict)]
    return lists[0] if len(lists) == 1 else None


def _read_lines(text: str) -> Document:
    document = Document("lines")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip(_SPACE):
            continue
        try:
            document.records.append(Record(number, parse_row(line.rstrip("\r")).values))
        except ValueError as error:
            document.problems.append((number, str(error)))
    if not document.records and not document.problems:
        document.problems.append((None, "is empty"))
    return document


def _expect_end(text: str, at: int) -> None:
    at = skip_blank(text, at)
    if at < len(text):
        raise _Broken(at, "is not valid JSON: more text follows the end")


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the place and the content of JSON values that follow one another, with or without commas."""
    at = skip_blank(text, 0)
    while at < len(text):
        value, end = STRICT_DECODER.raw_decode(text, at)
        yield at, value
        at = skip_blank(text, end)
        if text[at : at + 1] == ",":
            at = skip_blank(text, at + 1)


def _items(text: str, start: int) -> Iterator[tuple[int, Any]]:
    """Yield the place and the content of the values of the JSON array that a text holds."""
    _expect_end(text, (yield from array_items(text, start)))


def _add_objects(document: Document, located_values: Iterable[tuple[int, Any]]) -> None:
    """Add the values that are objects; the offset in the text stands for the line until all are read."""
    for number, (offset, value) in enumerate(located_values, 1):
        if isinstance(value, dict):
            document.records.append(Record(offset, value))
        else:
            document.problems.append((None, f"entry {number} is not a JSON object"))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _delimiter(header: str) -> str | None:
    """Return what divides the cells of a header that names a column of questions, or ids and answers."""
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([header.rstrip("\r")], delimiter=delimiter), [])
        except csv.Error:
            continue
        if has_question_column(cells):
            return delimiter
    return None


def _read_table(text: str) -> Document:
    delimiter = _delimiter(text.lstrip(_SPACE).partition("\n")[0]) or ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            rows.append((before + 1, cells))
            before = reader.line_num
    except csv.Error as error:
        return Document("table", problems=[(reader.line_num, f"is not a table: {error}")])
    return table_document(rows, delimiter)


def table_document(rows: Iterable[tuple[int, Sequence[str]]], delimiter: str) -> Document:
    """Return the records of a table whose first row with content is its header.

    Args:
        rows: Line and cells.
        delimiter: What divides the cells of a text; empty for a workbook.
    """
    document = Document("table")
    header: list[str] = []
    columns = 0
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            columns = filled_width(header)
            twice = sorted({name for name in header if name and header.count(name) > 1})
            document.problems += [(line, f"the column {name!r} stands twice") for name in twice]
        elif message := width_problem([cell.strip() for cell in cells], columns, delimiter):
            document.problems.append((line, message))
        else:
            pairs = zip(header, cells, strict=False)
            values = {
                name: unmarked(cell) for name, cell in pairs if name and (cell.strip() or field_of(name) == "answer")
            }
            document.records.append(Record(line, values))
    if not document.records and not document.problems:
        document.problems.append((None, "holds a header and no rows"))
    return document


def has_question_column(header: Sequence[str]) -> bool:
    """Whether the header of a table names a column of questions, or of the answers to questions that ids name."""
    if answers_alone(header):
        return True
    return len(header) > 1 and "question" in {field_of(cell) for cell in header if cell.strip().lower() != "text"}
