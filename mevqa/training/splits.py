"""Splits by subject: folds by subject or data set, a validation side, shards of folds.

No person is on both sides of a split: every function that makes one ends in ``assert_disjoint``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.data.persons import Person, is_known, person
from mevqa.datasets import canonical_dataset
from mevqa.errors import InputError, MevqaError, Problem
from mevqa.types import Clip

# Clips that a message names before it counts the rest.
_NAMED = 8
# Longest part of a fold's name that comes from a subject; file names end at 255 bytes.
_LONGEST_NAME = 80


class LeakError(MevqaError):
    """A clip or a person is on both sides of a split."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the clips.

    Attributes:
        name: Readable, unique among its folds, and safe as a file name.
        train: Ids of the clips to learn from, sorted.
        test: Ids of the held-out clips, sorted.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]


def assert_disjoint(
    train: Iterable[str], test: Iterable[str], clips: Mapping[str, Clip], *, unknown_as_own: bool = False
) -> None:
    """Make sure that no clip and no person is on both sides.

    Args:
        train: Ids of one side.
        test: Ids of the other side.
        clips: The clips by id.
        unknown_as_own: Take each clip without a subject for a person of its own. Only right when no other clip shows
            the same person: otherwise the person is on both sides.

    Raises:
        LeakError: Somebody is on both sides; the message names who and where.
        InputError: A subject is not known, and ``unknown_as_own`` does not allow that.
    """
    train, test = sorted(train), sorted(test)
    both = sorted(set(train) & set(test))
    if both:
        raise LeakError(f"trained and tested on the same clips: {_listed(both)}")
    learnt = _by_person({name: clips[name] for name in train}, unknown_as_own=unknown_as_own)
    held_out = _by_person({name: clips[name] for name in test}, unknown_as_own=unknown_as_own)
    leaks = [
        f"subject {subject_spelling(clips[learnt[who][0]])} of {who[0]} is on both sides of the split: trained on "
        f"{_listed(learnt[who])}; tested on {_listed(held_out[who])}"
        for who in sorted(learnt.keys() & held_out.keys())
    ]
    if leaks:
        raise LeakError("\n".join(leaks))


def leave_one_subject_out(clips: Mapping[str, Clip], *, of: Collection[str] | None = None) -> tuple[Fold, ...]:
    """Hold out one person after the other.

    Args:
        clips: The clips by id.
        of: Data sets whose persons are held out; those of the others are always trained on. None (or none): all.

    Returns:
        One fold a person, named ``casme2-sub01``, sorted by person.

    Raises:
        InputError: A subject is not known, ``of`` names a data set without clips, or nothing is left to train on.
    """
    persons = _persons_of(clips, of)
    names = _unique(_file_name(f"{who[0]} {subject_spelling(clips[clip_ids[0]])}") for who, clip_ids in persons.items())
    return tuple(_fold(name, clip_ids, clips) for name, clip_ids in zip(names, persons.values(), strict=True))


def k_folds(
    clips: Mapping[str, Clip], k: int, seed: int, *, of: Collection[str] | None = None, named: str = "folds.k"
) -> tuple[Fold, ...]:
    """Hold out one of ``k`` groups of persons after the other.

    The persons with most clips are dealt first, each to the group with the fewest clips so far; ``seed`` decides
    between equals. So two groups never differ by more clips than one person has.

    Args:
        clips: The clips by id.
        k: Number of groups, at least 2.
        seed: Decides the ties.
        of: Data sets whose persons are held out; those of the others are always trained on. None (or none): all.
        named: What the user calls ``k``, for errors: the key of a recipe, or the option of a command.

    Returns:
        ``k`` folds, named ``fold-3-of-5``.

    Raises:
        InputError: A subject is not known, ``of`` names a data set without clips, or there are fewer persons than
            groups.
    """
    dealt = list(_persons_of(clips, of).values())
    if not 2 <= k <= len(dealt):
        mend = f"ask for 2 to {len(dealt)}" if len(dealt) > 1 else "give clips of two subjects at least"
        raise _refused(f"{len(dealt)} person{'s' * (len(dealt) != 1)} cannot be divided into {k} folds; {mend}", named)
    shuffled = [dealt[at] for at in np.random.default_rng(seed).permutation(len(dealt))]
    groups: list[list[str]] = [[] for _ in range(k)]
    for clip_ids in sorted(shuffled, key=len, reverse=True):
        min(groups, key=len).extend(clip_ids)
    return tuple(_fold(f"fold-{number}-of-{k}", group, clips) for number, group in enumerate(groups, 1))


