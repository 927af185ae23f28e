"""Runs: an append-only log of answers beside a manifest of everything that decided them.

A run folder holds ``manifest.json`` and ``answers.jsonl`` (one ``Answer`` a line, flushed as soon as its clip is
done). An interrupted run continues where it stopped; a run whose inputs have changed is refused, and what changed is
named, because answers from two set-ups in one log would be scored as one.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import NoneType, TracebackType
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import open_file
from mevqa.files.json_file import read_json_object
from mevqa.files.json_rows import parse_row
from mevqa.files.lock import hold_folder
from mevqa.files.system_errors import reading
from mevqa.files.whole import append_whole, is_vacant, make_folder, write_whole
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.questions.values import from_json, reader_digest, to_json
from mevqa.types import Answer

_FORMAT = 1
_MANIFEST = "manifest.json"
_ANSWERS = "answers.jsonl"
_CHUNK = 1 << 20
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
}
_KIND_NAMES = {str: "a text", dict: "an object of numbers", float: "a number", list: "a list", bool: "true or false"}


_TEXT, _TEXTS = TypeAdapter(str | None), TypeAdapter(list[str])
_TEXT_BY_NAME, _OBJECT = TypeAdapter(dict[str, str]), TypeAdapter(dict[str, Any] | None)
#: What a manifest must hold where it is read back; it holds more. A star stands for every entry of a list.
_MANIFEST_VALUES: Mapping[str, TypeAdapter[Any]] = {
    "decides": TypeAdapter(dict[str, Any]),
    "decides.questions": _TEXT_BY_NAME,
    "decides.media": _TEXT_BY_NAME,
    "decides.model": _OBJECT,
    "decides.model.name": _TEXT,
    "decides.model.revision": _TEXT,
    "decides.settings": _OBJECT,
    "decides.settings.adapter": _TEXT,
    "decides.settings.thinking": _TEXT,
    "decides.looking": TypeAdapter(dict[str, Any]),
    "decides.looking.face": TypeAdapter(Literal["auto", "haar", "mediapipe", "none"]),
    "decides.packages": _OBJECT,
    "question_files": _TEXTS,
    "sources": TypeAdapter(list[dict[str, Any]]),
    "sources.*.files": _TEXTS,
    "sources.*.media": _TEXT,
    "sources.*.annotations": _TEXT,
    "sources.*.pictures": TypeAdapter(dict[str, str] | None),
    "sources.*.numbers": TypeAdapter(Literal["names", "recording", "interval"]),
    "published": _TEXTS,
}


class RunRecord:
    """A run folder, open for reading.

    Attributes:
        path: The folder.
        manifest: The content of ``manifest.json``.
        answers: The newest answer to each question, by question id.
        lines: The line of the log that each of them was read from.
    """

    def __init__(
        self,
        path: Path,
        manifest: Mapping[str, Any],
        answers: dict[str, Answer],
        lines: Mapping[str, int] | None = None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.answers = answers
        self.lines = lines or {}


class RunWriter(RunRecord):
    """A run folder, open for appending; a context manager that holds its lock."""

    def __init__(self, path: Path, manifest: Mapping[str, Any], answers: dict[str, Answer]) -> None:
        super().__init__(path, manifest, answers)
        append_whole(path / _ANSWERS, "")
        self._lock = ExitStack()

    def append(self, answers: Iterable[Answer]) -> None:
        """Write a clip's answers and force them to the disk, so that a kill loses at most the clip under way."""
        batch = list(answers)
        append_whole(self.path / _ANSWERS, "".join(_dump(answer) for answer in batch))
        self.answers.update((answer.question_id, answer) for answer in batch)

    def __enter__(self) -> RunWriter:
        """Keep other processes from writing the same run.

        Raises:
            InputError: Another process writes it.
        """
        self._lock.enter_context(hold_folder(self.path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()


def open_run(path: Path) -> RunRecord:
    """Read a run folder.

    Args:
        path: The folder that ``mevqa eval --out`` wrote.

    Raises:
        InputError: It is no run folder, or a line of its log is broken.
    """
    manifest_path = path / _MANIFEST
    if not manifest_path.is_file():
        raise InputError([Problem(path, f"is not a run: it has no {_MANIFEST}; `mevqa eval --out {path}` makes one")])
    manifest = read_json_object(manifest_path)
    if misfits := list(_misfits(manifest)):
        raise InputError(Problem(manifest_path, misfit) for misfit in misfits)
    # Values that another reader made are read again where they are needed.
    with_values = manifest.get("reader") == reader_digest()
    return RunRecord(path, manifest, *_read_answers(path / _ANSWERS, with_values))


def _misfits(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the values of a manifest."""
    for place, form in _MANIFEST_VALUES.items():
        for where, value in _values(manifest, place.split(".")):
            try:
                form.validate_python(value, strict=True)
            except ValidationError as error:
                yield f"{where}: {error.errors(include_url=False)[0]['msg']}"


def _values(value: Any, keys: Sequence[str], where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values at a place, with the place as text; none where it is not there."""
    if not keys:
        yield where.lstrip("."), value
    elif keys[0] == "*":
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from _values(item, keys[1:], f"{where}.{number}")
    elif isinstance(value, Mapping) and keys[0] in value:
        yield from _values(value[keys[0]], keys[1:], f"{where}.{keys[0]}")


def start_run(path: Path, fingerprint: Mapping[str, Any], facts: Mapping[str, Any]) -> RunWriter:
    """Create a run folder, or continue the one that is there.

    Args:
        path: The run folder.
        fingerprint: Everything that decides an answer; nested mappings of plain values.
        facts: What a reader wants to know besides (question files, versions of the day); never compared.

    Raises:
        InputError: The folder holds something else, or a run that was decided by other inputs.
    """
    manifest_path = path / _MANIFEST
    if manifest_path.exists():
        return _continue_run(path, fingerprint)
    check_run_folder(path)
    make_folder(path)
    manifest = {"format": _FORMAT, "decides": fingerprint, "reader": reader_digest(), **facts}
    write_whole(manifest_path, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return RunWriter(path, manifest, {})


def check_run_folder(path: Path) -> None:
    """Refuse a folder that can be no run's.

    Raises:
        InputError: It is a file, or holds something that is no run.
    """
    if path.is_dir() and (is_vacant(path) or (path / _MANIFEST).exists()):
        return
    if path.exists():
        raise InputError([Problem(path, "exists and is not a run; name a new folder for --out")])


def file_digest(path: Path) -> str:
    """Return a hash of the content of a file, or of a folder's file names and contents."""
    digest = hashlib.blake2b(digest_size=16)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(os.fsencode(file.name) + b"\0")
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _continue_run(path: Path, fingerprint: Mapping[str, Any]) -> RunWriter:
    """Open an existing run for appending after comparing what decides its answers."""
    log = path / _ANSWERS
    if log.is_file():
        _drop_torn_line(log)
    run = open_run(path)
    made = run.manifest.get("decides", {})
    refuse_changes(path, made, fingerprint, "the run was made", "--out DIR", partial=("media",))
    manifest = dict(run.manifest)
    manifest["decides"] = _merge(manifest["decides"], fingerprint)
    if manifest.get("reader", "") not in ("", reader_digest()):
        manifest["reader"] = None  # Values of two readers are in one log: none of them is used.
    if manifest != run.manifest:
        write_whole(path / _MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return RunWriter(path, manifest, run.answers)


def refuse_changes(
    path: Path,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    event: str,
    option: str,
    *,
    partial: tuple[str, ...] = (),
) -> None:
    """Refuse to go on with what other inputs decided.

    Args:
        path: The folder that holds it.
        old: What decided it.
        new: What would decide it now.
        event: When the record was made, for the message.
        option: How another folder is named.
        partial: As for ``changes``.

    Raises:
        InputError: Every difference, one line each.
    """
    differences = [
        Problem(path, f"has changed since {event}: {change}") for change in changes(old, new, partial=partial)
    ]
    if differences:
        mend = f"name a new folder ({option}), or repeat the command with the settings of then"
        raise InputError([*differences, Problem(path, mend)])


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], *, partial: tuple[str, ...] = (), where: tuple[str, ...] = ()
) -> Iterable[str]:
    """Yield what differs between two records of what decides a result, one line each.

    Args:
        old: The record that was written.
        new: The record of now.
        partial: Below this key only entries known to both are compared, so that ``--limit`` can be raised.
        where: Keys that lead to the two records.
    """
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if before == after or (where == partial != () and (before is None or after is None)):
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from changes(before, after, partial=partial, where=(*where, key))
        else:
            yield f"{'.'.join((*where, key))}: then {before}, now {after}"


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``old`` with the media of ``new`` added."""
    merged = dict(old)
    merged["media"] = {**old.get("media", {}), **new.get("media", {})}
    return merged


def _dump(answer: Answer) -> str:
    """Return the answer's line: the fields that are set, and always id and text."""
    content = {
        key: value
        for key, value in asdict(answer).items()
        if key != "value" and (key in ("question_id", "text") or value not in (None, (), 0.0, False))
    }
    if answer.value is not None:
        content["value"] = to_json(answer.value)
    return json.dumps(content, ensure_ascii=False) + "\n"


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
    """Say that the last line of a run's log is not finished, which is no error and not counted; None where it is.

    Args:
        run: The run folder.
    """
    with suppress(OSError), open_file(run / _ANSWERS) as log:
        log.seek(-1, os.SEEK_END)
        if log.read(1) != b"\n":
            return (
                f"the last line of {run.name}/{_ANSWERS} is not finished and was left out: mevqa eval is still "
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
    for key in ("warnings", "evidence"):
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


def _drop_torn_line(log: Path) -> None:
    """Cut the log back to its last complete line."""
    content = log.read_bytes()
    complete = content.rfind(b"\n") + 1
    if complete != len(content):
        with log.open("r+b") as stream:
            stream.truncate(complete)
