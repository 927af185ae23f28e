"""Writing under a grammar: only admissible answers, in the tokens that the tokeniser itself would use for them.

A grammar speaks in text segments, a model in tokens, and tokens cross segment borders: after "brow lowerer" the
segment ", " and the next unit's "lip" become "," and " lip", never "," and " " and "lip". Three ways out:

* Tokenise each segment alone. The model then sees spellings that it never saw in training. Wrong.
* Allow any token whose text keeps the answer admissible. Everything admissible can be written, also "b-r-o-w"
  letter by letter, and the probability of one answer is spread over its spellings. Greedy choice then compares
  pieces of words.
* What is done here: each admissible answer has exactly one spelling, the one that the tokeniser gives the whole text
  behind the prompt, the one in training data. The set of live answers is expanded through the grammar only as far
  as needed, and a token is offered when text beyond it can no longer change it: a hypothesis offers its token k
  once k lies among the tokens that stayed the same when its last segment was appended (one segment of look-ahead),
  or once the hypothesis is complete. Byte-pair and unigram tokenisers split at white space and punctuation before
  they merge, so that appended text can change the last word's tokens and nothing before it; segments are words.

At each step the model chooses the likeliest admissible token; the end of the turn is one of the choices where the
grammar lets the answer end. Where only one token is admissible it is written without asking the model, together
with all that follow from it. Confidence is the product of the probabilities of the choices, each renormalised over
what was admissible there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.errors import ModelError
from mevqa.models.options import log_sum, stop_logprob
from mevqa.models.prompting import Prompt, Prompter, common_length
from mevqa.models.protocol import Grammar, Reply
from mevqa.models.tree import ROOT, TokenTree, add_chain

#: Stands for the end of the turn among the choices; token ids are not negative.
END = -1
#: An answer that cannot end within this many times its bound is given up.
_PATIENCE = 4


@dataclass(frozen=True)
class _Hypothesis:
    """A beginning of an admissible answer, or a whole one.

    Attributes:
        text: What is written.
        ids: Its tokens behind the prompt.
        settled: How many of the tokens no longer change, whatever follows.
        complete: Whether the answer ends here.
    """

    text: str
    ids: tuple[int, ...]
    settled: int
    complete: bool = False


class GrammarWalk:
    """The admissible answers that agree with the tokens written so far.

    Args:
        grammar: The admissible answers.
        prompter: Tokenises answers where they will stand.
        context: The prompt's ``context``.

    Attributes:
        back: How many of the prompt's last ids the answers take back.

    Raises:
        ModelError: The grammar admits nothing.
    """

    def __init__(self, grammar: Grammar, prompter: Prompter, context: str) -> None:
        self._grammar = grammar
        self._prompter = prompter
        self._context = context
        self._count = 0
        self.back = 0
        first = [segment for segment in grammar.next("") if segment]
        if not first:
            raise ModelError("the grammar admits no answer")
        self.back, _ = prompter.answers(context, first)
        self._live = [_Hypothesis("", (), 0)]

    def choices(self) -> dict[int, list[_Hypothesis]]:
        """Return the admissible next tokens (``END`` among them where the answer may end) with what they lead to."""
        self._expand()
        found: dict[int, list[_Hypothesis]] = {}
        for hypothesis in self._live:
            ended = len(hypothesis.ids) == self._count
            found.setdefault(END if ended else hypothesis.ids[self._count], []).append(hypothesis)
        return found

    def take(self, live: Sequence[_Hypothesis]) -> None:
        """Go on with one of the choices."""
        self._live = list(live)
        self._count += 1

    def _expand(self) -> None:
        """Follow the grammar until every hypothesis can tell its next token."""
        ready: list[_Hypothesis] = []
        waiting = self._live
        while waiting:
            grown: list[tuple[_Hypothesis, str]] = []
            for hypothesis in waiting:
                if hypothesis.complete or hypothesis.settled > self._count:
                    ready.append(hypothesis)
                    continue
                segments = self._grammar.next(hypothesis.text)
                if not segments or "" in segments:
                    ready.append(_Hypothesis(hypothesis.text, hypothesis.ids, len(hypothesis.ids), True))
                grown += [(hypothesis, hypothesis.text + segment) for segment in segments if segment]
            waiting = self._tokenised(grown)
        written = self._written()
        self._live = [h for h in ready if h.ids[: self._count] == written and h.text]
        if not self._live:
            raise ModelError("the tokeniser spells no admissible answer that goes on from what is written")

    def _written(self) -> tuple[int, ...]:
        return self._live[0].ids[: self._count]

    def _tokenised(self, grown: Sequence[tuple[_Hypothesis, str]]) -> list[_Hypothesis]:
        """Return the grown texts as hypotheses."""
        if not grown:
            return []
        back, all_ids = self._prompter.answers(self._context, [text for _, text in grown], back=self.back)
        if back > self.back:
            raise ModelError("the tokeniser changes the prompt's end with what follows an answer's first segment")
        return [
            _Hypothesis(text, tuple(ids), common_length([parent.ids, tuple(ids)]))
            for (parent, text), ids in zip(grown, all_ids, strict=True)
        ]


class GrammarTask:
    """Writes one answer under a grammar on a token tree.

    Args:
        prompter: Tokenises answers where they will stand.
        prompt: The question's conversation.
        grammar: The admissible answers.
        max_new_tokens: From this length on the answer ends as soon as the grammar lets it.
    """

    def __init__(self, prompter: Prompter, prompt: Prompt, grammar: Grammar, max_new_tokens: int) -> None:
        self._walk = GrammarWalk(grammar, prompter, prompt.context)
        self._stops = sorted(prompter.stop_tokens)
        self.prompt = prompt.ids[: len(prompt.ids) - self._walk.back]
        self._limit = max_new_tokens
        self._length = 0
        self._logprob = 0.0
        self._node = ROOT
        self._text = ""

    def begin(self, tree: TokenTree, start: int) -> None:
        """Add the question.

        Args:
            tree: The tree.
            start: Number of the prompt's ids that the tree's prefix covers, less than all.
        """
        self._node = add_chain(tree, ROOT, self.prompt[start:])

    def advance(self, tree: TokenTree) -> bool:
        """Choose a token, write what follows from it; return whether the answer is complete."""
        choices = self._walk.choices()
        while True:
            token = self._choose(tree, choices)
            if token == END:
                self._text = choices[END][0].text
                return True
            self._walk.take(choices[token])
            self._length += 1
            if self._length > _PATIENCE * self._limit:
                raise ModelError(f"the grammar lets no answer end within {_PATIENCE * self._limit} tokens")
            choices = self._walk.choices()
            forced = len(choices) == 1
            if forced and END in choices:
                self._text = choices[END][0].text
                return True
            self._node = tree.add(self._node, token, keep=not forced)
            if not forced:
                return False

    def _choose(self, tree: TokenTree, choices: dict[int, list[_Hypothesis]]) -> int:
        """Return the likeliest choice and count its renormalised probability."""
        if len(choices) == 1:
            return next(iter(choices))
        if self._length >= self._limit and END in choices:
            return END
        tokens = [token for token in choices if token != END]
        scores = dict(zip(tokens, tree.logprobs(self._node, tokens), strict=True))
        if END in choices:
            scores[END] = stop_logprob(tree, self._node, self._stops)
        best = max(scores, key=lambda token: scores[token])
        self._logprob += scores[best] - log_sum(list(scores.values()))
        return best

    def reply(self) -> Reply:
        """Return the answer with its confidence."""
        return Reply(self._text, confidence=math.exp(self._logprob))
