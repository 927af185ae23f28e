"""Blocks of code in the documents: what the pages show as run, and what they say was not run.

A fence of ``console`` holds commands behind ``$ `` and what they print, one of ``bash`` holds commands alone, one of
``python`` Python; a fence of ``text`` right below one of Python is what that prints. A comment above a fence,
``<!-- not run: needs a GPU -->``, says why the tests do not run it. Both the tests and the site read blocks here.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

#: Languages of fences that are run.
RUN = ("console", "bash", "python")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"^ *<!-- not run: (?P<reason>.+?) -->\n\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is typed, with its variables, and the lines that are shown below it."""

    line: str
    shown: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of the command, without comments and without variables that stand before it."""
        words = shlex.split(self.line, comments=True)
        return words[len(self.variables) :]

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that stand before the command."""
        assigned = {}
        for word in shlex.split(self.line, comments=True):
            if not (parts := re.fullmatch(r"([A-Z_]+)=(\S*)", word)):
                break
            assigned[parts[1]] = parts[2]
        return assigned


@dataclass(frozen=True, slots=True)
class Block:
    """A fence of code: its language, its text, its line in the page, and why it is not run, where it is not."""

    language: str
    body: str
    line: int
    start: int
    end: int
    not_run: str | None = None
    printed: str | None = None

    @property
    def commands(self) -> list[Command]:
        """The commands of a block of ``console`` or ``bash``."""
        lines = iter(self.body.splitlines())
        commands: list[Command] = []
        for line in lines:
            typed = line.removeprefix("$ ") if self.language == "console" else line
            if self.language == "console" and typed == line:
                if commands:
                    commands[-1] = Command(commands[-1].line, (*commands[-1].shown, line))
                continue
            while typed.endswith("\\"):
                typed = typed[:-1].rstrip() + " " + next(lines).strip()
            if typed.strip() and not typed.startswith("#"):
                commands.append(Command(typed))
        return commands


def read_blocks(text: str) -> list[Block]:
    """All fences of a page, in order."""
    blocks: list[Block] = []
    for fence in _FENCE.finditer(text):
        indent = len(fence["indent"])
        body = "".join(line[indent:] if line.strip() else line for line in fence["body"].splitlines(keepends=True))
        reason = NOT_RUN.search(text[: fence.start()])
        below = re.match(r"\n\n?```text\n(.*?)^```$", text[fence.end() :], re.MULTILINE | re.DOTALL)
        printed = below[1] if below and fence["language"] == "python" else None
        line = text.count("\n", 0, fence.start()) + 1
        why = reason["reason"] if reason else None
        start = fence.start("body")
        blocks.append(Block(fence["language"], body, line, start, fence.end("body"), why, printed))
    return blocks
