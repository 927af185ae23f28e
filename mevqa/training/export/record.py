"""The record of an export: what decided it, and which question each conversation asks.

``export.json`` holds what decided pictures and prompts, ``index.jsonl`` a row for each conversation, ``questions``
copies of the question files and ``prompts`` the prompt files: by them ``mevqa import`` takes back what toolkits answer
or train.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.json_file import read_json_object
from mevqa.files.json_rows import numbered_lines
from mevqa.files.strict_yaml import StrictModel, YamlFile, validate
from mevqa.models.base import Preferences

#: Names in the folder of an export.
RECORD, INDEX, QUESTIONS, PROMPTS = "export.json", "index.jsonl", "questions", "prompts"
FORMAT = 1


class ExportedClip(StrictModel):
    """A clip of an export, as ``Clip`` has it."""

    dataset: str
    subject: str | None


class ExportRecord(StrictModel):
    """Content of ``export.json``.

    Attributes:
        format: Version of this record.
        written_as: The format of the conversations.
        decides: Everything that decided pictures and prompts, as in the manifest of a run.
        preferences: How a model that was trained on it wants to be asked.
        files: Names of the question files, in order.
        clips: By clip id.
        splits: Ids of the questions by split, by the name of the fold; in the order of the split's file.
    """

    format: int
    written_as: str
    decides: dict[str, Any]
    preferences: Preferences
    files: list[str]
    clips: dict[str, ExportedClip]
    splits: dict[str, dict[str, list[str]]]


class IndexRow(StrictModel):
    """A conversation of an export.

    Attributes:
        id: The question.
        clip: Its clip.
        user: What the user says, with placeholders in the places of the pictures.
        pictures: Files of the pictures below the folder; empty where they are inside.
        answer: The right answer; None where it is not known.
    """

    id: str
    clip: str
    user: str
    pictures: list[str]
    answer: str | None


class ExportedFolder:
    """The folder of an export, open for reading.

    Args:
        path: The folder.

    Raises:
        InputError: It is none, or its record is broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / RECORD).is_file():
            raise InputError([Problem(path, f"is no export: it has no {RECORD}; `mevqa export` makes one")])
        content = read_json_object(path / RECORD, "; export again into a new folder")
        self.record = validate(content, ExportRecord, [YamlFile(path / RECORD, None, content)])

    @property
    def files(self) -> list[Path]:
        """Copies of its question files."""
        return [self.path / QUESTIONS / name for name in self.record.files]

    def rows(self) -> Iterator[IndexRow]:
        """Yield its conversations, in the order of the questions.

        Raises:
            InputError: The index is gone or broken.
        """
        path = self.path / INDEX
        try:
            text = read_file(path).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError([Problem(path, f"cannot be read: {error}; export again into a new folder")]) from error
        for number, line in numbered_lines(text):
            try:
                content = json.loads(line)
            except ValueError as error:
                raise InputError([Problem(path, f"is not valid JSON: {error}", number)]) from error
            yield validate(content, IndexRow, [YamlFile(path, None, content)])
