"""Questions that a sentence answers: action units, and the classes that follow from them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_text import ParsedQuestion, QuestionText
from mevqa.questions.reading.sentences import read_parts
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.types.base import Asked, Fact, Metric, QuestionType, outside
from mevqa.questions.types.units import list_fault, official_units
from mevqa.questions.vocabulary import FORMS, Wording, every_class
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar
from mevqa.questions.writing.prior_table import PriorFacts
from mevqa.questions.writing.sentences import match_wording, sentence, sentence_grammar, unit_list
from mevqa.types import Parts, Question, Value


@dataclass(frozen=True, eq=False)
class SentenceQuestion(QuestionType):
    """A question that is answered with one sentence.

    Attributes:
        sentences: The sentence for one action unit and for several; None for those in ``surface_forms.yaml``.
    """

    _: KW_ONLY
    sentences: Wording | None = None
    metric: Metric = "sentence"
    fact: Fact = "sentence"
    json_keys: str = "whole"
    whole_text: ClassVar[bool] = False
    several_parts: ClassVar[bool] = True

    @property
    def form(self) -> Wording:
        """The sentence for one action unit and for several."""
        return self.sentences or FORMS.sentences[self.name]

    def sentence(self, units: Iterable[str], fine: str, coarse: str, *, plural: bool) -> str:
        """Write the sentence."""
        return self.form.of(plural).format(units=unit_list(units), fine=fine, coarse=coarse)

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnswerGrammar:
        """Return the sentences with the number of units that the question asks for, or with any."""
        both = sentence_grammar(self.form.singular, self.form.plural, classes, form.at_most)
        return both.grammars[question.plural] if self.one_or_several else both

    def wording(self, question: Question) -> str:
        """Return the sentence with names for its slots."""
        plural = question.plural or not self.one_or_several
        units = "<action units>" if plural else "<action unit>"
        return self.form.of(plural).format(units=units, fine="<fine-grained class>", coarse="<coarse class>")

    def read_official(self, text: str) -> Value | None:
        """Return the units and classes of a sentence in the official wording."""
        classes = every_class()
        for wording in (self.form.plural, self.form.singular):
            match = _pattern(wording).fullmatch(text)
            if match is None or official_units(match["units"]) is None:
                continue
            if match["fine"] in classes.fine and match["coarse"] in classes.coarse:
                return Parts(tuple(match["units"].split(SEPARATOR)), match["fine"], match["coarse"])
        return None

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the units and classes that are named."""
        return read_parts(text) if text else None

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the sentence, where units and both classes were read."""
        assert isinstance(value, Parts)
        if not value.units or value.fine not in classes.fine or value.coarse not in classes.coarse:
            return None
        assert value.fine is not None and value.coarse is not None
        plural = question.plural if self.one_or_several else len(value.units) > 1
        if match_wording(self.form.of(plural), written) and self._deviation(written) is None:
            return written
        units = value.units if plural else value.units[:1]
        return self.sentence(units, value.fine, value.coarse, plural=plural)

    def fault(self, question: Question, text: str) -> str | None:
        """Return what deviates from the official wording and vocabulary, or what a sentence of other words lacks."""
        if self.one_or_several:
            return self._deviation(text)
        parts = read_parts(plain_text(text))
        fine = parts.fine in taxonomy("unknown").fine
        named_parts = {"action unit": parts.units, "fine-grained class": fine, "coarse class": parts.coarse}
        missing = [name for name, value in named_parts.items() if not value]
        return f"names no {' and no '.join(missing)} of the vocabulary" if missing else None

    def _deviation(self, text: str) -> str | None:
        values = match_wording(self.form.plural, text) or match_wording(self.form.singular, text)
        if values is None:
            return "does not have the official wording (The action unit present is: ... Therefore, ...)"
        classes = taxonomy("unknown")
        return (
            list_fault(values["units"])
            or outside(values["fine"], classes.fine)
            or outside(values["coarse"], classes.coarse)
        )


@functools.cache
def _pattern(wording: str) -> re.Pattern[str]:
    """Return the pattern of a sentence with the slots units, fine and coarse."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^.]*?)", re.escape(wording)))


def _asks_all(text: QuestionText) -> ParsedQuestion | None:
    asks = text.names_units and (text.fine or text.coarse)
    return ParsedQuestion("combined", plural=text.plural) if asks else None


def _asks_analysis(text: QuestionText) -> bool:
    """Whether the whole expression is to be described (one event of many is another question)."""
    describes = text.begins(r"(?:please )?describe\b.*\bexpression\b") and text.ordinal is None
    return describes or text.has(r"\b(?:analy[sz]e|analysis|analy[sz]ing)\b")


def _prior_sentence(question: Question, prior: PriorFacts) -> str:
    units = prior.units if question.plural else prior.unit
    return sentence(question.type, units, prior.fine, prior.coarse, plural=len(units) > 1)


COMBINED = SentenceQuestion(
    "combined", _asks_all, precedence=50, official=True, one_or_several=True, prior=_prior_sentence
)
ANALYSIS = SentenceQuestion("analysis", _asks_analysis, precedence=30, official=True, prior=_prior_sentence)
