"""Spot, then recognise (ME-STR): the official table of intervals with emotions, made video by video and resumable."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mevqa.data.events.write import CHALLENGE_COLUMNS, EventTable
from mevqa.errors import InputError, Problem
from mevqa.events import Kind
from mevqa.files.inputs import read_file
from mevqa.files.json_rows import parse_row
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import append_whole, make_folder, write_whole
from mevqa.inference.long_videos.analysis import LongVideoResult
from mevqa.inference.runs import changes
from mevqa.video.reading.folder import FolderVideo

#: Appended to the table's name: what is finished, one JSON line a video below a line of what decides the rows.
LOG_ENDING = ".log.jsonl"

Numbers = Literal["names", "index"]


@dataclass(frozen=True, slots=True)
class Naming:
    """How a row names what it is about.

    Attributes:
        names: Regular expression that matches a whole video name; its group ``subject`` is the subject, its group
            ``video`` (or else the whole name) the video.
        numbers: ``names``: frames are the numbers in the names of a folder's files, as label files count; ``index``:
            from 0. A video file has no such names: its frames always count from 0.
        emotion: ``coarse`` or ``fine``.
    """

    names: str
    numbers: Numbers = "names"
    emotion: Literal["coarse", "fine"] = "coarse"

    def __post_init__(self) -> None:
        """Refuse a pattern that names no subject.

        Raises:
            ValueError: It is no regular expression, or has no group ``subject``.
        """
        try:
            groups = re.compile(self.names).groupindex
        except re.error as error:
            raise ValueError(f"{self.names!r} is no regular expression: {error}") from error
        if "subject" not in groups:
            raise ValueError(f"{self.names!r} has no group (?P<subject>...)")

    def split(self, name: str) -> tuple[str, str]:
        """Return subject and video of a name; the subject is empty where the pattern does not fit."""
        match = re.fullmatch(self.names, name)
        if match is None:
            return "", name
        return match["subject"] or "", match.groupdict().get("video") or name


class _FinishedVideo(StrictModel):
    """A finished video in the log."""

    name: str
    media: str
    rows: list[list[str]]


class StrTable:
    """The table on the disk, with the log that lets an interrupted job go on.

    Args:
        out: The CSV file.
        fingerprint: Everything that decides the rows; a log of other settings is refused.

    Raises:
        InputError: A table without its log, or a log of other settings or of another form.
    """

    def __init__(self, out: Path, fingerprint: Mapping[str, Any]) -> None:
        self._log = out.with_name(out.name + LOG_ENDING)
        self._table = EventTable(out, CHALLENGE_COLUMNS, {})
        self._media: dict[str, str] = {}
        header = json.loads(json.dumps(fingerprint))
        if not self._log.exists():
            if out.exists():
                raise InputError([Problem(out, f"exists, and was not made here (no {self._log.name}); name another")])
            make_folder(out.parent)
            write_whole(self._log, json.dumps(header) + "\n")
            return
        first, *lines = read_file(self._log).split(b"\n")
        number = 1
        try:
            differences = list(changes(parse_row(first.decode()).values, header))
            finished = []
            for line in lines[:-1]:
                number += 1
                finished.append(_FinishedVideo.model_validate(dict(parse_row(line.decode()).values)))
        except ValueError as error:  # of the decoder, of JSON and of the schema
            message = "is not a line of this log; delete the log and the table, which are then made anew"
            raise InputError([Problem(self._log, message, number)]) from error
        self._media = {video.name: video.media for video in finished}
        if differences:
            problems = [Problem(out, f"has changed since it was begun: {change}") for change in differences]
            raise InputError([*problems, Problem(out, "name another table (--out), or repeat the settings of then")])
        # A line that a kill tore is written anew.
        write_whole(self._log, b"".join(line + b"\n" for line in [first, *lines[:-1]]))
        self._table = EventTable(out, CHALLENGE_COLUMNS, {video.name: video.rows for video in finished})

    def has(self, name: str, media: str) -> bool:
        """Return whether a video is finished, and is still the same."""
        return self._media.get(name) == media

    def put(self, name: str, media: str, rows: Sequence[Sequence[str]]) -> None:
        """Add a video's rows and write the table."""
        self._media[name] = media
        append_whole(self._log, json.dumps({"name": name, "media": media, "rows": [list(row) for row in rows]}) + "\n")
        self._table.put(name, rows)


def rows_of(path: Path, long_video: LongVideoResult, naming: Naming, kinds: Sequence[Kind]) -> list[list[str]]:
    """Return the rows of one video, in the order of time.

    Args:
        path: The video.
        long_video: What was found in it.
        naming: How rows name what they are about.
        kinds: Kinds that are written; the challenge scores micro-expressions.

    Raises:
        InputError: An event has no emotion, because the model failed.
    """
    subject, video = naming.split(long_video.spotting.video)
    number = _numbering(path, long_video.spotting.fps) if naming.numbers == "names" else None
    rows = []
    for event in long_video.kept:
        if event.kind not in kinds:
            continue
        emotion = event.coarse if naming.emotion == "coarse" else event.fine
        if emotion is None:
            why = event.error or "its class has no coarse class"
            raise InputError([Problem(path, f"the event at frame {event.onset} has no emotion: {why}")])
        onset, offset = event.onset, event.offset
        if number is not None:
            onset, offset = number[onset], number[offset]
        rows.append([subject, video, str(onset), str(offset), emotion])
    return rows


def _numbering(path: Path, fps: float) -> list[int] | None:
    """Return the number in the name of each frame of a folder; None for a video, and where the names do not tell."""
    if path.is_file():
        return None
    numbers = FolderVideo(path, fps).numbers
    return list(numbers) if numbers is not None and list(numbers) == sorted(numbers) else None
