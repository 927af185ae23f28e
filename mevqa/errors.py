"""Errors that a user can mend: one clear line each, exit code 2, never a traceback."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: The same complaint about more lines than this becomes one line.
_REPEATED = 3
#: Complaints that differ only in names and numbers: this many stay lines of their own.
_ALIKE = 10
_EXAMPLES = 3
#: Characters of a message: an id of megabytes says no more than its beginning and its end.
_LONGEST = 2_000
#: Separates the requirement from the value that is there.
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

    def __post_init__(self) -> None:
        """Leave out the middle of a message that quotes something very long."""
        if len(self.message) > _LONGEST:
            object.__setattr__(self, "message", shortened(self.message))

    def __str__(self) -> str:
        """Render as ``path:line: message``, the form that editors make clickable."""
        where = f"{self.path}:{self.line}" if self.line is not None else f"{self.path}"
        return f"{where}: {self.message}"


#: Problems by line, by path and message.
_ByMessage: TypeAlias = dict[tuple[str, str], dict[int | None, Problem]]


class MevqaError(Exception):
    """Base class of every error that is the input's fault; the command line prints it and exits with 2."""

    def name_parameters(self) -> None:
        """Speak of the parameters of functions (``views``) in place of options of commands (``--views``)."""
        self.args = tuple(_parameters(text) if isinstance(text, str) else text for text in self.args)


class InputError(MevqaError):
    """One or more problems of the user's input, reported together; complaints that repeat are grouped in the text.

    Attributes:
        problems: Every problem that was found, in the order of the input, not grouped.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in group_problems(self.problems)))

    def __reduce__(self) -> tuple[object, ...]:
        """Be sent from one process to another."""
        return type(self), (self.problems,), {"args": self.args}

    def name_parameters(self) -> None:
        """Speak of parameters in the problems too."""
        self.problems = tuple(
            replace(problem, path=_parameters(problem.path) if isinstance(problem.path, str) else problem.path)
            for problem in (replace(problem, message=_parameters(problem.message)) for problem in self.problems)
        )
        super().name_parameters()


class MediaError(MevqaError):
    """A video or folder of frames that cannot be read exactly.

    Attributes:
        path: The media at fault.
        reason: Why, one line.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = Path(path)
        self.reason = shortened(reason)
        super().__init__(f"{path}: {self.reason}")

    def __reduce__(self) -> tuple[object, ...]:
        """Be sent from one process to another."""
        return type(self), (self.path, self.reason), {"args": self.args}


class ModelError(MevqaError):
    """A model that cannot be loaded or cannot be asked; the message says which and the mend."""


#: Options of commands, and commands to be typed, in which they stay as they are.
_OPTION = re.compile(r"(`[^`]*`|\bmevqa [a-z]+ [^;,\n]*)|(?<![\w-])--([a-z]+(?:-[a-z]+)*)")
#: Whether a command runs, whose errors speak of options.
_in_command: ContextVar[bool] = ContextVar("in_command", default=False)


def _parameters(text: str) -> str:
    return _OPTION.sub(lambda match: match[1] or match[2].replace("-", "_"), text)


@contextmanager
def errors_name_options() -> Iterator[None]:
    """Let the errors of public functions speak of options while a command runs."""
    token = _in_command.set(True)
    try:
        yield
    finally:
        _in_command.reset(token)


def errors_name_parameters(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let the errors of a public function speak of its parameters, where no command calls it."""

    @functools.wraps(function)
    def call(*args: _P.args, **keywords: _P.kwargs) -> _R:
        try:
            return function(*args, **keywords)
        except MevqaError as error:
            if not _in_command.get():
                error.name_parameters()
            raise

    return call


def shortened(text: str, most: int = _LONGEST) -> str:
    """Return a text, without its middle where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} ... ({len(text) - 2 * half:,} characters) ... {text[-half:]}"


def group_problems(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems, each once, with the repeated complaints grouped at the place of the first.

    The same complaint about many lines of a file becomes one line with a count and the first line numbers, also where
    it names the value that each of them has ("must be a number, not 'x'"): then three of these are shown. Of many
    complaints that differ only in quoted names and in numbers, the first three are kept, and a line counts the others.
    """
    # There may be millions: what takes time is done once for each message, not for each problem.
    same: _ByMessage = {}
    for problem in problems:
        same.setdefault((str(problem.path), problem.message), {}).setdefault(problem.line, problem)
    shown_by_id = _join_values(same)
    alike: dict[tuple[str, str], list[Problem]] = {}
    for (path, message), by_line in same.items():
        group = list(by_line.values())
        if len(group) > _REPEATED:
            shown_by_id[id(group[0])] = [_counted(group)]
        else:
            alike.setdefault((path, _DETAIL.sub("\0", message)), []).extend(group)
    for group in alike.values():
        if len(group) <= _ALIKE:
            shown_by_id |= {id(problem): [problem] for problem in group}
            continue
        where = _lines(group[_EXAMPLES:])
        more = f"and {len(group) - _EXAMPLES} more problems of this kind" + (f": {where}" if where else "")
        shown_by_id[id(group[0])] = [*group[:_EXAMPLES], Problem(group[0].path, more)]
    return [shown for problem in problems for shown in shown_by_id.pop(id(problem), ())]


def _join_values(same: _ByMessage) -> dict[int, list[Problem]]:
    """Take out the problems that differ only in the value that is named ("..., not VALUE").

    Returns:
        One problem in place of each such group, by the identity of the first of the group.
    """
    parted: dict[tuple[str, str], dict[str, list[Problem]]] = {}
    for (path, message), by_line in same.items():
        claim, _, value = message.partition(_VALUE)
        if value and ";" not in value:
            parted.setdefault((path, claim), {})[value] = list(by_line.values())
    joined: dict[int, list[Problem]] = {}
    for (path, claim), values in parted.items():
        count = sum(map(len, values.values()))
        if count <= _REPEATED or len(values) == 1:
            continue
        firsts = [(value, group[0]) for value, group in values.items()]
        examples = [f"{v} (line {p.line})" if p.line is not None else v for v, p in firsts[:_EXAMPLES]]
        message = f"{claim}{_VALUE}{', '.join(examples)}{', ...' if firsts[_EXAMPLES:] else ''}: {count} lines"
        first = firsts[0][1]
        joined[id(first)] = [Problem(first.path, message, first.line)]
        for value in values:
            del same[path, f"{claim}{_VALUE}{value}"]
    return joined


def _counted(problems: Sequence[Problem]) -> Problem:
    """Return one problem for many with the same message."""
    first = problems[0]
    where = _lines(problems)
    count = f"{len(problems)} lines: {where}" if where else f"{len(problems)} times"
    return Problem(first.path, f"{first.message} ({count})", first.line)


def _lines(problems: Sequence[Problem]) -> str:
    """Return the first line numbers of some problems, with a sign that there are more."""
    numbers = [str(problem.line) for problem in problems if problem.line is not None]
    return ", ".join(numbers[:_EXAMPLES]) + (", ..." if len(numbers) > _EXAMPLES else "")
