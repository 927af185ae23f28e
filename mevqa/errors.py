"""Errors that a user can mend: one clear line each, exit code 2, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The same complaint about more lines than this becomes one line.
_REPEATED = 3
#: Complaints that differ only in names and numbers: this many stay lines of their own.
_ALIKE = 10
_EXAMPLES = 3
#: Parts what must hold from the value that is there.
_VALUE = ", not "
_DETAIL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one of the user's inputs.

    Attributes:
        path: The file (or folder) that is at fault.
        message: What is wrong and how to mend it, one line.
        line: 1-based line or row number inside the file, when there is one.
    """

    path: Path | str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        """Render as ``path:line: message``, the form that editors make clickable."""
        where = f"{self.path}:{self.line}" if self.line is not None else f"{self.path}"
        return f"{where}: {self.message}"


class MevqaError(Exception):
    """Base class of every error that is the input's fault; the command line prints it and exits with 2."""


class InputError(MevqaError):
    """One or more problems of the user's input, reported together; complaints that repeat are grouped in the text.

    Attributes:
        problems: Every problem that was found, in the order of the input, not grouped.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in group_problems(self.problems)))


class MediaError(MevqaError):
    """A video or folder of frames that cannot be read exactly.

    Attributes:
        path: The media at fault.
        reason: Why, one line.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = Path(path)
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ModelError(MevqaError):
    """A model that cannot be loaded or cannot be asked; the message says which and the mend."""


def group_problems(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems, each once, with the repeated complaints grouped at the place of the first.

    The same complaint about many lines of a file becomes one line with a count and the first line numbers, also where
    it names the value that each of them has ("must be a number, not 'x'"): then three of these are shown. Of many
    complaints that differ only in quoted names and in numbers, the first three are kept, and a line counts the others.
    """
    problems = _with_values_joined(tuple(dict.fromkeys(problems)))
    same: dict[tuple[str, str], list[Problem]] = {}
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        same.setdefault((str(problem.path), problem.message), []).append(problem)
        alike.setdefault(_kind(problem), []).append(problem)
    shown: list[Problem] = []
    done: set[tuple[str, str]] = set()
    for problem in problems:
        exact = (str(problem.path), problem.message)
        kind = _kind(problem)
        if kind in done or exact in done:
            continue
        if len(same[exact]) > _REPEATED:
            done.add(exact)
            shown.append(_counted(same[exact]))
            continue
        others = [other for other in alike[kind] if len(same[str(other.path), other.message]) <= _REPEATED]
        if len(others) <= _ALIKE:
            shown.append(problem)
            continue
        done.add(kind)
        shown += others[:_EXAMPLES]
        more = len(others) - _EXAMPLES
        where = _lines(others[_EXAMPLES:])
        shown.append(Problem(problem.path, f"and {more} more problems of this kind" + (f": {where}" if where else "")))
    return shown


def _with_values_joined(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return problems with one in place of many that say the same of different values ("..., not VALUE")."""
    parted: dict[tuple[str, str], list[tuple[Problem, str]]] = {}
    for problem in problems:
        claim, _, value = problem.message.partition(_VALUE)
        if value and ";" not in value:
            parted.setdefault((str(problem.path), claim), []).append((problem, value))
    joined: dict[Problem, Problem | None] = {}
    for (_, claim), group in parted.items():
        of_value: dict[str, Problem] = {}
        for problem, value in group:
            of_value.setdefault(value, problem)
        values = list(of_value.items())
        if len(group) > _REPEATED and len(values) > 1:
            shown = [f"{v} (line {p.line})" if p.line is not None else v for v, p in values[:_EXAMPLES]]
            first = group[0][0]
            message = f"{claim}{_VALUE}{', '.join(shown)}{', ...' if values[_EXAMPLES:] else ''}: {len(group)} lines"
            joined |= {problem: None for problem, _ in group} | {first: Problem(first.path, message, first.line)}
    found = (joined.get(problem, problem) for problem in problems)
    return tuple(problem for problem in found if problem is not None)


def _kind(problem: Problem) -> tuple[str, str]:
    """Return what a problem is about, without its names and numbers."""
    return str(problem.path), _DETAIL.sub("\0", problem.message)


def _counted(problems: Sequence[Problem]) -> Problem:
    """Return one problem for many that say the same."""
    first = problems[0]
    where = _lines(problems)
    count = f"{len(problems)} lines: {where}" if where else f"{len(problems)} times"
    return Problem(first.path, f"{first.message} ({count})", first.line)


def _lines(problems: Sequence[Problem]) -> str:
    """Return the first line numbers of some problems, with a sign that there are more."""
    numbers = [str(problem.line) for problem in problems if problem.line is not None]
    return ", ".join(numbers[:_EXAMPLES]) + (", ..." if len(numbers) > _EXAMPLES else "")
