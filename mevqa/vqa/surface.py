"""The official surface form of every answer: the vocabulary, the lists and the sentences, written and normalised."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from mevqa.facs import UNIT_NAMES, Taxonomy, taxonomy, unit_number
from mevqa.models.protocol import Reply
from mevqa.records import Question, QuestionType
from mevqa.strict_yaml import StrictModel, read_yaml
from mevqa.vqa import reading
from mevqa.vqa.event_reading import read_described, read_spans, speaks_of_events
from mevqa.vqa.event_text import described_text, spans_text
from mevqa.vqa.frame_grammar import FrameList
from mevqa.vqa.grammar import SEPARATOR


class Wording(StrictModel):
    """A sentence for one action unit and for several."""

    singular: str
    plural: str


class _SurfaceForms(StrictModel):
    sentences: dict[QuestionType, Wording]
    options: dict[str, dict[str, tuple[str, ...]]]
    coarse_spellings: dict[str, tuple[str, ...]]
    numbers: tuple[str, ...]


_FORMS = read_yaml(Path(__file__).parent.parent / "tables" / "surface_forms.yaml", _SurfaceForms)

#: Options of the closed questions that no taxonomy decides, by the name that the prompt files use.
FIXED_OPTIONS: dict[str, tuple[str, ...]] = {name: tuple(options) for name, options in _FORMS.options.items()}

#: The sentences by question type, with the slots units, fine and coarse.
SENTENCE_WORDINGS = _FORMS.sentences
#: Question types that are answered with one or two sentences.
SENTENCES = frozenset(_FORMS.sentences)

#: Question types that are answered with names of action units.
LISTS = frozenset({QuestionType.AU_LIST, QuestionType.AU_INVENTORY})
#: Question types that are answered with a number.
COUNTS = frozenset(
    {QuestionType.COUNT_ALL, QuestionType.COUNT_MICRO, QuestionType.COUNT_MACRO, QuestionType.COUNT_BETWEEN}
)
#: Question types that are answered with intervals of frames.
PLACES = frozenset({QuestionType.LOCALISE, QuestionType.LONGEST})
_FIXED = {
    QuestionType.AU_PRESENCE: "presence",
    QuestionType.EXPRESSION_SHOWN: "presence",
    QuestionType.AU_SIDE: "side",
    QuestionType.NTH_TYPE: "kind",
    QuestionType.EVENT_PRESENCE: "presence",
    QuestionType.ORDER: "kind",
}
#: Bounds of what is admissible: no video of the challenge has more frames or events.
_LARGEST_FRAME = 999_999_999
_MOST_EVENTS = 9999


def sentence(kind: QuestionType, units: Iterable[str], fine: str, coarse: str, *, plural: bool) -> str:
    """Write the sentence of a combined or analysis question.

    Args:
        kind: ``COMBINED`` or ``ANALYSIS``.
        units: Official names of the action units.
        fine: Fine-grained class.
        coarse: Coarse class.
        plural: Whether the wording for several units is asked for.
    """
    wording = _FORMS.sentences[kind]
    text = wording.plural if plural else wording.singular
    return text.format(units=unit_list(units), fine=fine, coarse=coarse)


def unit_list(units: Iterable[str]) -> str:
    """Join the official names of action units in the order of their numbers, as the official files do."""
    return SEPARATOR.join(sorted(units, key=unit_number))


def normalise(question: Question, reply: Reply, classes: Taxonomy | None = None) -> str | None:
    """Bring one reply into the official surface form, alone and without deciding anything anew.

    Args:
        question: What was asked.
        reply: What the model said, freely or under a grammar.
        classes: Classes of the data set; those of ``question.dataset`` when None.

    Returns:
        The answer in the vocabulary of its question type; None when the reply is an error, or holds no answer to
        this type of question.
    """
    if reply.error is not None:
        return None
    classes = classes or taxonomy(question.dataset)
    text = reading.final_answer(reply.text)
    kind = question.type
    if kind is QuestionType.OPEN:
        return reply.text.strip() or None
    if kind is QuestionType.SUMMARY:
        return " ".join(text.split()) if speaks_of_events(text) else None
    if kind in PLACES:
        return _places(question, text)
    if kind is QuestionType.DESCRIBE_NTH:
        told = read_described(text, read_parts(text, classes))
        return None if told is None else described_text(told, question.ordinal or 1, question.kind)
    if kind in COUNTS:
        count = reading.read_count(text, _FORMS.numbers)
        return None if count is None else str(count)
    if kind in LISTS:
        units = reading.read_units(text)
        return unit_list(units[: None if question.plural or kind is QuestionType.AU_INVENTORY else 1]) or None
    if kind in SENTENCES:
        parts = read_parts(text, classes)
        if not parts.units or parts.fine is None or parts.coarse is None:
            return None
        plural = question.plural if kind is QuestionType.COMBINED else len(parts.units) > 1
        return sentence(kind, parts.units if plural else parts.units[:1], parts.fine, parts.coarse, plural=plural)
    return _closed_answer(kind, text, classes) or _likeliest(reply)


def _places(question: Question, text: str) -> str | None:
    """Return the intervals that a text names, of the longest event the first."""
    spans = read_spans(text)
    if question.type is QuestionType.LONGEST:
        return spans_text(spans[:1], kinds=False) if spans else None
    return None if spans is None else spans_text(spans, kinds=question.kind is None)


def _closed_answer(kind: QuestionType, text: str, classes: Taxonomy) -> str | None:
    """Read the answer of a closed question."""
    if kind is QuestionType.COARSE:
        return read_parts(text, classes).coarse
    if kind is QuestionType.FINE:
        return read_parts(text, classes).fine
    return reading.read_option(text, _FORMS.options[_FIXED[kind]])


@functools.cache
def every_class() -> Taxonomy:
    """Return the classes of all data sets, and those without a coarse class that are coded or answered besides."""
    union = taxonomy("unknown")
    return Taxonomy((*union.fine, "others", "tense"), union.coarse)


def read_parts(text: str, classes: Taxonomy) -> reading.Parts:
    """Read units, fine and coarse class out of a sentence, worded officially or freely.

    Args:
        text: What a model or an entrant wrote.
        classes: Classes of the data set; others that the text names are left out.
    """
    return reading.read_parts(text, classes, _FORMS.coarse_spellings)


def _likeliest(reply: Reply) -> str | None:
    if not reply.options:
        return None
    return max(reply.options, key=lambda option: reply.options[option] if reply.options else 0.0)


def fault(question: Question, text: str) -> str | None:
    """Say what of an answer is outside the vocabulary of its question type, None when nothing is.

    The vocabulary is that of all data sets together, since the classes of the test sets are not published. Official
    spelling is asked for: upper case, full stops and other synonyms are faults, because a scorer that compares words
    counts them as wrong.
    """
    if not text.strip():
        return "is empty"
    classes = taxonomy("unknown")
    kind = question.type
    if kind is QuestionType.COARSE:
        return _outside(text, classes.coarse)
    if kind is QuestionType.FINE:
        return _outside(text, classes.fine)
    if kind in _FIXED:
        return _outside(text, FIXED_OPTIONS[_FIXED[kind]])
    if kind in COUNTS:
        return None if text.isascii() and text.isdigit() else f"{text!r} is not a whole number"
    if kind in LISTS:
        return _list_fault(text)
    if kind is QuestionType.COMBINED:
        return _combined_fault(text, classes)
    if kind in PLACES:
        return _places_fault(question, text)
    if kind is QuestionType.SUMMARY and not speaks_of_events(text):
        return "speaks of no expression and no event"
    if kind is QuestionType.DESCRIBE_NTH and normalise(question, Reply(text), every_class()) != text:
        return "does not have the wording of a description (The 1-th expression event is a ...), or of parts of it"
    if kind is QuestionType.ANALYSIS:
        parts = read_parts(text, classes)
        missing = [
            name
            for name, value in (
                ("action unit", parts.units),
                ("fine-grained class", parts.fine),
                ("coarse class", parts.coarse),
            )
            if not value
        ]
        return f"names no {' and no '.join(missing)} of the vocabulary" if missing else None
    return None


def _outside(text: str, options: Iterable[str]) -> str | None:
    options = tuple(options)
    return None if text in options else f"{text!r} is none of: {SEPARATOR.join(options)}"


def _list_fault(text: str) -> str | None:
    names = text.split(SEPARATOR)
    unknown = [name for name in names if name not in _LISTED_NAMES]
    if unknown:
        return f"not in the vocabulary of action units: {SEPARATOR.join(repr(name) for name in unknown)}"
    return "names an action unit twice" if len(set(names)) < len(names) else None


def _combined_fault(text: str, classes: Taxonomy) -> str | None:
    """Check the wording first, so that the report names what deviates."""
    for wording in (_FORMS.sentences[QuestionType.COMBINED].plural, _FORMS.sentences[QuestionType.COMBINED].singular):
        values = reading.match_wording(wording, text)
        if values is not None:
            return (
                _list_fault(values["units"])
                or _outside(values["fine"], classes.fine)
                or _outside(values["coarse"], classes.coarse)
            )
    return "does not have the official wording (The action unit present is: ... Therefore, ...)"


def _places_fault(question: Question, text: str) -> str | None:
    """Check a list of intervals."""
    localise = question.type is QuestionType.LOCALISE
    grammar = FrameList(
        _MOST_EVENTS if localise else 1, _LARGEST_FRAME, kinds=localise and question.kind is None, may_be_none=localise
    )
    try:
        grammar.parse(text)
    except ValueError as error:
        return str(error)
    return None


#: Both spellings of the nostril units stand in the official files.
_LISTED_NAMES = frozenset(UNIT_NAMES) | {"nostril dilator", "nostril dilater", "nostril compressor", "nostril compress"}
