"""Balance of classes and question types: the stream of clips, the questions drawn of a clip, weights in the loss.

Which clip comes at a position of the stream is decided by seed and position alone, so that a resumed run and any
number of processes see the same stream.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mevqa.types import Question

#: Largest weight over smallest weight. An inverse frequency beyond it would let a handful of questions, which are
#: repeated and soon known by heart, decide the gradient.
LARGEST_RATIO = 10.0

# Uses of the seed; a class's own epochs are numbered from _CLASSES on.
_BLOCKS, _UNLABELLED, _CLASSES = range(3)


class ClipStream:
    """An endless stream of clips.

    Without balance each epoch, a run of as many positions as there are clips, holds every clip once in seeded order.

    With balance each class has the same share. The classes come in blocks that hold each class once in seeded order,
    so that the share is exact in every block and not only in the long run; within a class no clip comes again before
    all others of the class have come. Clips without a label cannot be balanced: they form a group of their own that
    keeps its share of the clips (giving it a class's share would let a few unlabelled clips fill the stream, or starve
    many). They are spread evenly between the blocks, and blocks are counted without them.
    """

    def __init__(self, labels: Sequence[Hashable | None], balance: bool, seed: int) -> None:
        """Prepare the stream.

        Args:
            labels: Class of each clip, None for clips without one.
            balance: Whether classes come equally often.
            seed: Decides every order; not negative.

        Raises:
            ValueError: There are no clips.
        """
        if not labels:
            raise ValueError("a stream needs at least one clip")
        self._count = len(labels)
        self._seed = seed
        members: dict[Hashable, list[int]] = defaultdict(list)
        unlabelled: list[int] = []
        for clip, label in enumerate(labels):
            if balance and label is not None:
                members[label].append(clip)
            else:
                unlabelled.append(clip)
        self._members = list(members.values())
        self._unlabelled = unlabelled

    def index(self, position: int) -> int:
        """Return which clip comes at a position.

        Args:
            position: 0-based; positions may be asked in any order.

        Raises:
            ValueError: The position is negative.
        """
        if position < 0:
            raise ValueError(f"there is no position {position} in a stream")
        before = self._unlabelled_before(position)
        if self._unlabelled_before(position + 1) > before:
            return self._take(self._unlabelled, before, _UNLABELLED)
        block, slot = divmod(position - before, len(self._members))
        which = int(_permutation(self._seed, _BLOCKS, block, len(self._members))[slot])
        return self._take(self._members[which], block, _CLASSES + which)

    def _unlabelled_before(self, position: int) -> int:
        """Count the unlabelled clips among the first positions: the steps of an even slope."""
        return position * len(self._unlabelled) // self._count

    def _take(self, members: Sequence[int], turn: int, purpose: int) -> int:
        epoch, slot = divmod(turn, len(members))
        return members[int(_permutation(self._seed, purpose, epoch, len(members))[slot])]


@lru_cache(maxsize=128)
def _permutation(seed: int, purpose: int, epoch: int, size: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, purpose, epoch)).permutation(size)


def type_weights(questions: Iterable[Question], balance: bool) -> dict[str, float]:
    """Return the weight of each question type in the loss.

    With balance the types contribute equally over all questions: N questions, n of them of a type, T types give it
    N / (T n). The mean weight of a question is 1 with and without balance. Weights differ by at most
    ``LARGEST_RATIO``; a type that would need more contributes less than the others.

    Args:
        questions: All questions to train on; those without a reference are not trained on and do not count. They are
            counted as they are here: with ``draw_questions``, which balances the types of a clip already, the types
            contribute differently.
        balance: Whether types contribute equally.
    """
    counts = Counter(question.type for question in questions if question.reference is not None)
    if not balance or not counts:
        return dict.fromkeys(counts, 1.0)
    most = max(counts.values())
    raw = {key: min(most / count, LARGEST_RATIO) for key, count in counts.items()}
    mean = sum(raw[key] * count for key, count in counts.items()) / sum(counts.values())
    return {key: weight / mean for key, weight in raw.items()}


def draw_questions(questions: Sequence[Question], limit: int, rng: np.random.Generator) -> tuple[Question, ...]:
    """Draw some questions of a clip, without replacement, types alike.

    The types take turns, in an order drawn anew each turn, until ``limit`` questions are drawn: two types differ by
    at most one unless one has no more.

    Args:
        questions: The questions of one clip.
        limit: Most questions; 0: all.
        rng: Decides which.

    Returns:
        The questions in the order given.

    Raises:
        ValueError: The limit is negative.
    """
    if limit < 0:
        raise ValueError(f"cannot draw {limit} questions")
    if limit == 0 or limit >= len(questions):
        return tuple(questions)
    waiting: dict[str, list[int]] = defaultdict(list)
    for at in rng.permutation(len(questions)):
        waiting[questions[at].type].append(int(at))
    kinds = sorted(waiting)
    drawn: list[int] = []
    while len(drawn) < limit:
        turn = [waiting[kinds[at]] for at in rng.permutation(len(kinds))]
        drawn += [left.pop() for left in turn if left][: limit - len(drawn)]
    return tuple(questions[at] for at in sorted(drawn))
