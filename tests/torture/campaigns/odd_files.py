"""Odd names, odd kinds of files among the inputs, and inputs that vanish, change or cannot be read on the way."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.torture.attempts import Attempt, Campaign
from tests.torture.commands import COMMANDS, each, pairs, prepare
from tests.torture.judge import faults
from tests.torture.running import inside

_SECONDS = 60.0
_ENDING = "_test_to_answer.jsonl"
_NAMES = {
    "bytes that are not UTF-8": os.fsdecode(b"clip\xff\xfe"),
    "a line end": "two\nlines",
    "quotes": 'it\'s "so" `echo`',
    "control characters": "\x1b[31mred\x07\x7f\r\t",
    "a leading dash": "--out",
    "a leading dot": ".hidden",
    "the longest": "x" * 200,
    "wide": "微表情" * 20,
    "right to left": "\u202egnp.\u0645\u0631\u062d\u0628\u0627",
    "emoji": "😀👩‍👩‍👧",
    "signs": "a=b, c;d|e*f?[g]%00$HOME~",
    "spaces": " a  b ",
    "markup": "[red]<b>&amp;[bold]",
}
_KINDS = ("pipe", "socket", "null", "zero", "dangling", "circle", "folder", "empty", "unreadable")
_CHANGES = ("vanishes", "is cut", "is emptied", "is written anew", "cannot be read")


def _copy(attempt: Attempt, name: str = "data") -> Path:
    """Return a copy of the inputs under a name, with the recipe's paths in it."""
    data = attempt.folder / name
    shutil.copytree(attempt.shared, data, copy_function=os.link)
    recipe = data / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    recipe.unlink()
    encoded = repr(str(data))[1:-1].replace('"', '\\"') if str(data).isascii() else str(data)
    text = text.replace(str(attempt.shared.resolve()), encoded)
    recipe.write_text(text, encoding="utf-8", errors="surrogateescape")
    return data


def _name(name: str, case: str, attempt: Attempt) -> list[str]:
    """Give the folders of inputs and outputs, and a clip beside the others, an odd name."""
    odd = _NAMES[case]
    data, out = _copy(attempt, odd), attempt.folder / f"out {odd}"
    out.mkdir()
    for clips in (data / "data/clips", data / "long/clips"):
        clip = min(clips.glob("*.mp4"))
        shutil.copy(clip, clips / f"{odd}.mp4")
        (clips / odd).mkdir()
    words = [str(word) for word in COMMANDS[name](data, out)]
    renames = attempt.random.random() < 0.3  # Some formats cannot hold every name.
    for place, word in enumerate(words):
        if renames and word.endswith(_ENDING):
            words[place] = str(Path(word).with_name(odd + _ENDING))
            Path(word).rename(words[place])
    attempt.notes.append(f"{name}, {case}" + (", also of the question file" if renames else ""))
    if name.split()[0] in ("ask", "sample"):
        words[1] = str(data / "data/clips" / f"{odd}.mp4")
    outcome = inside(words, folder=attempt.folder, seconds=_SECONDS)
    problems = faults(outcome, codes=(0, 1, 2), output=out)
    if outcome.code == 2 and outcome.err.count("\n") > 30:
        problems.append(f"{name}: {outcome.err.count(chr(10))} lines: {outcome.err[:200]!r}")
    if outcome.code and not renames and name not in ("finetune", "loso") and case not in _REFUSED:
        problems.append(f"{name}: refused for a name: {outcome.err.strip()[-300:]}")
    return problems


#: Names that a command may refuse, with a word.
_REFUSED = ("the longest",)


def _kind(name: str, case: str, attempt: Attempt) -> list[str]:
    """Put something that is no file in the place of an input."""
    data, out = _copy(attempt), attempt.folder / "out"
    out.mkdir()
    words = COMMANDS[name](data, out)
    paths = _given(words, data)
    if not paths:
        return []
    path = attempt.random.choice(paths)
    attempt.notes.append(f"{name}, {case} in the place of {path.relative_to(data)}")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    match case:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                here = os.getcwd()
                os.chdir(path.parent)  # Its path may be longer than a socket's may be.
                made.bind(path.name)
                os.chdir(here)
        case "null" | "zero":
            path.symlink_to(f"/dev/{case}")
        case "dangling":
            path.symlink_to(data / "nowhere")
        case "circle":
            path.symlink_to(path)
        case "folder":
            path.mkdir()
        case "empty":
            path.write_bytes(b"")
        case "unreadable":
            path.symlink_to("/proc/self/mem")
    outcome = inside(words, folder=out, seconds=20.0)
    problems = faults(outcome, codes=(0, 1, 2), output=out)
    if outcome.code == 2 and outcome.err.count("\n") > 12:
        problems.append(f"{name}: {outcome.err.count(chr(10))} lines: {outcome.err[:300]!r}")
    return problems


def _given(words: Any, data: Path) -> list[Path]:
    """Return the inputs that words name, and the files in those that are folders."""
    paths = [Path(word) for word in words if str(word).startswith(f"{data}/")]
    below = [path for folder in paths if folder.is_dir() for path in sorted(folder.rglob("*")) if path.is_file()]
    if any(path.name == "recipe.yaml" for path in paths):
        below += [data / "data/me_vqa_synthetic_train.jsonl", *sorted((data / "data/clips").glob("*.mp4"))]
    return paths + below


def _change(name: str, case: str, attempt: Attempt) -> list[str]:
    """Let an input vanish or change at a drawn moment."""
    data, out = _copy(attempt), attempt.folder / "out"
    out.mkdir()
    words = COMMANDS[name](data, out)
    paths = [path for path in _given(words, data) if path.is_file()]
    if not paths:
        return []
    path, moment = attempt.random.choice(paths), attempt.random.uniform(0, 2.0) ** 2 / 2
    attempt.notes.append(f"{name}, {path.relative_to(data)} {case} after {moment:.3f} s")
    content = path.read_bytes()

    def change() -> None:
        path.unlink()
        if case == "is cut":
            path.write_bytes(content[: len(content) // 2])
        elif case == "is emptied":
            path.write_bytes(b"")
        elif case == "is written anew":
            path.write_bytes(content[::-1])

    def before() -> None:
        if case == "cannot be read":
            _break_reading(path, attempt.random.randrange(4))
        else:
            timer = threading.Timer(moment, change)
            timer.daemon = True
            timer.start()

    return faults(inside(words, folder=out, before=before, seconds=_SECONDS), codes=(0, 1, 2), output=out)


def _break_reading(path: Path, opened: int) -> None:
    """Let a file fail like a disk that goes bad, after it was opened some times."""
    import av

    def breaking(function: Callable[..., Any]) -> Callable[..., Any]:
        left = [opened]

        def call(file: Any, *words: Any, **more: Any) -> Any:
            if isinstance(file, (str, Path)) and os.fspath(file) == str(path):
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
            return function(file, *words, **more)

        return call

    builtins.open = io.open = breaking(io.open)
    av.open = breaking(av.open)


CAMPAIGNS = (
    Campaign(
        "odd-files/names",
        "odd names of folders and clips, every command",
        each(_name, _NAMES),
        pairs(_NAMES),
        7,
        prepare,
    ),
    Campaign(
        "odd-files/kinds",
        "pipes, devices, links as inputs, every command",
        each(_kind, _KINDS),
        2 * pairs(_KINDS),
        7,
        prepare,
    ),
    Campaign(
        "odd-files/changes",
        "inputs that vanish or change on the way",
        each(_change, _CHANGES),
        3 * pairs(_CHANGES),
        6,
        prepare,
    ),
)
