"""A model without weights: scripted answers for tests and dry runs, deterministic ones for everything unscripted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import field_validator

from mevqa.errors import ModelError
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.models.base import ModelOptions, Preferences
from mevqa.questions.question_types import TypeName, asked_type
from mevqa.types import Grammar, Reply, Request, Shot, View

#: Probability that a scripted answer to a closed question gets; the other options share the rest.
_SURE = 0.9
#: Bound on the segments of an unscripted grammar walk, beyond which the walk ends as soon as the grammar lets it.
_WALK = 8

Script = Callable[[Request], "str | Reply | None"]


class Rule(StrictModel):
    """One line of a script; the first rule that fits a request answers it.

    Attributes:
        text: Regular expression searched in the request's text, case ignored.
        type: Question type recognised in one of the lines of the request's text.
        answer: What is answered.
        error: What goes wrong instead.
        truncated: Whether the answer was cut off by the bound on new tokens.
    """

    text: str = ""
    type: TypeName | None = None
    answer: str | None = None
    error: str | None = None
    truncated: bool = False

    @field_validator("text")
    @classmethod
    def _is_regular(cls, text: str) -> str:
        """Reject what is no regular expression."""
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return text

    def fits(self, request: Request) -> bool:
        """Return whether this rule answers ``request``."""
        if re.search(self.text, request.text, re.IGNORECASE) is None:
            return False
        return self.type is None or asked_type(request.text) == self.type

    def reply(self, request: Request) -> str | Reply | None:
        """Return the answer to a request that this rule fits."""
        if self.error is not None:
            return Reply("", error=self.error, truncated=self.truncated)
        if self.truncated and self.answer is not None:
            # What was cut off is what a model wrote: no option and no grammar's answer need come of it.
            return replace(_scripted_reply(replace(request, options=(), grammar=None), self.answer), truncated=True)
        return self.answer


class ScriptFile(StrictModel):
    """A script on disk.

    Attributes:
        answers: The rules, in order.
    """

    answers: tuple[Rule, ...] = ()


def make_mock(name: str, options: ModelOptions) -> MockModel:
    """Return the model called ``mock``, or ``mock:FILE`` with its answers in a file.

    Raises:
        InputError: The file is missing or is no script.
        ModelError: It shall think.
    """
    if options.thinking:
        raise ModelError(f"{name} answers by its script and does not think; leave --thinking away")
    _, scripted, path = name.partition(":")
    script = read_script(Path(path)) if scripted else None
    return MockModel(script, name=name, seed=options.seed, keeps_calls=False)


def read_script(path: Path) -> Script:
    """Read a YAML script (a list ``answers`` of rules with ``text``, ``type``, ``answer`` or ``error``).

    Raises:
        InputError: The file is missing or is not such a script.
    """
    return _first_of(read_yaml(path, ScriptFile).answers)


@dataclass(frozen=True)
class MockCall:
    """What a mock was asked: the arguments of one ``ask``."""

    system: str
    views: tuple[View, ...]
    requests: tuple[Request, ...]
    shots: tuple[Shot, ...] = ()


class MockModel:
    """Answers from a script; whatever the script leaves open gets an admissible answer by the hash of its text.

    Args:
        script: A mapping from regular expressions (searched in the request's text, case ignored; first match) to
            answers, or a function of the request that returns the answer, a whole reply, or None for unscripted.
        seed: Changes the unscripted answers.
        preferences: How this model wants to be asked.
        keeps_calls: Whether ``calls`` is filled: pictures of thousands of clips take gigabytes.

    Attributes:
        calls: Everything that was asked, in order; empty where it is not kept.
    """

    takes_shots = True
    draws = True

    def __init__(
        self,
        script: Mapping[str, str] | Script | None = None,
        *,
        name: str = "mock",
        seed: int = 0,
        preferences: Preferences | None = None,
        keeps_calls: bool = True,
    ) -> None:
        self.name = name
        self.revision = "scripted"
        self.preferences = preferences or Preferences()
        self.calls: list[MockCall] = []
        self._seed = seed
        self._keeps_calls = keeps_calls
        self._script = _as_function(script)

    def ask(
        self, system: str, views: Sequence[View], requests: Sequence[Request], *, shots: Sequence[Shot] = ()
    ) -> list[Reply]:
        """Answer by the script, or by hash."""
        if self._keeps_calls:
            self.calls.append(MockCall(system, tuple(views), tuple(requests), tuple(shots)))
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        try:
            scripted = self._script(request)
            if isinstance(scripted, Reply):
                return scripted
            if scripted is not None:
                return _scripted_reply(request, scripted)
            return self._unscripted_reply(request)
        except Exception as error:  # a failing script or grammar is this request's failure and nobody else's
            return Reply("", error=f"{type(error).__name__}: {error}")

    def _unscripted_reply(self, request: Request) -> Reply:
        text = request.text if request.draw is None else f"{request.text} {request.draw.seed}"
        if request.options:
            weights = [1 + self._number(text, option) % 1000 for option in request.options]
            total = sum(weights)
            return _closed_reply({o: w / total for o, w in zip(request.options, weights, strict=True)})
        if request.grammar is not None:
            return Reply(self._walk(text, request.grammar), confidence=0.5)
        return Reply("scripted answer missing", confidence=0.5)

    def _walk(self, text: str, grammar: Grammar) -> str:
        """Return an admissible answer, chosen by hash at every step; it ends at the first chance after some steps."""
        answer = ""
        for step in range(1000):
            segments = grammar.next(answer)
            if not segments or ("" in segments and step >= _WALK):
                return answer
            choice = segments[self._number(text, answer) % len(segments)]
            if not choice:
                return answer
            answer += choice
        raise ModelError("the grammar does not end")

    def _number(self, *parts: str) -> int:
        """Return a number that depends on the seed and on ``parts`` alone."""
        digest = hashlib.sha256("\0".join((str(self._seed), *parts)).encode()).digest()
        return int.from_bytes(digest[:8], "big")


def _as_function(script: Mapping[str, str] | Script | None) -> Script:
    """Return the script as a function of the request."""
    if script is None:
        return lambda request: None
    if isinstance(script, Mapping):
        return _first_of([Rule(text=text, answer=answer) for text, answer in script.items()])
    return script


def _first_of(rules: Sequence[Rule]) -> Script:
    """Return a script that answers by the first rule that fits."""
    return lambda request: next((rule.reply(request) for rule in rules if rule.fits(request)), None)


def _scripted_reply(request: Request, answer: str) -> Reply:
    """Return ``answer`` as a reply, or an error when the request does not admit it."""
    if request.options:
        if answer not in request.options:
            return Reply("", error=f"the scripted answer {answer!r} is not among the options {list(request.options)}")
        other_count = len(request.options) - 1
        sure = _SURE if other_count else 1.0
        return _closed_reply({o: sure if o == answer else (1 - sure) / other_count for o in request.options})
    if request.grammar is not None and not admits(request.grammar, answer):
        return Reply("", error=f"the scripted answer {answer!r} is not in the request's grammar")
    return Reply(answer, confidence=_SURE)


def _closed_reply(options: dict[str, float]) -> Reply:
    """Return the reply that takes the likeliest option."""
    best = max(options, key=lambda option: options[option])
    return Reply(best, options=options, confidence=options[best])


def admits(grammar: Grammar, text: str) -> bool:
    """Return whether ``text`` is a complete answer of ``grammar``."""
    open_texts = [""]
    while open_texts:
        written = open_texts.pop()
        segments = grammar.next(written)
        if written == text and (not segments or "" in segments):
            return True
        open_texts.extend(written + s for s in segments if s and text.startswith(written + s))
    return False
