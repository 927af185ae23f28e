"""Surroundings of a command: its streams, its user, its folders, the encoding of the terminal."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests.torture.attempts import Attempt, Campaign
from tests.torture.commands import COMMANDS, each, pairs, prepare
from tests.torture.judge import faults
from tests.torture.running import inside, process

_SECONDS = 60.0
#: A number that no user of the machine has.
_STRANGER = 12345
_NEWUSER = 0x10000000
#: Variables that say who the user is, and where files of the user's own go.
_OWN = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME", "HF_HOME")


def _full_output() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def _full_notes() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 2)


def _closed() -> None:
    for number in range(3):
        os.close(number)
    sys.stdin = sys.stdout = sys.stderr = None  # type: ignore[assignment]


def _encoded(encoding: str) -> Callable[[], None]:
    def change() -> None:
        sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115

    return change


def _no_home() -> None:
    """Become an unknown user, as in a container that is run by number."""
    for name in _OWN:
        os.environ.pop(name, None)
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None).unshare(_NEWUSER):  # The system gives no name space: what Python asks for is answered so.

        def unknown(uid: int) -> pwd.struct_passwd:
            raise KeyError(f"getpwuid(): uid not found: {uid}")

        pwd.getpwuid = unknown
        return
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{_STRANGER} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{_STRANGER} {group} 1", encoding="ascii")


#: What is done in the fork before the command, by what it is called.
_STREAMS: dict[str, Callable[[], None]] = {
    "> /dev/full": _full_output,
    "2> /dev/full": _full_notes,
    "<&- >&- 2>&-": _closed,
    "ascii": _encoded("ascii"),
    "cp1252": _encoded("cp1252"),
    "gbk": _encoded("gbk"),
}
_VARIABLES: dict[str, dict[str, str]] = {
    "LC_ALL=C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "PYTHONIOENCODING=ascii": {"PYTHONIOENCODING": "ascii"},
    "TERM=dumb": {"TERM": "dumb", "NO_COLOR": "1"},
    "COLUMNS=1": {"COLUMNS": "1", "LINES": "1"},
    "COLUMNS=x": {"COLUMNS": "x", "LINES": "-3", "FORCE_COLOR": "1"},
    "no TMPDIR": {"TMPDIR": "/nowhere/at/all"},
    "HOME=/dev/null": {"HOME": "/dev/null", "XDG_CACHE_HOME": ""},
    "HOME=": {"HOME": "", "XDG_CACHE_HOME": "relative/caches"},
}

#: Cases in which nothing can be said on standard error.
_SILENT = ("2> /dev/full", "<&- >&- 2>&-")
_STARTS = ("fork", "process")
_OUTPUTS = ("file", "below a file", "folder", "dangling", "circle", "pipe", "null")


def _stream(name: str, case: str, attempt: Attempt) -> list[str]:
    out, words = _begin(name, case, attempt)
    outcome = inside(words, folder=out, before=_STREAMS[case], seconds=_SECONDS)
    problems = faults(outcome, output=out)
    if case == "> /dev/full" and outcome.code != 2:
        problems.append(f"{name}: exit code {outcome.code} though nothing could be printed")
    # A refusal that cannot be printed is silent.
    return [line for line in problems if case not in _SILENT or "without a word" not in line]


def _variables(name: str, case: str, attempt: Attempt) -> list[str]:
    out, words = _begin(name, case, attempt)
    return faults(process(words, folder=out, environment=_VARIABLES[case], seconds=_SECONDS), output=out)


def _unknown_user(name: str, case: str, attempt: Attempt) -> list[str]:
    """Run a command as an unknown user, in a fork or from the start."""
    out, words = _begin(name, case, attempt)
    unshare = shutil.which("unshare")
    if case == "fork" or unshare is None:
        return faults(inside(words, folder=out, before=_no_home, seconds=_SECONDS), output=out)
    user = ("--user", f"--map-user={_STRANGER}", f"--map-group={_STRANGER}")
    without = ("env", *(word for name in _OWN for word in ("-u", name)))
    program = (unshare, *user, *without, sys.executable, "-m", "mevqa")
    outcome = process(words, folder=out, program=program, seconds=_SECONDS)
    return [] if outcome.err.startswith("unshare: ") else faults(outcome, output=out)


def _out(name: str, kind: str, attempt: Attempt) -> list[str]:
    """Let every output be a folder where a file is meant, the other way round, or lead nowhere."""
    out, words = _begin(name, f"output is a {kind}", attempt)
    for word in words:
        path = Path(str(word).partition("=")[2] if "=" in str(word) else word)
        if path.parent != out:
            continue
        match kind:
            case "file":
                path.write_bytes(b"")
            case "folder":
                path.mkdir()
                (path / "mine.txt").write_text("mine\n", encoding="utf-8")
            case "dangling":
                path.symlink_to(out / "nowhere" / "at all")
            case "circle":
                path.symlink_to(path)
            case "pipe":
                os.mkfifo(path)
            case "null":
                path.symlink_to("/dev/null")
    if kind == "below a file":
        (out / "file").write_bytes(b"")
        words = COMMANDS[name](attempt.shared, out / "file")
    problems = faults(inside(words, folder=out, seconds=_SECONDS), codes=(0, 1, 2))
    if kind == "folder" and any(path.read_text() != "mine\n" for path in out.glob("*/mine.txt")):
        problems.append(f"{name}: changed a file that was there")
    return problems


def _begin(name: str, case: str, attempt: Attempt) -> tuple[Path, list[str]]:
    out = attempt.folder / "out"
    out.mkdir()
    attempt.notes.append(f"{name}, {case}")
    return out, [str(word) for word in COMMANDS[name](attempt.shared, out)]


CAMPAIGNS = (
    Campaign(
        "surroundings/streams",
        "every command with full, closed and narrow streams",
        each(_stream, _STREAMS),
        pairs(_STREAMS),
        7,
        prepare,
    ),
    Campaign(
        "surroundings/variables",
        "every command with odd variables",
        each(_variables, _VARIABLES),
        pairs(_VARIABLES),
        2,
        prepare,
    ),
    Campaign(
        "surroundings/stranger",
        "every command by a user without name and home",
        each(_unknown_user, _STARTS),
        pairs(_STARTS),
        3,
        prepare,
    ),
    Campaign(
        "surroundings/outputs",
        "outputs that are links, pipes, folders, files",
        each(_out, _OUTPUTS),
        pairs(_OUTPUTS),
        7,
        prepare,
    ),
)
