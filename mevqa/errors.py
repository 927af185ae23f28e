"""Errors that a user can mend: one clear line each, exit code 2, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


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
    """One or more problems of the user's input, reported together.

    Attributes:
        problems: Every problem that was found, in the order of the input.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


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
