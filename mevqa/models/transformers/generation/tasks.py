"""Ways of answering a question on a token tree: what they share, writing freely, and thinking before an answer."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from mevqa.models.transformers.generation.chance import Chance
from mevqa.models.transformers.generation.tree import ROOT, TokenTree, add_chain
from mevqa.models.transformers.prompts.prompting import Prompt, Prompter
from mevqa.models.transformers.prompts.thinking import Thought
from mevqa.types import Reply

#: Most tokens in which a thought's end tag may be written.
_TAG = 16


class AnswerTask(ABC):
    """One question on a token tree, answered step by step.

    Args:
        prompt: The ids that what is written follows.
    """

    def __init__(self, prompt: list[int]) -> None:
        self.prompt = prompt
        self._node = ROOT

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question.

        Args:
            tree: The tree.
            start: Number of the prompt's ids that stand before ``parent``'s children, less than all.
            parent: The node that the question follows.
        """
        self._node = add_chain(tree, parent, self.prompt[start:])

    @abstractmethod
    def advance(self, tree: TokenTree) -> bool:
        """Take one step after a pass through the model; return whether the answer is complete."""

    @abstractmethod
    def reply(self) -> Reply:
        """Return the answer."""

    def _write(self, tree: TokenTree, token: int) -> None:
        """Add a token, the only one that follows."""
        parent, self._node = self._node, tree.add(self._node, token)
        tree.release(parent)


class FreeTask(AnswerTask):
    """Writes one answer on a token tree.

    Args:
        prompter: Knows the stop tokens and decodes.
        prompt: The question's conversation.
        max_new_tokens: Bound on the answer's tokens.
        chance: Draws the tokens; None: the likeliest are taken.
    """

    def __init__(self, prompter: Prompter, prompt: Prompt, max_new_tokens: int, chance: Chance | None = None) -> None:
        super().__init__(prompt.ids)
        self._chance = chance
        self._prompter = prompter
        self._limit = max_new_tokens
        self._ids: list[int] = []
        self._logprob = 0.0
        self._truncated = False

    def advance(self, tree: TokenTree) -> bool:
        """Take the next token; return whether the answer is complete."""
        token, logprob = self._next(tree)
        ended = token in self._prompter.stop_tokens
        if not ended and len(self._ids) >= self._limit:
            self._truncated = True
            return True
        self._logprob += logprob
        if ended:
            return True
        self._ids.append(token)
        self._write(tree, token)
        return False

    def _next(self, tree: TokenTree) -> tuple[int, float]:
        """Return the likeliest token, or a drawn one, and its log-probability."""
        return tree.best(self._node) if self._chance is None else self._chance.token(tree, self._node)

    def reply(self) -> Reply:
        """Return what was written, with the probability of all of it as confidence."""
        text = self._prompter.decode(self._ids)
        if not text:
            return Reply("", error="the model ended its turn without an answer", truncated=self._truncated)
        return Reply(text, confidence=math.exp(self._logprob), truncated=self._truncated)


class ThoughtTask(AnswerTask):
    """Writes a thought, closes it, and answers behind it.

    A thought that reaches its bound is closed where it stands, one that the model ends (by the tag, or by ending its
    turn) there. The answer is asked as behind a thought that the template closed.

    Args:
        prompter: Renders prompts with an open thought.
        prompt: The question's conversation, up to and into the thought.
        thought: How thoughts are written.
        limit: Bound on the thought's tokens.
        answer: Makes the task that answers behind a prompt.
        chance: Draws the thought's tokens; None: the likeliest are taken.

    Attributes:
        task: The task that answers; None as long as the model thinks.
    """

    def __init__(
        self,
        prompter: Prompter,
        prompt: Prompt,
        thought: Thought,
        limit: int,
        answer: Callable[[Prompt], AnswerTask],
        chance: Chance | None = None,
    ) -> None:
        super().__init__(prompt.ids)
        self.task: AnswerTask | None = None
        self._prompter = prompter
        self._thought = thought
        self._limit = limit
        self._answer = answer
        self._chance = chance
        self._ids: list[int] = []

    def advance(self, tree: TokenTree) -> bool:
        """Write the thought's next token, or take a step of the answer; return whether the answer is complete."""
        if self.task is not None:
            return self.task.advance(tree)
        token, _ = tree.best(self._node) if self._chance is None else self._chance.token(tree, self._node)
        if token in self._prompter.stop_tokens:
            self._close(tree, [], self._thought.closing)
            return False
        self._ids.append(token)
        text = self._prompter.tokenizer.decode(self._ids[-_TAG:], skip_special_tokens=False)
        _, ended, after = text.partition(self._thought.end)
        if ended:
            tail = self._thought.closing.partition(self._thought.end)[2]
            self._close(tree, [token], tail[len(after) :] if tail.startswith(after) else "")
        elif len(self._ids) >= self._limit:
            self._close(tree, [token], self._thought.closing)
        else:
            self._write(tree, token)
        return False

    def reply(self) -> Reply:
        """Return the answer with the thought."""
        assert self.task is not None
        return self.with_thought(self.task.reply())

    def with_thought(self, reply: Reply) -> Reply:
        """Return a reply with the thought that stood before it."""
        text = self._prompter.tokenizer.decode(self._ids, skip_special_tokens=False)
        return replace(reply, thought=text.partition(self._thought.end)[0].strip())

    def _close(self, tree: TokenTree, last: list[int], text: str) -> None:
        """End the thought by a last token and a text, and begin the answer."""
        run = self.prompt + self._ids[: len(self._ids) - len(last)]
        added = self._prompter.tokenise([text])[0] if text else []
        # An answer may take back ids of ``text`` and no others: it is spelled behind that text alone.
        self.task = self._answer(Prompt([*run, *last, *added], text))
        self.task.begin(tree, len(run), self._node)
