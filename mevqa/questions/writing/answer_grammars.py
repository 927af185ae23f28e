"""What a model may write, and is shown to write: the wording of an answer with its slots, as text and as grammar."""

from __future__ import annotations

from mevqa.datasets import Taxonomy
from mevqa.questions.writing.answer_format import PLACES, SENTENCE_WORDINGS, SENTENCES
from mevqa.questions.writing.event_text import FORMS, event_name
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar, AnyOf, Choices, Integer, NameList, Slot, Template
from mevqa.types import Question, QuestionType

#: Question types whose answers have a wording to show to a model.
WORDED = SENTENCES | PLACES | {QuestionType.DESCRIBE_NTH}


def answer_wording(question: Question) -> str:
    """Return the wording of an answer with ``<...>`` for its slots, to show to a model."""
    if question.type in PLACES:
        return _places_wording(question)
    if question.type is QuestionType.DESCRIBE_NTH:
        shown = {"kind": "<micro or macro>", "onset": "<onset>", "offset": "<offset>", "apex": "<apex>"}
        classes = {"fine": "<fine-grained class>", "coarse": "<coarse class>"}
        return _description_wording(question, plural=True).format(units="<action units>", **shown, **classes)
    wording = SENTENCE_WORDINGS[question.type]
    text = wording.plural if question.plural or question.type is QuestionType.ANALYSIS else wording.singular
    units = "<action units>" if text is wording.plural else "<action unit>"
    return text.format(units=units, fine="<fine-grained class>", coarse="<coarse class>")


def sentence_grammar(question: Question, units: tuple[str, ...], classes: Taxonomy, at_most: int) -> Template | AnyOf:
    """Return the admissible sentences of a combined or analysis question.

    Args:
        question: A combined question admits the number of units that its text asks for, an analysis question any.
        units: Vocabulary of action units.
        classes: Classes of the data set.
        at_most: Most units.
    """
    one, several = NameList(units, 1, 1), NameList(units, min(2, len(units)), max(2, at_most))
    wording = SENTENCE_WORDINGS[question.type]
    known = {"fine": Choices(classes.fine), "coarse": Choices(classes.coarse)}
    singular = _template(wording.singular, units=one, **known)
    plural = _template(wording.plural, units=several, **known)
    if question.type is QuestionType.ANALYSIS:
        return AnyOf((singular, plural))
    return plural if question.plural else singular


def description_grammar(
    question: Question, units: tuple[str, ...], classes: Taxonomy, at_most: int, largest: int
) -> AnyOf:
    """Return the admissible descriptions of the n-th event.

    Args:
        question: Tells n and the kind asked about.
        units: Vocabulary of action units.
        classes: Classes of the data set.
        at_most: Most units.
        largest: The largest frame.
    """
    lists = (NameList(units, 1, 1), NameList(units, min(2, len(units)), max(2, at_most)))
    frames = {name: Integer(largest) for name in ("onset", "offset", "apex")}
    known = {"kind": Choices(("micro", "macro")), "fine": Choices(classes.fine), "coarse": Choices(classes.coarse)}
    wordings = [_description_wording(question, plural=plural) for plural in (False, True)]
    return AnyOf(tuple(_template(w, units=names, **frames, **known) for w, names in zip(wordings, lists, strict=True)))


def _description_wording(question: Question, *, plural: bool) -> str:
    """Return the sentences of a description that leaves nothing out, with their slots."""
    form = FORMS.description
    subject = form.subject.format(n=question.ordinal or 1, event=event_name(question.kind))
    units = form.units if plural else form.unit
    return f"{subject}{form.kind}{form.frames}{form.apex}. {units} {form.classes}"


def _places_wording(question: Question) -> str:
    """Return an interval with ``<...>`` for its slots, or two and the sign that more may follow."""
    form = FORMS.interval
    if question.type is QuestionType.LOCALISE and question.kind is None:
        form = FORMS.interval_of_kind
    one = form.format(onset="<first>", offset="<last>", kind="<micro or macro>")
    return one if question.type is QuestionType.LONGEST else SEPARATOR.join((one, one, "..."))


def _template(wording: str, **slots: AnswerGrammar) -> Template:
    """Cut a wording at its slots."""
    parts: list[str | Slot] = []
    for piece in wording.split("{"):
        name, brace, rest = piece.partition("}")
        if brace:
            parts.append(Slot(name, slots[name]))
        parts.append(rest if brace else piece)
    return Template(tuple(part for part in parts if part != ""))
