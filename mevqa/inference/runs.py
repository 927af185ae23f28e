"""Runs: an append-only log of answers beside a manifest of everything that decided them.

A run folder holds ``manifest.json`` and ``answers.jsonl`` (one ``Answer`` a line, flushed as soon as its clip is
done); processes that share a run each have a log (``answers-2-of-3.jsonl``), and all logs are read as one. An
interrupted run continues where it stopped; a run whose inputs have changed is refused, and what changed is named,
because answers from two set-ups in one log would be scored as one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.lock import hold_folder
from mevqa.files.whole import append_whole, is_vacant, make_folder, write_whole
from mevqa.inference.logs.answer_log import ANSWERS, drop_torn_line, line_of, read_logs
from mevqa.inference.trained_on import TRAINED_ON
from mevqa.questions.values import reader_digest
from mevqa.types import Answer

_FORMAT = 1
_MANIFEST = "manifest.json"
#: Key of the clips of a run that several processes answer: the media of each stand there once it has begun.
_CLIPS = "clips"
_CHUNK = 1 << 20
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
    _CLIPS: _TEXTS,
    TRAINED_ON: _TEXTS,
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
    """A run folder, open for appending; a context manager that holds its lock.

    Attributes:
        log: The file that answers are appended to.
    """

    def __init__(
        self, path: Path, manifest: Mapping[str, Any], answers: dict[str, Answer], part: str | None = None
    ) -> None:
        super().__init__(path, manifest, answers)
        self._part = part
        self.log = path / (ANSWERS if part is None else f"answers-{part}.jsonl")
        append_whole(self.log, "")
        self._lock = ExitStack()

    def append(self, answers: Iterable[Answer]) -> None:
        """Write a clip's answers and force them to the disk, so that a kill loses at most the clip under way."""
        batch = list(answers)
        append_whole(self.log, "".join(line_of(answer) for answer in batch))
        self.answers.update((answer.question_id, answer) for answer in batch)

    def __enter__(self) -> RunWriter:
        """Keep other processes from writing the same run.

        Raises:
            InputError: Another process writes it.
        """
        self._lock.enter_context(hold_folder(self.path, part=self._part))
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
    if not path.exists():
        raise InputError([Problem(path, "there is no such folder; `mevqa eval --out` makes a run")])
    if not manifest_path.is_file():
        raise InputError([Problem(path, f"is not a run: it has no {_MANIFEST}; `mevqa eval --out {path}` makes one")])
    manifest = read_json_object(manifest_path)
    if misfits := list(_misfits(manifest)):
        raise InputError(Problem(manifest_path, misfit) for misfit in misfits)
    # Values that another reader made are read again where they are needed.
    with_values = manifest.get("reader") == reader_digest()
    return RunRecord(path, manifest, *read_logs(path, with_values))


def _misfits(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the values of a manifest."""
    for key_path, form in _MANIFEST_VALUES.items():
        for where, value in _values(manifest, key_path.split(".")):
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


def start_run(
    path: Path, fingerprint: Mapping[str, Any], facts: Mapping[str, Any], *, part: str | None = None
) -> RunWriter:
    """Create a run folder, or continue the one that is there.

    Args:
        path: The run folder.
        fingerprint: Everything that decides an answer; nested mappings of plain values.
        facts: What a reader wants to know besides (question files, versions of the day); never compared.
        part: Name of the part that this process answers beside others, into a log of its own.

    Raises:
        InputError: The folder holds something else, or a run that was decided by other inputs.
    """
    manifest_path = path / _MANIFEST
    if manifest_path.exists():
        return _continue_run(path, fingerprint, facts, part)
    check_run_folder(path)
    make_folder(path)
    manifest = {"format": _FORMAT, "decides": fingerprint, "reader": reader_digest(), **facts}
    write_whole(manifest_path, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return RunWriter(path, manifest, {}, part)


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


def _continue_run(path: Path, fingerprint: Mapping[str, Any], facts: Mapping[str, Any], part: str | None) -> RunWriter:
    """Open an existing run for appending after comparing what decides its answers."""
    log = path / (ANSWERS if part is None else f"answers-{part}.jsonl")
    if log.is_file():
        drop_torn_line(log)
    run = open_run(path)
    recorded = run.manifest.get("decides", {})
    refuse_changes(path, recorded, fingerprint, "the run was made", "--out DIR", partial=("media",))
    manifest = dict(run.manifest)
    manifest["decides"] = _merge(manifest["decides"], fingerprint)
    if manifest.get("reader", "") not in ("", reader_digest()):
        manifest["reader"] = None  # Values of two readers are in one log: none of them is used.
    for key in (_CLIPS, TRAINED_ON):  # More with a larger --limit, or with another part.
        if key in facts:
            manifest[key] = list(dict.fromkeys((*manifest.get(key, ()), *facts[key])))
    if manifest != run.manifest:
        write_whole(path / _MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return RunWriter(path, manifest, run.answers, part)


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
