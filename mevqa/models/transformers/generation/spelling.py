"""The one spelling of each admissible answer: the tokens that the tokeniser itself gives it behind the prompt.

Answers are spelled segment by segment. What a segment does to the tokens before it depends on the end of what is
written, so it is looked up once for each pair of neighbouring segments and kept: an answer costs a few dictionary
look-ups and no tokenisation once its segments have been met. Where the end of what is written is not spelled as its
last segment alone would be, the whole answer is tokenised instead.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from mevqa.models.transformers.prompts.prompting import Prompter, common_length
from mevqa.types import Grammar

#: Bound on remembered segments and pairs of segments.
_CACHE = 200_000
#: Bound on grammars about whose segments something is remembered.
_GRAMMARS = 1000


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
        self._alone: dict[str, tuple[int, ...]] = {}
        self._pairs: dict[tuple[str, str], tuple[int, tuple[int, ...]]] = {}
        self._steady: dict[Hashable, dict[str, bool]] = {}

    def begin(self, context: str, segments: Sequence[str]) -> tuple[int, list[Hypothesis]]:
        """Return how many of the prompt's last ids the first segments take back, and the segments spelled.

        Args:
            context: The prompt's ``context``.
            segments: The first segments of the admissible answers.
        """
        back, all_ids = self._prompter.answers(context, segments)
        lead = self._prompter.lead
        return back, [Hypothesis(s, tuple(ids), lead + s) for s, ids in zip(segments, all_ids, strict=True)]

    def extend(self, context: str, back: int, parent: Hypothesis, segments: Sequence[str]) -> list[Hypothesis]:
        """Return ``parent`` continued by each of ``segments``.

        Args:
            context: The prompt's ``context``.
            back: What ``begin`` returned.
            parent: A hypothesis of at least one segment.
            segments: Non-empty segments that may follow it.
        """
        self._learn(parent.last, segments)
        trusted = self._trusted(parent)
        pairs = {segment: self._pairs[parent.last, segment] for segment in segments}
        strange = [segment for segment in segments if pairs[segment][0] >= trusted]
        _, spelled = self._prompter.answers(context, [parent.text + segment for segment in strange], back=back)
        respelled = dict(zip(strange, map(tuple, spelled), strict=True))
        children = []
        for segment in segments:
            if segment in respelled:
                ids, settled = respelled[segment], common_length([parent.ids, respelled[segment]])
            else:
                taken, added = pairs[segment]
                settled = len(parent.ids) - taken
                ids = parent.ids[:settled] + added
            children.append(Hypothesis(parent.text + segment, ids, segment, settled))
        return children

    def steadiness(self, grammar: Grammar) -> dict[str, bool]:
        """Return what is known about the segments of a grammar, for ``is_steady``; equal grammars share it."""
        if not isinstance(grammar, Hashable):
            return {}
        if len(self._steady) >= _GRAMMARS:
            self._steady.clear()
        return self._steady.setdefault(grammar, {})

    def is_steady(
        self, grammar: Grammar, known: dict[str, bool], context: str, back: int, hypothesis: Hypothesis
    ) -> bool:
        """Return whether nothing that the grammar lets follow changes the tokens of the hypothesis' last segment.

        That is found out where the segment is met first, from everything that may follow there, and kept: what may
        follow a segment is taken to be spelled alike wherever the segment stands in the grammar.

        Args:
            grammar: The admissible answers.
            known: Its ``steadiness``.
            context: The prompt's ``context``.
            back: What ``begin`` returned.
            hypothesis: A hypothesis of at least one segment.
        """
        self._learn(hypothesis.last, ())
        plain = self._trusted(hypothesis) > 0
        if plain and hypothesis.last in known:
            return known[hypothesis.last]
        following = [segment for segment in grammar.next(hypothesis.text) if segment]
        children = self.extend(context, back, hypothesis, following)
        steady = all(child.settled == len(hypothesis.ids) for child in children)
        if children and plain:
            known[hypothesis.last] = steady
        return steady

    def _trusted(self, hypothesis: Hypothesis) -> int:
        """Return how many of the hypothesis' last tokens are those that its last segment has alone.

        All of them, or all but the first (which some tokenisers spell otherwise at the beginning of a text) where
        that leaves two, or none.
        """
        alone = self._alone[hypothesis.last]
        if hypothesis.ids[-len(alone) :] == alone:
            return len(alone)
        return len(alone) - 1 if len(alone) > 2 and hypothesis.ids[-len(alone) + 1 :] == alone[1:] else 0

    def _learn(self, last: str, segments: Sequence[str]) -> None:
        """Find out the tokens of ``last`` alone, and what each of ``segments`` does to them when it follows."""
        if len(self._pairs) + len(self._alone) >= _CACHE:
            self._pairs.clear()
            self._alone.clear()
        missing = [segment for segment in segments if (last, segment) not in self._pairs]
        if not missing and last in self._alone:
            return
        alone, *joint = self._prompter.tokenise([last, *(last + segment for segment in missing)])
        self._alone[last] = tuple(alone)
        for segment, ids in zip(missing, joint, strict=True):
            shared = common_length([alone, ids])
            self._pairs[last, segment] = (len(alone) - shared, tuple(ids[shared:]))
