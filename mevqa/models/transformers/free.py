"""Open questions without a grammar: greedy writing (temperature 0) up to the end of the turn."""

from __future__ import annotations

import math

from mevqa.models.transformers.prompting import Prompt, Prompter
from mevqa.models.transformers.tree import ROOT, TokenTree, add_chain
from mevqa.types import Reply


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
        self._truncated = False

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question.

        Args:
            tree: The tree.
            start: Number of the prompt's ids that stand before ``parent``'s children.
            parent: The node that the question follows.
        """
        self._node = add_chain(tree, parent, self.prompt[start:])

    def advance(self, tree: TokenTree) -> bool:
        """Take the likeliest token; return whether the answer is complete."""
        token, logprob = tree.best(self._node)
        ended = token in self._prompter.stop_tokens
        if not ended and len(self._ids) >= self._limit:
            self._truncated = True
            return True
        self._logprob += logprob
        if ended:
            return True
        self._ids.append(token)
        parent, self._node = self._node, tree.add(self._node, token)
        tree.release(parent)
        return False

    def reply(self) -> Reply:
        """Return what was written, with the probability of all of it as confidence."""
        text = self._prompter.decode(self._ids)
        if not text:
            return Reply("", error="the model ended its turn without an answer", truncated=self._truncated)
        return Reply(text, confidence=math.exp(self._logprob), truncated=self._truncated)
