"""Problems of clips, one line each; one line in all for the same problem of many clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.errors import Problem

#: So many clips with one problem are named one by one, unless they are all there are.
_MOST_LINES = 3
#: Clips named in a line about many.
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class ClipProblem:
    """One thing wrong with one clip.

    Attributes:
        clip: Its id.
        message: What is wrong and how to mend it, without the clip.
        line: 1-based line of its first question.
        kind: What problems that share a line have in common; None: the message.
        of_many: The message for several clips, to follow "12 of 20 clips"; None: the message, as one example.
    """

    clip: str
    message: str
    line: int | None = None
    kind: str | None = None
    of_many: str | None = None


def together(problems: Sequence[ClipProblem], clips: int, question_file: Path | None) -> list[Problem]:
    """Return problems in their order, those of one kind in one line where they are many or concern every clip.

    Args:
        problems: Clip by clip.
        clips: Number of clips that were looked for.
        question_file: Where the problems point to; None: to the clip.
    """
    groups: dict[str, list[ClipProblem]] = {}
    for problem in problems:
        groups.setdefault(problem.kind or problem.message, []).append(problem)
    lines: list[Problem] = []
    done: set[str] = set()
    for problem in problems:
        kind = problem.kind or problem.message
        group = groups[kind]
        if len(group) > _MOST_LINES or (len(group) > 1 and len(group) == clips):
            if kind not in done:
                lines.append(_of_many(group, clips, question_file))
            done.add(kind)
        elif question_file is None:
            lines.append(Problem(f"clip {problem.clip}", problem.message))
        else:
            lines.append(Problem(question_file, f"clip {problem.clip}: {problem.message}", problem.line))
    return lines


def _of_many(group: Sequence[ClipProblem], clips: int, question_file: Path | None) -> Problem:
    first = group[0]
    names = examples(problem.clip for problem in group)
    # A clip may have one problem twice.
    count = f"{len({problem.clip for problem in group})} of {clips} clips"
    message = f"{count} {first.of_many} ({names})" if first.of_many else f"{count} ({names}): {first.message}"
    if first.of_many is None and first.kind is not None:
        message = f"{count} ({names}) have such a problem: {first.message}"
    return Problem(question_file or "clips", message, first.line if question_file is not None else None)


def examples(names: Iterable[str]) -> str:
    """Return the first three names, with dots where there are more."""
    every = list(dict.fromkeys(names))
    return ", ".join(every[:_EXAMPLES]) + (", ..." if len(every) > _EXAMPLES else "")


def list_lines(lines: Sequence[int], most: int = 10, what: str = "line") -> str:
    """Return ``line 3`` or ``lines 3, 5, 9, ... (12 more)``."""
    more = f", ... ({len(lines) - most} more)" if len(lines) > most else ""
    return f"{what}{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:most]))}{more}"
