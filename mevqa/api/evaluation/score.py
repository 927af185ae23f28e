"""Scores of answers and of detected events, and whether two of either differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from mevqa.api.paths import AnyPath, optional_path
from mevqa.data.events.read import is_event_file, unknown_events
from mevqa.errors import InputError, MevqaError, Problem, errors_name_parameters
from mevqa.scoring.answers.score import score_answers
from mevqa.scoring.comparison import compare_answers
from mevqa.scoring.events.score import compare_events, score_events
from mevqa.scoring.metrics.bootstrap import DRAWS
from mevqa.scoring.result import ScoreResult

#: Switches of a preset that are set otherwise: values by name, or NAME=VALUE items.
Changes: TypeAlias = Mapping[str, object] | Sequence[str]


@errors_name_parameters
def score(
    predictions: AnyPath,
    reference: AnyPath | None = None,
    *,
    preset: str | None = None,
    changes: Changes = (),
    strict: bool = False,
    by: Sequence[str] = (),
    fps: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Score answers or detected events like the challenge, with intervals.

    Args:
        predictions: A run folder, a file of answers in either official layout, a folder of such files, or a file of
            detected events.
        reference: The right answers, or the coded events; None for those of the run.
        preset: Name of the preset; None for that of the task.
        changes: Switches of the preset that are set otherwise.
        strict: Whether an answer without a number counts as 0.
        by: Parts to score besides: ``dataset``, ``subject``, ``type``; of events ``dataset``, ``subject``, ``video``.
        fps: Frames per second of events, where the files do not tell.
        draws: Bootstrap draws; 0 for no intervals.
        seed: Of the bootstrap.

    Raises:
        InputError: Everything that is wrong with the files, the preset or its switches.
        MevqaError: An option does not go with the kind of the files.
    """
    paths = [Path(predictions), *([Path(reference)] if reference is not None else [])]
    if _hold_events(paths, strict=strict, fps=fps):
        if reference is None:
            raise MevqaError("detected events need a REFERENCE: name the file of the coded events after them")
        return score_events(paths[0], paths[1], preset, changes=_items(changes), by=by, fps=fps, draws=draws, seed=seed)
    return score_answers(*paths, preset=preset, changes=_items(changes, strict), by=by, draws=draws, seed=seed)


@errors_name_parameters
def compare(
    first: AnyPath,
    second: AnyPath,
    reference: AnyPath | None = None,
    *,
    preset: str | None = None,
    changes: Changes = (),
    strict: bool = False,
    fps: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Compare two sets of answers, or of detected events, by a paired bootstrap over subjects.

    Args:
        first: What is compared with; see ``score``.
        second: The other one.
        reference: The right answers, or the coded events; None for those of the runs.
        preset: Name of the preset; None for that of the task.
        changes: Switches of the preset that are set otherwise.
        strict: Whether an answer without a number counts as 0.
        fps: Frames per second of events, where the files do not tell.
        draws: Bootstrap draws.
        seed: Of the bootstrap.

    Returns:
        ``metrics`` are the differences, second less first, with their intervals; ``details["p"]`` their p-values.

    Raises:
        InputError: What is wrong with either, or they did not answer the same questions.
        MevqaError: An option does not go with the kind of the files.
    """
    pair = Path(first), Path(second)
    reference_path = optional_path(reference)
    if _hold_events([*pair, *([reference_path] if reference_path is not None else [])], strict=strict, fps=fps):
        if reference_path is None:
            raise MevqaError("detected events need a REFERENCE: name the file of the coded events last")
        return compare_events(
            *pair, reference_path, preset=preset, changes=_items(changes), fps=fps, draws=draws, seed=seed
        )
    return compare_answers(
        *pair, reference_path, preset=preset, changes=_items(changes, strict), draws=draws, seed=seed
    )


def _hold_events(paths: Sequence[Path], *, strict: bool, fps: float | None) -> bool:
    """Return whether the files hold detected events, and not answers.

    Raises:
        InputError: A file is missing, or only some of them hold events.
        MevqaError: An option does not go with the kind of the files.
    """
    absent = [Problem(path, "there is no such file or folder") for path in paths if not path.exists()]
    if absent:
        raise InputError(absent)
    events = [is_event_file(path) for path in paths]
    if any(events) and not all(events):
        for path, is_events in zip(paths, events, strict=True):
            unknown = unknown_events(path) if is_events else None
            if unknown is not None:
                raise InputError([Problem(path, f"{unknown}; a table of answers has the columns id and answer")])
        others = [path for path, kind in zip(paths, events, strict=True) if not kind]
        message = f"holds no events, but {paths[events.index(True)]} does: score like with like"
        raise InputError([Problem(path, message) for path in others])
    if any(events) and strict:
        raise MevqaError("--strict is about answers with numbers; `strict` is the default preset of events")
    if not any(events) and fps is not None:
        raise MevqaError("--fps goes with files of events")
    return any(events)


def _items(changes: Changes, strict: bool = False) -> list[str]:
    """Return switches as NAME=VALUE items."""
    if isinstance(changes, Mapping):
        changes = [f"{name}={_text(value)}" for name, value in changes.items()]
    return [*changes, *(["count=zero"] if strict else [])]


def _text(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
