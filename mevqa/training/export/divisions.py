"""Splits of an export by subject: one division, or one a fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mevqa.data.persons import is_known
from mevqa.datasets import canonical_dataset
from mevqa.errors import InputError, Problem
from mevqa.training.export.conversations import ClipConversations
from mevqa.training.splits import (
    Fold,
    assert_disjoint,
    k_folds,
    leave_one_dataset_out,
    leave_one_subject_out,
    validation_split,
)
from mevqa.types import Clip

#: Name of the only division where there are no folds.
WHOLE = "default"


@dataclass(frozen=True, slots=True)
class Division:
    """Splits that belong together: nobody is in two of them.

    Attributes:
        name: ``default``, or the name of a fold.
        splits: Clip ids by the name of the split: ``train``, ``validation``, ``test``; none is empty.
    """

    name: str
    splits: Mapping[str, tuple[str, ...]]


def divide(
    conversations: Sequence[ClipConversations], *, folds: str | int | None, validation: float, seed: int
) -> list[Division]:
    """Divide clips by whole subjects.

    Without folds, what has answers is trained on and what has none is the test; with folds, what has no answer is left
    out.

    Args:
        conversations: The clips.
        folds: ``subject`` (leave one out), ``dataset`` (leave one out) or a number of groups of subjects; None: no
            folds.
        validation: Share of each training side that is kept for validation, by whole subjects; 0: none.
        seed: Decides between equals.

    Raises:
        InputError: A subject is not known where somebody could be on both sides, or there are too few subjects.
        LeakError: A clip or a person would be on both sides.
    """
    answered = {clip.clip.id: clip.clip for clip in conversations if clip.is_answered}
    if folds is None:
        divisions = [_without_folds(conversations, answered)]
    elif not answered:
        raise InputError([Problem("--folds", "no question has an answer, so that there is nothing to train on")])
    else:
        divisions = [
            Division(fold.name, {"train": fold.train, "test": fold.test}) for fold in _folds(answered, folds, seed)
        ]
    if not validation:
        return divisions
    labels = {clip.clip.id: _coarse(clip) for clip in conversations}
    return [_with_validation(division, answered, validation, seed, labels) for division in divisions]


def _folds(clips: Mapping[str, Clip], folds: str | int, seed: int) -> Sequence[Fold]:
    if folds == "subject":
        return leave_one_subject_out(clips)
    if folds == "dataset":
        return leave_one_dataset_out(clips)
    return k_folds(clips, int(folds), seed, named="--folds")


def _without_folds(conversations: Sequence[ClipConversations], answered: Mapping[str, Clip]) -> Division:
    """Return the only division: clips with answers are trained on, those without are the test."""
    clips = {clip.clip.id: clip.clip for clip in conversations}
    open_ids = {clip.clip.id for clip in conversations if any(question.answer is None for question in clip.asked)}
    if answered and open_ids:
        assert_disjoint(answered, open_ids, clips, unknown_as_own=_are_apart(answered, open_ids, clips))
    sides = {"train": tuple(answered), "test": tuple(name for name in clips if name in open_ids)}
    return Division(WHOLE, {name: side for name, side in sides.items() if side})


def _are_apart(train: Mapping[str, Clip], test: set[str], clips: Mapping[str, Clip]) -> bool:
    """Whether clips of unknown subjects are of data sets that the other side does not have."""
    sides = [[clips[name] for name in side] for side in (train, test)]
    for side_clips, other_clips in (sides, reversed(sides)):
        unknown = {canonical_dataset(clip.dataset) for clip in side_clips if not is_known(clip)}
        if unknown & ({canonical_dataset(clip.dataset) for clip in other_clips} | {"unknown"}):
            return False
    return True


def _with_validation(
    division: Division, answered: Mapping[str, Clip], share: float, seed: int, labels: Mapping[str, str | None]
) -> Division:
    """Keep whole subjects of the training side for validation."""
    if "train" not in division.splits:
        raise InputError([Problem("--validation", "no question has an answer, so that there is nothing to validate")])
    clips = {name: answered[name] for name in division.splits["train"]}
    learning, held_out = validation_split(clips, share, seed, labels, named="--validation")
    order = division.splits["train"]
    sides = {
        "train": tuple(name for name in order if name in set(learning)),
        "validation": tuple(name for name in order if name in set(held_out)),
    }
    return replace(
        division,
        splits={**division.splits, **sides}
        if "test" not in division.splits
        else {**sides, "test": division.splits["test"]},
    )


def _coarse(clip: ClipConversations) -> str | None:
    """Return the coarse class of a clip from its questions, or else from its annotation."""
    answers = [question.answer for question in clip.asked if question.type == "coarse" and question.answer is not None]
    annotation = clip.clip.annotation
    return answers[0] if answers else (annotation.coarse if annotation is not None else None)
