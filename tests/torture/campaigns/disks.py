"""Disks that are full or may not be written to, under every command: a small file system of their own (Linux)."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import resource
from collections.abc import Callable
from pathlib import Path

from tests.torture.attempts import Attempt, Campaign, Outcome
from tests.torture.commands import COMMANDS, Words, each, pairs, prepare
from tests.torture.judge import faults
from tests.torture.running import inside

_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_READ_ONLY, _REMOUNT = 1, 32
#: Bytes at which the disk is full, drawn evenly on a logarithmic scale.
_LEAST, _MOST = 12, 26
_SECONDS = 60.0


def _on_own_disk(folder: Path, work: Callable[[_Disk], list[str]]) -> list[str]:
    """Do some work in a fork that alone sees an empty file system of its own in a folder.

    Returns:
        What the work returned.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        result = ["the fork failed"]
        try:
            result = work(_Disk(folder))
        except BaseException as error:
            result = [f"the campaign itself failed: {error!r}"]
        finally:
            os.write(writing, json.dumps(result).encode()[:60_000])
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        content = stream.read()
    os.waitpid(pid, 0)
    return list(json.loads(content))


class _NotAllowed(Exception):
    pass


def _separate() -> None:
    """Leave the mounts of other processes; as an ordinary user by way of a user's name space."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEWNS | (0 if user == 0 else _NEWUSER)):
        raise _NotAllowed(os.strerror(ctypes.get_errno()))
    if user:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    _call_mount(libc, b"none", b"/", None, 1 << 18 | 1 << 14, None)  # Private, and all below.


def _call_mount(
    libc: ctypes.CDLL, source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None
) -> None:
    if libc.mount(source, target, kind, flags, data):
        raise _NotAllowed(os.strerror(ctypes.get_errno()))


class _Disk:
    """A small file system; where the system gives none, limits on the size of files and permissions stand in.

    Args:
        folder: Where it is seen.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._limit = resource.RLIM_INFINITY
        try:
            _separate()
            self._mount("size=200m")
            self._is_own = True
        except _NotAllowed:
            self._is_own = False

    def set_room(self, room: int) -> None:
        """Leave some bytes free, beside what is there."""
        self._limit = room
        if self._is_own:
            used = sum(path.stat().st_blocks * 512 for path in self.folder.rglob("*"))
            self._mount(f"size={used + room // 4096 * 4096}", _REMOUNT)

    def forbid(self) -> None:
        """Let nothing be written any more."""
        if self._is_own:
            self._mount("size=200m", _REMOUNT | _READ_ONLY)
        for path in () if self._is_own else (self.folder, *self.folder.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)

    def run(self, words: Words) -> Outcome:
        """Run a command that writes to it."""
        return inside(words, folder=self.folder, before=self._limited, seconds=_SECONDS)

    def files(self) -> dict[str, bytes]:
        """Return the content of each file."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def _limited(self) -> None:
        if not self._is_own:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._limit, self._limit))

    def _mount(self, options: str, flags: int = 0) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        _call_mount(libc, b"tmpfs", os.fsencode(self.folder), b"tmpfs", flags, options.encode())


def _full(name: str, before: str, attempt: Attempt) -> list[str]:
    """Let the disk be full at a drawn size."""
    out = attempt.folder / "out"
    out.mkdir()
    room = int(2 ** attempt.random.uniform(_LEAST, _MOST))
    attempt.notes.append(f"{name}, {room} bytes free beside {before}")
    return _on_own_disk(out, functools.partial(_fill, name, attempt.shared, room, before != "nothing"))


def _fill(name: str, data: Path, room: int, again: bool, disk: _Disk) -> list[str]:
    words = COMMANDS[name](data, disk.folder)
    problems: list[str] = []
    if again:
        problems += faults(disk.run(words), output=disk.folder)
        for path in disk.folder.rglob("answers.jsonl"):  # Something is left to do.
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    before = disk.files()
    disk.set_room(room)
    first = disk.run(words)
    problems += faults(first, output=disk.folder)
    if first.code == 2 and not again and "make room" not in first.err and "File too large" not in first.err:
        problems.append(f"{name}: does not say that the disk is full: {first.err.strip()[-300:]}")
    after = disk.files()
    for path, content in before.items():
        if path.endswith("answers.jsonl") and not after.get(path, b"").startswith(content):
            problems.append(f"{name}: {path} has lost answers")
        if after.get(path) == b"" != content:
            problems.append(f"{name}: {path} was emptied")
    disk.set_room(200_000_000)
    second = disk.run(words)
    is_done = first.code == 0 or again
    if second.code and not (is_done and ("exists" in second.err or "is not empty" in second.err)):
        problems.append(f"{name}: does not go on when there is room again: {second.err.strip()[-300:]}")
    return problems + faults(second, output=disk.folder)


def _read_only(name: str, before: str, attempt: Attempt) -> list[str]:
    """Let the folder of the output be read-only."""
    out = attempt.folder / "out"
    out.mkdir()
    attempt.notes.append(f"{name}, over {before}")

    def work(disk: _Disk) -> list[str]:
        words = COMMANDS[name](attempt.shared, out)
        problems = faults(disk.run(words), output=out) if before != "nothing" else []
        held = disk.files()
        disk.forbid()
        outcome = disk.run(words)
        if outcome.code == 2 and before == "nothing" and str(out) not in outcome.err:
            problems.append(f"{name}: does not name the file: {outcome.err.strip()[-300:]}")
        return problems + faults(outcome, output=out) + ([] if disk.files() == held else [f"{name}: changed files"])

    return _on_own_disk(out, work)


#: What lies in the folder before.
_BEFORE = ("nothing", "an earlier result")

CAMPAIGNS = (
    Campaign(
        "disks/full",
        "every command on a full disk, then with room",
        each(_full, _BEFORE),
        5 * pairs(_BEFORE),
        8,
        prepare,
    ),
    Campaign(
        "disks/read-only",
        "every command into a read-only folder",
        each(_read_only, _BEFORE),
        pairs(_BEFORE),
        5,
        prepare,
    ),
)
