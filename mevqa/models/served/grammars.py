"""Our grammars as EBNF, as regular expressions and as JSON schemas, which servers constrain generation by.

The notation of EBNF is that of llama.cpp's GBNF, which XGrammar and with it vLLM and SGLang read too. Neither notation
can say that the names of a list differ, or that an interval does not end before it begins; what a model makes of that
is read, and refused, as any other text is.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.events import KINDS
from mevqa.questions.writing.event_text import FORMS
from mevqa.questions.writing.frame_grammar import FrameList
from mevqa.questions.writing.grammar import SEPARATOR, AnyOf, Choices, Integer, NameList, Template

#: Key of the answer in a JSON schema.
ANSWER = "answer"


def ebnf(grammar: object) -> str | None:
    """Return a grammar as EBNF with the rule ``root``; None for one that is not ours."""
    form = _form(grammar)
    return None if form is None else f"root ::= {form.ebnf()}\n"


def pattern(grammar: object) -> str | None:
    """Return a grammar as a regular expression of a whole answer; None for one that is not ours."""
    form = _form(grammar)
    return None if form is None else form.pattern()


def schema_of_options(options: Sequence[str]) -> dict[str, Any]:
    """Return a JSON schema whose only key ``answer`` holds one of some options."""
    return _schema({"type": "string", "enum": list(options)})


def schema_of_grammar(grammar: object) -> dict[str, Any] | None:
    """Return a JSON schema whose only key ``answer`` holds what a grammar admits; None for one that is not ours."""
    expression = pattern(grammar)
    return None if expression is None else _schema({"type": "string", "pattern": f"^{expression}$"})


def answer_of(text: str) -> str:
    """Return the answer within a reply under one of the schemas; a text that is none as it is."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(content, dict) and list(content) == [ANSWER] and isinstance(content[ANSWER], str):
        return content[ANSWER]
    return text


def _schema(answer: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {ANSWER: answer}, "required": [ANSWER], "additionalProperties": False}


class _Form(ABC):
    """A regular language, written in several notations."""

    @abstractmethod
    def ebnf(self) -> str:
        """Return it as the right side of a rule, in parentheses where it needs them."""

    @abstractmethod
    def pattern(self) -> str:
        """Return it as a regular expression, likewise."""


@dataclass(frozen=True, slots=True)
class _Text(_Form):
    text: str

    def ebnf(self) -> str:
        return json.dumps(self.text)

    def pattern(self) -> str:
        # A space needs no backslash, and some engines refuse one before it.
        return re.escape(self.text).replace("\\ ", " ").replace("\\-", "-")


@dataclass(frozen=True, slots=True)
class _Either(_Form):
    forms: tuple[_Form, ...]

    def ebnf(self) -> str:
        return "(" + " | ".join(form.ebnf() for form in self.forms) + ")"

    def pattern(self) -> str:
        return "(" + "|".join(form.pattern() for form in self.forms) + ")"


@dataclass(frozen=True, slots=True)
class _Row(_Form):
    forms: tuple[_Form, ...]

    def ebnf(self) -> str:
        return "(" + " ".join(form.ebnf() for form in self.forms) + ")"

    def pattern(self) -> str:
        return "".join(form.pattern() for form in self.forms)


@dataclass(frozen=True, slots=True)
class _Maybe(_Form):
    form: _Form

    def ebnf(self) -> str:
        return f"({self.form.ebnf()})?"

    def pattern(self) -> str:
        return f"({self.form.pattern()})?"


@dataclass(frozen=True, slots=True)
class _Digit(_Form):
    first: str

    def ebnf(self) -> str:
        return f"[{self.first}-9]"

    def pattern(self) -> str:
        return f"[{self.first}-9]"


def _form(grammar: object) -> _Form | None:
    """Return the language of a grammar; None for one that is not ours, which is asked about freely."""
    if isinstance(grammar, Choices):
        return _words(grammar.options)
    if isinstance(grammar, NameList):
        return _list(_words(grammar.names), grammar.at_least, grammar.at_most)
    if isinstance(grammar, Integer):
        return _number(grammar.at_most)
    if isinstance(grammar, FrameList):
        return _frames(grammar)
    if isinstance(grammar, Template):
        return _all([_Text(part) if isinstance(part, str) else _form(part.grammar) for part in grammar.parts], _Row)
    if isinstance(grammar, AnyOf):
        return _all([_form(part) for part in grammar.grammars], _Either)
    return None


def _all(forms: Sequence[_Form | None], kind: type[_Row] | type[_Either]) -> _Form | None:
    known = tuple(form for form in forms if form is not None)
    return kind(known) if len(known) == len(forms) else None


def _words(texts: Sequence[str]) -> _Form:
    return _Either(tuple(_Text(text) for text in texts))


def _list(item: _Form, at_least: int, at_most: int) -> _Form:
    """Return ``at_least`` to ``at_most`` items with the separator between them."""
    more = _Row((_Text(SEPARATOR), item))
    rest: _Form | None = None
    for _ in range(at_most - at_least):
        rest = _Maybe(more if rest is None else _Row((more, rest)))
    return _Row((item, *[more] * (at_least - 1), *([] if rest is None else [rest])))


def _number(at_most: int) -> _Form:
    """Return the whole numbers of as many digits as the largest: larger ones of these are read, and refused."""
    if at_most < 10:
        return _words([str(number) for number in range(at_most + 1)])
    rest: _Form | None = None
    for _ in range(len(str(at_most)) - 1):
        rest = _Maybe(_Digit("0") if rest is None else _Row((_Digit("0"), rest)))
    assert rest is not None
    return _Either((_Text("0"), _Row((_Digit("1"), rest))))


def _frames(grammar: FrameList) -> _Form:
    """Return intervals as ``FORMS`` writes them, or the word for none."""
    frame = _number(grammar.largest)
    if grammar.kinds:
        item: _Form = _Either(tuple(_interval(FORMS.interval_of_kind, frame, str(kind)) for kind in KINDS))
    else:
        item = _interval(FORMS.interval, frame)
    spans = _list(item, 1, grammar.at_most)
    return _Either((_Text(FORMS.none), spans)) if grammar.may_be_none else spans


def _interval(wording: str, frame: _Form, kind: str = "") -> _Form:
    """Return one interval in a wording with the places ``{onset}``, ``{offset}`` and ``{kind}``."""
    parts = re.split(r"(\{onset\}|\{offset\})", wording.replace("{kind}", kind))
    return _Row(tuple(frame if part.startswith("{") else _Text(part) for part in parts if part))