def leave_one_dataset_out(clips: Mapping[str, Clip], *, of: Collection[str] | None = None) -> tuple[Fold, ...]:
    """Hold out one data set after the other.

    Subjects need not be known: nobody of the held-out data set is trained on.

    Args:
        clips: The clips by id.
        of: Data sets that are held out in turn; the others are always trained on. None (or none): all.

    Returns:
        One fold a data set, named ``without-smic``, sorted by data set.

    Raises:
        InputError: The data set of a clip is not known, ``of`` names one without clips, or there is only one.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(clips):
        groups[canonical_dataset(clips[name].dataset)].append(name)
    if "unknown" in groups:
        raise _refused(
            f"the data set of {len(groups['unknown'])} clips is not known, so none can be left out "
            f"({_listed(groups['unknown'])}); name it in the questions or the annotations"
        )
    held_out = _datasets(groups, of)
    names = _unique(_file_name(f"without {dataset}") for dataset in held_out)
    return tuple(
        _fold(name, groups[dataset], clips, unknown_as_own=True) for name, dataset in zip(names, held_out, strict=True)
    )


def validation_split(
    clips: Mapping[str, Clip],
    share: float,
    seed: int,
    labels: Mapping[str, str | None] | None = None,
    *,
    named: str = "validation.share",
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take whole persons away from training, to stop early on.

    Each class is to have ``share`` of its clips in validation, and at least one; of a class that only one person shows
    none is wanted, so that it stays in training where that is possible. Persons are added one by one, always the one
    that brings the validation nearest to this (least sum over the classes of (wanted - have)^2 / wanted), until none
    brings it nearer; ``seed`` decides between equals.

    Args:
        clips: The clips of the training side by id.
        share: Share of the clips to take, between 0 and 1.
        seed: Decides the ties.
        labels: Class by clip id; clips without one count as a class of their own. None: only the number of clips
            counts.
        named: What the user calls ``share``, for errors: the key of a recipe, or the option of a command.

    Returns:
        Ids of the clips to train on and of those to validate on, sorted; at least one person each.

    Raises:
        InputError: The share is not between 0 and 1, a subject is not known, or there is only one person.
    """
    if not 0 < share < 1:
        raise _refused(f"the validation share is {share:g}; it must be above 0 and below 1", named)
    persons = list(_by_person(clips).values())
    if len(persons) < 2:
        raise _refused("validation by subject needs at least two persons; set its share to 0", named)
    shuffled = [persons[at] for at in np.random.default_rng(seed).permutation(len(persons))]
    chosen = _choose(_class_counts(shuffled, labels), share)
    sides = _fold("validation", [name for at in chosen for name in shuffled[at]], clips)
    return sides.train, sides.test


def _class_counts(groups: Sequence[Sequence[str]], labels: Mapping[str, str | None] | None) -> NDArray[np.float64]:
    """Count each person's clips of each class [persons, classes]."""
    counts = [Counter(labels.get(name) if labels else None for name in group) for group in groups]
    classes = sorted({name for count in counts for name in count}, key=lambda name: (name is None, name or ""))
    return np.array([[count[name] for name in classes] for count in counts], float)


def _choose(counts: NDArray[np.float64], share: float) -> list[int]:
    """Return which rows of ``counts`` [persons, classes] to validate on: at least one, never all."""
    shown_by = (counts > 0).sum(axis=0)
    wanted = np.where(shown_by > 1, np.maximum(share * counts.sum(axis=0), 1), 0)
    weight = 1 / np.maximum(wanted, 1)
    have = np.zeros(counts.shape[1])
    chosen: list[int] = []
    while len(chosen) < len(counts) - 1:
        costs = ((wanted - have - counts) ** 2 * weight).sum(axis=1)
        costs[chosen] = np.inf
        best = int(costs.argmin())
        if chosen and costs[best] >= ((wanted - have) ** 2 * weight).sum():
            break
        chosen.append(best)
        have = have + counts[best]
    return chosen


