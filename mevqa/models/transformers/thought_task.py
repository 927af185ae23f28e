"""Thinking before an answer: a bounded thought is written, closed, and the question is answered behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mevqa.models.transformers.prompting import Prompt, Prompter
from mevqa.models.transformers.thinking import Thought
from mevqa.models.transformers.tree import ROOT, TokenTree, add_chain
from mevqa.types import Reply

#: Most tokens in which a thought's end tag may be written.
_TAG = 16


class AnswerTask(Protocol):
    """What answers a question on a token tree."""

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question."""
        ...

    def advance(self, tree: TokenTree) -> bool:
        """Take one step; return whether the answer is complete."""
        ...

    def reply(self) -> Reply:
        """Return the answer."""
        ...


class ThoughtTask:
    """Writes a thought greedily, closes it, and answers behind it.

    A thought that reaches its bound is closed where it stands, one that the model ends (by the tag, or by ending its
    turn) there. The answer is asked as behind a thought that the template closed.

    Args:
        prompter: Renders prompts with an open thought.
        prompt: The question's conversation, up to and into the thought.
        thought: How thoughts are written.
        limit: Bound on the thought's tokens.
        answer: Makes the task that answers behind a prompt.

    Attributes:
        prompt: The ids that the thought follows.
        task: The task that answers; None as long as the model thinks.
    """

    def __init__(
        self, prompter: Prompter, prompt: Prompt, thought: Thought, limit: int, answer: Callable[[Prompt], AnswerTask]
    ) -> None:
        self.prompt = prompt.ids
        self.task: AnswerTask | None = None
        self._prompter = prompter
        self._thought = thought
        self._limit = limit
        self._answer = answer
        self._node = ROOT
        self._ids: list[int] = []

    def begin(self, tree: TokenTree, start: int, parent: int = ROOT) -> None:
        """Add the question.

        Args:
            tree: The tree.
            start: Number of the prompt's ids that stand before ``parent``'s children, less than all.
            parent: The node that the question follows.
        """
        self._node = add_chain(tree, parent, self.prompt[start:])

    def advance(self, tree: TokenTree) -> bool:
        """Write the thought's next token, or take a step of the answer; return whether the answer is complete."""
        if self.task is not None:
            return self.task.advance(tree)
        token, _ = tree.best(self._node)
        if token in self._prompter.stop_tokens:
            self._close(tree, [], self._thought.closing)
            return False
        self._ids.append(token)
        written = self._prompter.tokenizer.decode(self._ids[-_TAG:], skip_special_tokens=False)
        _, ended, after = written.partition(self._thought.end)
        if ended:
            tail = self._thought.closing.partition(self._thought.end)[2]
            self._close(tree, [token], tail[len(after) :] if tail.startswith(after) else "")
        elif len(self._ids) >= self._limit:
            self._close(tree, [token], self._thought.closing)
        else:
            parent, self._node = self._node, tree.add(self._node, token)
            tree.release(parent)
        return False

    def reply(self) -> Reply:
        """Return the answer."""
        assert self.task is not None
        return self.task.reply()

    def _close(self, tree: TokenTree, last: list[int], text: str) -> None:
        """End the thought by a last token and a text, and begin the answer."""
        run = self.prompt + self._ids[: len(self._ids) - len(last)]
        added = self._prompter.tokenise([text])[0] if text else []
        # An answer may take back ids of ``text`` and no others: it is spelled behind that text alone.
        self.task = self._answer(Prompt([*run, *last, *added], text))
        self.task.begin(tree, len(run), self._node)
