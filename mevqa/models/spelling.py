"""The one spelling of each admissible answer: the tokens that the tokeniser itself gives it behind the prompt.

Answers are spelled segment by segment. What a segment does to the tokens before it depends on the end of what is
written, so it is looked up once for each pair of neighbouring segments and kept: an answer costs a few dictionary
look-ups and no tokenisation once its segments have been met. Where the end of what is written is not spelled as its
last segment alone would be, the whole answer is tokenised instead.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from mevqa.models.prompting import Prompter, common_length
from mevqa.models.protocol import Grammar

#: Bound on remembered pairs and on remembered segments.
_CACHE = 200_000


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A beginning of an admissible answer, or a whole one.

    Attributes:
        text: What is written.
        ids: Its tokens behind the prompt.
        last: The last segment.
        settled: How many of the tokens have a whole segment after them, which left them as they were.
        complete: Whether the answer ends here.
    """

    text: str = ""
    ids: tuple[int, ...] = ()
    last: str = ""
    settled: int = 0
    complete: bool = False


class Speller:
    """Spells hypotheses; one serves all answers of a model.

    Args:
        prompter: Tokenises.
    """

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter
        self._pairs: dict[tuple[str, str], tuple[tuple[int, ...], int, tuple[int, ...]]] = {}
        self._steady: dict[tuple[Hashable, str], bool] = {}

    def begin(self, context: str, segments: Sequence[str]) -> tuple[int, list[Hypothesis]]:
        """Return how many of the prompt's last ids the first segments take back, and the segments spelled.

        Args:
            context: The prompt's ``context``.
            segments: The first segments of the admissible answers.
        """
        back, all_ids = self._prompter.answers(context, segments)
        return back, [Hypothesis(s, tuple(ids), s) for s, ids in zip(segments, all_ids, strict=True)]

    def extend(self, context: str, back: int, parent: Hypothesis, segments: Sequence[str]) -> list[Hypothesis]:
        """Return ``parent`` continued by each of ``segments``.

        Args:
            context: The prompt's ``context``.
            back: What ``begin`` returned.
            parent: A hypothesis of at least one segment.
            segments: Non-empty segments that may follow it.
        """
        self._learn(parent.last, segments)
        children = []
        for segment in segments:
            base, taken, added = self._pairs[parent.last, segment]
            text = parent.text + segment
            if taken < len(base) and parent.ids[len(parent.ids) - len(base) + 1 :] == base[1:]:
                kept = len(parent.ids) - taken
                ids = parent.ids[:kept] + added
            else:
                _, [whole] = self._prompter.answers(context, [text], back=back)
                ids = tuple(whole)
                kept = common_length([parent.ids, ids])
            children.append(Hypothesis(text, ids, segment, kept))
        return children

    def is_steady(self, grammar: Grammar, context: str, back: int, hypothesis: Hypothesis) -> bool:
        """Return whether nothing that the grammar lets follow changes the tokens of the hypothesis' last segment.

        That is found out where the segment is met first, from everything that may follow there, and kept for the
        other answers of the grammar.
        """
        key = (grammar if isinstance(grammar, Hashable) else id(self), hypothesis.last)
        known = self._steady.get(key)
        if known is not None:
            return known
        following = [segment for segment in grammar.next(hypothesis.text) if segment]
        children = self.extend(context, back, hypothesis, following)
        steady = all(child.settled == len(hypothesis.ids) for child in children)
        if children and isinstance(grammar, Hashable):
            if len(self._steady) >= _CACHE:
                self._steady.clear()
            self._steady[key] = steady
        return steady

    def _learn(self, last: str, segments: Sequence[str]) -> None:
        """Find out what each of ``segments`` does to the tokens of ``last`` before it."""
        missing = [segment for segment in segments if (last, segment) not in self._pairs]
        if not missing:
            return
        if len(self._pairs) >= _CACHE:
            self._pairs.clear()
            missing = list(segments)
        base, *joint = self._prompter.tokenise([last, *(last + segment for segment in missing)])
        for segment, ids in zip(missing, joint, strict=True):
            shared = common_length([base, ids])
            self._pairs[last, segment] = (tuple(base), len(base) - shared, tuple(ids[shared:]))
