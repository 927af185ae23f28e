"""Open questions without a grammar: greedy writing (temperature 0) up to the end of the turn."""

from __future__ import annotations

import math

from mevqa.models.prompting import Prompt, Prompter
from mevqa.models.protocol import Reply
from mevqa.models.tree import ROOT, TokenTree, add_chain


class FreeTask:
    """Writes one answer on a token tree.

    Args:
        prompter: Knows the stop tokens and decodes.
        prompt: The question's conversation.
        max_new_tokens: Bound on the answer's tokens.
    """

    def __init__(self, prompter: Prompter, prompt: Prompt, max_new_tokens: int) -> None:
        self._prompter = prompter
        self.prompt = prompt.ids
        self._limit = max_new_tokens
        self._node = ROOT
        self._ids: list[int] = []
        self._logprob = 0.0

    def begin(self, tree: TokenTree, start: int) -> None:
        """Add the question.

        Args:
            tree: The tree.
            start: Number of the prompt's ids that the tree's prefix covers, less than all.
        """
        self._node = add_chain(tree, ROOT, self.prompt[start:])

    def advance(self, tree: TokenTree) -> bool:
        """Take the likeliest token; return whether the answer is complete."""
        token, logprob = tree.best(self._node)
        self._logprob += logprob
        if token in self._prompter.stop_tokens:
            return True
        self._ids.append(token)
        if len(self._ids) >= self._limit:
            return True
        self._node = tree.add(self._node, token)
        return False

    def reply(self) -> Reply:
        """Return what was written, with the probability of all of it as confidence."""
        text = self._prompter.decode(self._ids)
        if not text:
            return Reply("", error="the model ended its turn without an answer")
        return Reply(text, confidence=math.exp(self._logprob))