def shard(folds: Sequence[Fold], index: int, count: int) -> tuple[Fold, ...]:
    """Return the folds of one of several processes: fold ``i`` belongs to shard ``i % count``.

    Args:
        folds: All folds, in the same order for every process.
        index: 0-based number of the shard.
        count: Number of shards.

    Raises:
        ValueError: There is no such shard.
    """
    if not 0 <= index < count:
        raise ValueError(f"there is no shard {index} of {count}")
    return tuple(folds[index::count])


def _fold(name: str, test: Collection[str], clips: Mapping[str, Clip], *, unknown_as_own: bool = False) -> Fold:
    """Train on all that is not tested."""
    train = tuple(sorted(clips.keys() - set(test)))
    if not train:
        raise _refused(
            f"nothing is left to train on in fold {name}: its test side holds all {len(clips)} clips; give clips of "
            "two subjects at least, or of two data sets where one is left out"
        )
    assert_disjoint(train, test, clips, unknown_as_own=unknown_as_own)
    return Fold(name, train, tuple(sorted(test)))


def _by_person(clips: Mapping[str, Clip], *, unknown_as_own: bool = False) -> dict[Person, list[str]]:
    """Return the sorted clip ids of each person, sorted by person."""
    unknown = [name for name in sorted(clips) if not is_known(clips[name])]
    if unknown and not unknown_as_own:
        raise _refused(
            f"the subject of {len(unknown)} clips is not known ({_listed(unknown)}), so the same person could be "
            "trained and tested on; name it in the questions or the annotations"
        )
    persons: dict[Person, list[str]] = defaultdict(list)
    for name in sorted(clips):
        persons[person(clips[name])].append(name)
    return dict(sorted(persons.items(), key=lambda entry: (entry[0][0], _natural(entry[0][1]))))


def _persons_of(clips: Mapping[str, Clip], of: Collection[str] | None) -> dict[Person, list[str]]:
    """Return the persons of the data sets to hold out, with their clips."""
    persons = _by_person(clips)
    datasets = _datasets({canonical_dataset(clip.dataset) for clip in clips.values()}, of)
    return {who: clip_ids for who, clip_ids in persons.items() if who[0] in datasets}


def _datasets(datasets: Collection[str], of: Collection[str] | None) -> list[str]:
    """Return the data sets to hold out, sorted."""
    if not datasets:
        raise _refused("there are no clips to divide")
    missing = [name for name in of or () if canonical_dataset(name) not in datasets]
    if missing:
        there = sorted(datasets)
        message = f"no clips of {', '.join(missing)}, which are to be held out; there are clips of {', '.join(there)}"
        raise InputError([Problem("folds.of", f"{message}: give folds.of={','.join(there)}")])
    return sorted({canonical_dataset(name) for name in of} if of else datasets)


def _natural(subject: str) -> tuple[bool, int, str]:
    """Sort subjects that are numbers as numbers, before the others."""
    number = int(subject) if subject.isdecimal() else 0
    return not subject.isdecimal(), number, subject


def subject_spelling(clip: Clip) -> str:
    """Return the subject as the data set writes it, the clip when it is not known."""
    return (clip.subject or "").strip() or clip.id


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _file_name(text: str) -> str:
    """Return a lower-case name of letters, digits, ``-`` and ``_`` (letters beyond ASCII are left out)."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower())[:_LONGEST_NAME].strip("-") or "fold"


def _unique(names: Iterable[str]) -> Iterator[str]:
    """Number names that came before: ``a``, ``a-2``."""
    taken: set[str] = set()
    for name in names:
        candidate, number = name, 2
        while candidate in taken:
            candidate, number = f"{name}-{number}", number + 1
        taken.add(candidate)
        yield candidate


def _refused(message: str, where: str = "split") -> InputError:
    return InputError([Problem(where, message)])
