"""Writing under a grammar: only admissible answers, in the tokens that the tokeniser itself would use for them.

A grammar speaks in text segments, a model in tokens, and tokens cross segment borders: after "brow lowerer" the
segment ", " and the next unit's "lip" become "," and " lip", never "," and " " and "lip". Three ways out:

* Tokenise each segment alone. The model then sees spellings that it never saw in training. Wrong.
* Allow any token whose text keeps the answer admissible. Everything admissible can be written, also "b-r-o-w"
  letter by letter, and the probability of one answer is spread over its spellings. Greedy choice then compares
  pieces of words.
* What is done here: each admissible answer has exactly one spelling, the one that the tokeniser gives the whole text
  behind the prompt, the one in training data. Text that is appended may change the tokens before it, so a hypothesis
  may offer a token only once what follows can no longer change it: because a whole segment stands behind it and left
  it as it was; because the answer is complete; or because nothing that the grammar lets follow changes the tokens of
  its last segment (``Speller.is_steady``; true for tokenisers that cut words before they merge, as most do). All
  other hypotheses are expanded through the grammar first. Should a token that was written turn out to be changed
  after all, the answer is begun anew with every hypothesis expanded one segment ahead.

At each step the model chooses the likeliest admissible token; the end of the turn is one of the choices where the
grammar lets the answer end. Where only one token is admissible it is written without asking the model, together
with all that follow from it. Confidence is the product of the probabilities of the choices, each renormalised over
what was admissible there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mevqa.errors import ModelError
from mevqa.models.transformers.generation.chance import Chance
from mevqa.models.transformers.generation.options import log_sum, stop_logprob
from mevqa.models.transformers.generation.spelling import Hypothesis, Speller
from mevqa.models.transformers.generation.tasks import AnswerTask
from mevqa.models.transformers.generation.tree import ROOT, TokenTree
from mevqa.models.transformers.prompts.prompting import Prompt
from mevqa.types import Grammar, Reply

#: Stands for the end of the turn among the choices; token ids are not negative.
END = -1
#: An answer that cannot end within this many times its bound is given up.
_PATIENCE = 4


class EndlessAnswerError(ModelError):
    """An answer does not end within its bound on tokens."""


class _Respelt(Exception):
    """A token that was written is spelled otherwise with what follows it."""


class GrammarWalk:
    """The admissible answers that agree with the tokens written so far.

    Args:
        grammar: The admissible answers.
        speller: Spells answers where they will stand.
        context: The prompt's ``context``.
        careful: Whether no segment is taken for steady.

    Attributes:
        back: How many of the prompt's last ids the answers take back.

    Raises:
        ModelError: The grammar admits nothing.
    """

    def __init__(self, grammar: Grammar, speller: Speller, context: str, *, careful: bool = False) -> None:
        self._grammar = grammar
        self._speller = speller
        self._steadiness = speller.steadiness(grammar)
        self._context = context
        self._careful = careful
        self._written: tuple[int, ...] = ()
        first = [segment for segment in grammar.next("") if segment]
        if not first:
            raise ModelError("the grammar admits no answer")
        self.back, self._live = speller.begin(context, first)

    def choices(self) -> dict[int, list[Hypothesis]]:
        """Return the admissible next tokens (``END`` among them where the answer may end) with what they lead to."""
        count = len(self._written)
        self._expand(count)
        choices: dict[int, list[Hypothesis]] = {}
        for hypothesis in self._live:
            ended = len(hypothesis.ids) == count
            choices.setdefault(END if ended else hypothesis.ids[count], []).append(hypothesis)
        return choices

    def take(self, token: int, live: Sequence[Hypothesis]) -> None:
        """Go on with one of the choices."""
        self._live = list(live)
        self._written = (*self._written, token)

    def _expand(self, count: int) -> None:
        """Follow the grammar until every hypothesis can tell its next token."""
        ready: list[Hypothesis] = []
        waiting = self._live
        while waiting:
            grown: list[Hypothesis] = []
            for hypothesis in waiting:
                if self._is_ready(hypothesis, count):
                    ready.append(hypothesis)
                    continue
                segments = self._grammar.next(hypothesis.text)
                if not segments or "" in segments:
                    ready.append(replace(hypothesis, complete=True))
                following = [segment for segment in segments if segment]
                grown += self._speller.extend(self._context, self.back, hypothesis, following)
            waiting = grown
        self._live = [hypothesis for hypothesis in ready if hypothesis.ids[:count] == self._written]
        if len(self._live) < len(ready) and not self._careful:
            raise _Respelt
        if not self._live:
            raise ModelError("the tokeniser spells no admissible answer that goes on from what is written")

    def _is_ready(self, hypothesis: Hypothesis, count: int) -> bool:
        """Return whether the hypothesis can tell the token after the first ``count``."""
        if hypothesis.complete or hypothesis.settled > count:
            return True
        if self._careful or len(hypothesis.ids) <= count:
            return False
        return self._speller.is_steady(self._grammar, self._steadiness, self._context, self.back, hypothesis)


class GrammarTask(AnswerTask):
    """Writes one answer under a grammar on a token tree.

    Args:
        speller: Spells answers where they will stand.
        prompt: The question's conversation.
        grammar: The admissible answers.
        max_new_tokens: From this length on the answer ends as soon as the grammar lets it.
        stops: The tokens that end a turn.
        chance: Draws among what is admissible; None: the likeliest is taken.
    """

    def __init__(
        self,
        speller: Speller,
        prompt: Prompt,
        grammar: Grammar,
        max_new_tokens: int,
        stops: Sequence[int],
        chance: Chance | None = None,
    ) -> None:
        self._chance = chance
        self._again = lambda: GrammarWalk(grammar, speller, prompt.context, careful=True)
        self._walk = GrammarWalk(grammar, speller, prompt.context)
        self._stops = stops
        super().__init__(prompt.ids[: len(prompt.ids) - self._walk.back])
        self._limit = max_new_tokens
        self._length = 0
        self._logprob = 0.0
        self._end_of_prompt = ROOT
        self._text = ""

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question, and remember its end: an answer may have to be begun anew."""
        super().begin(tree, start, parent)
        self._end_of_prompt = self._node

    def advance(self, tree: TokenTree) -> bool:
        """Choose a token, write what follows from it; return whether the answer is complete."""
        try:
            return self._advance(tree)
        except _Respelt:
            self._walk = self._again()
            self._node, self._length, self._logprob = self._end_of_prompt, 0, 0.0
            return self._advance(tree)

    def _advance(self, tree: TokenTree) -> bool:
        choices = self._walk.choices()
        while True:
            token = self._choose(tree, choices)
            if token == END:
                self._text = choices[END][0].text
                return True
            self._walk.take(token, choices[token])
            self._length += 1
            if self._length > _PATIENCE * self._limit:
                raise EndlessAnswerError(f"the grammar lets no answer end within {_PATIENCE * self._limit} tokens")
            choices = self._walk.choices()
            forced = len(choices) == 1
            if forced and END in choices:
                self._text = choices[END][0].text
                return True
            self._node = tree.add(self._node, token, keep=not forced)
            if not forced:
                return False

    def _choose(self, tree: TokenTree, choices: dict[int, list[Hypothesis]]) -> int:
        """Return the likeliest choice and count its renormalised probability."""
        if len(choices) == 1:
            return next(iter(choices))
        if self._length >= self._limit and END in choices:
            return END
        tokens = [token for token in choices if token != END]
        scores = dict(zip(tokens, tree.logprobs(self._node, tokens), strict=True))
        if END in choices:
            scores[END] = stop_logprob(tree, self._node, self._stops)
        if self._chance is None:
            best = max(scores, key=lambda token: scores[token])
        else:
            best = list(scores)[self._chance.choice(list(scores.values()))]
        self._logprob += scores[best] - log_sum(list(scores.values()))
        return best

    def reply(self) -> Reply:
        """Return the answer with its confidence."""
        return Reply(self._text, confidence=math.exp(self._logprob))
