"""Closed questions: one of a few options is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar, Literal

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.events import EventTimeline
from mevqa.questions.question_text import EVENT, HOW_MANY, OPEN, PRESENT, TIMED, ParsedQuestion, QuestionText
from mevqa.questions.reading.labels import read_label
from mevqa.questions.reading.mentions import BOTH, coarse_by_fine_spellings, coarse_spellings, fine_class_spellings
from mevqa.questions.reading.presence import read_presence
from mevqa.questions.reading.sentences import labelled_clause
from mevqa.questions.reading.words import WORDS
from mevqa.questions.types.base import Asked, Metric, QuestionType, outside
from mevqa.questions.vocabulary import FORMS, every_class
from mevqa.questions.writing.prior_table import PriorFacts
from mevqa.types import Question, Value

_LISTED = re.compile(r"(?:^|[\s(])\(?([A-Ja-j])[).:]\s*([^()\n,;/]+?)(?=\s*(?:[,;/\n]|\(?[A-Ja-j][).:]|or\b|\.?$))")
_ALONE = re.compile(r"\W*(?:option\s*)?[(\[]?([a-j yn])[)\]]?\W*")
_ASKS_WHETHER = r"(?:is|are|does|do|can)\b"


@dataclass(frozen=True, eq=False)
class ClosedQuestion(QuestionType):
    """A question with fixed options.

    Attributes:
        choices: Options in the order of the prompts, with what models write instead of them.
        letters_of: Options by letters besides a, b, c.
        other_words: Further words that answer, with the option that they mean, or ``BOTH`` of them.
    """

    _: KW_ONLY
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    letters_of: Mapping[str, str] = field(default_factory=dict)
    other_words: Mapping[str, str] = field(default_factory=dict)
    metric: Metric = "classes"
    whole_text: ClassVar[bool] = False

    def options(self, classes: Taxonomy) -> tuple[str, ...]:
        """Return the options."""
        return tuple(self.choices)

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every spelling of an option in lower case."""
        words = {word: option for option, others in self.choices.items() for word in (option, *others)}
        return {**words, **self.other_words}

    def letters(self, dataset: str, text: str) -> tuple[tuple[str, str], ...]:
        """Return the options by letter: as the question lists them, else in the order of the prompts."""
        options = dict(zip("abcdefghij", self.options(taxonomy(dataset)), strict=False))
        listed = _LISTED.findall(text)
        if len(listed) > 1:
            spellings = self.spellings
            option_by_letter = {letter.lower(): spellings.get(name.strip(" .?").lower()) for letter, name in listed}
            options = {letter: name for letter, name in option_by_letter.items() if name}
        return tuple({**options, **self.letters_of}.items())

    def read_official(self, text: str) -> Value | None:
        """Return one of the options."""
        return text if text in self.options(every_class()) else None

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the option that stands."""
        return read_label(text, self.spellings, self.options(every_class()), dict(asked.letters))

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the option, where the data set has it."""
        return str(value) if value in self.options(classes) else None

    def fault(self, question: Question, text: str) -> str | None:
        """Return the message that a text is none of the options."""
        return outside(text, self.options(taxonomy("unknown")))


@dataclass(frozen=True, eq=False)
class ClassQuestion(ClosedQuestion):
    """The question for the coarse or the fine class; the data set's taxonomy has the options.

    Attributes:
        level: Which of the two.
    """

    _: KW_ONLY
    level: Literal["coarse", "fine"] = "coarse"

    def options(self, classes: Taxonomy) -> tuple[str, ...]:
        """Return the classes of a data set."""
        return classes.coarse if self.level == "coarse" else classes.fine

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every spelling of a class of any data set."""
        return coarse_spellings() if self.level == "coarse" else fine_class_spellings()

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the class; a fine class answers for the coarse one where none is named."""
        options, letters = self.options(every_class()), dict(asked.letters)
        clause = labelled_clause(text, self.level)
        option = read_label(clause, self.spellings, options, letters) if clause else None
        if option is not None:
            return option
        if self.level == "fine":
            fine_text = labelled_clause(text, "fine", drop="coarse") or text
            return read_label(fine_text, self.spellings, options, letters)
        option = read_label(text, self.spellings, options, letters)
        return option if option is not None else read_label(text, coarse_by_fine_spellings(), options, {})


@dataclass(frozen=True, eq=False)
class PresenceQuestion(ClosedQuestion):
    """The question whether an action unit, or an expression, can be seen.

    Attributes:
        about_unit: Whether an action unit is asked about.
    """

    _: KW_ONLY
    about_unit: bool = False
    choices: Mapping[str, Sequence[str]] = field(default_factory=lambda: FORMS.options["presence"])
    letters_of: Mapping[str, str] = field(default_factory=lambda: {"y": "yes", "n": "no"})
    json_keys: str = "presence"

    @property
    def spellings(self) -> Mapping[str, str]:
        """Yes and no; other words for them are read by ``reading.presence``."""
        return {option: option for option in self.choices}

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return ``yes`` or ``no``, of a text that is a letter the option of this letter."""
        answer = read_presence(text, asked.unit if self.about_unit else asked.kind, events=not self.about_unit)
        if answer is not None:
            return answer
        alone = _ALONE.fullmatch(text)
        return dict(asked.letters).get(alone[1]) if alone else None


def _asks_coarse(text: QuestionText) -> bool:
    if not text.about_class or text.fine:
        return False
    return text.coarse or all(text.has(rf"\b{name}\b") for name in ("positive", "negative", "surprise"))


def _asks_fine(text: QuestionText) -> bool:
    if not text.about_class or text.coarse:
        return False
    emotion = text.begins(r"(?:what|which) (?:\w+ ){0,3}?emotion\b") and not text.has(r"\b(?:why|when|where)\b")
    return text.fine or emotion


def _asks_unit(text: QuestionText) -> ParsedQuestion | None:
    if not text.about_unit:
        return None
    asks = text.begins(_ASKS_WHETHER) and text.has(rf"\b{PRESENT}\b")
    return ParsedQuestion("au_presence", action_unit=text.unit_name) if asks else ParsedQuestion(OPEN)


def _asks_side(text: QuestionText) -> ParsedQuestion | None:
    if not text.about_unit:
        return None
    if len(text.units) > 1:
        return ParsedQuestion(OPEN)
    sides = r"\bleft or (?:the |on the )?right\b|\bright or (?:the |on the )?left\b|\bwhich side\b"
    return ParsedQuestion("au_side", action_unit=text.unit_name) if text.has(sides) else None


def _asks_whether_shown(text: QuestionText) -> bool:
    """Whether a question asks if a short clip shows an expression at all; questions about videos ask for events."""
    if text.names_units or not text.has(r"\b(?:clip|face)\b") or text.has(r"\b(?:events?|video|or)\b"):
        return False
    return text.begins(rf"{_ASKS_WHETHER}.*\bexpressions?\b.*\b{PRESENT}\b|(?:is|are) there\b.*\bexpressions?\b")


def _asks_kind(text: QuestionText) -> ParsedQuestion | None:
    asks = not text.names_units and text.ordinal is not None and text.asks_kind and text.about_events
    return ParsedQuestion("nth_type", ordinal=text.ordinal) if asks else None


def _asks_order(text: QuestionText) -> bool:
    """Whether a question asks which kind comes first: not of which kind the first event is."""
    if text.names_units or not text.names_both_kinds or text.has(rf"\d|{HOW_MANY}"):
        return False
    earlier = rf"\bfirst\b(?! (?:\w+ )?{EVENT}\b)|\b(?:earlier|earliest|sooner)\b"
    return text.has(earlier) and text.has(r"\bor\b|\bwhich\b|\bwhat\b")


def _asks_for_event(text: QuestionText) -> ParsedQuestion | None:
    """Recognise the question whether there is an event at all."""
    other = r"\b(?:both|more|less|fewer|than|least|most|first|last|class|emotion|coarse|fine|why|left|right)\b"
    if not text.about_all_events or text.has(rf"{TIMED}|{other}"):
        return None
    some = rf"(?:an? |any |some )?(?:\w+ ){{0,2}}?(?:micro |macro )?{EVENT}\b"
    media = r"(?:the|this) (?:\w+ )?(?:video|recording|footage)"
    asks = (
        rf"(?:is|are) there (?:{some})",
        rf"(?:does|do|did) {media} (?:contain|show|have|hold|include) {some}",
        rf"(?:do|does|did) (?:an?|any) (?:\w+ ){{0,2}}?{EVENT} (?:appear|occur|happen|exist)",
        rf"(?:is|are) (?:an?|any) (?:\w+ ){{0,2}}?{EVENT} (?:\w+ )?(?:present|visible|shown|found|seen|in)\b",
        rf"(?:can|do) (?:you|we) (?:see|find|spot|detect) (?:an?|any) (?:\w+ ){{0,2}}?{EVENT}\b",
    )
    return ParsedQuestion("event_presence", kind=text.kind) if any(map(text.begins, asks)) else None


def _prior_event_presence(question: Question, prior: PriorFacts) -> str:
    counts = {"micro": prior.micro, "macro": prior.macro, None: prior.micro + prior.macro}
    return "yes" if counts[question.kind] else "no"


def _kind_of_event(question: Question, timeline: EventTimeline) -> str | None:
    """Return the kind of the n-th event, of the first where none is named."""
    events = timeline.of_kind(question.kind)
    ordinal = 1 if question.type == "order" else question.ordinal
    return f"{events[ordinal - 1].kind}-expression" if ordinal is not None and 1 <= ordinal <= len(events) else None


COARSE = ClassQuestion(
    "coarse",
    _asks_coarse,
    precedence=20,
    fact="coarse",
    official=True,
    json_keys="coarse",
    prior=lambda question, prior: prior.coarse,
    prior_counts="coarse",
    level="coarse",
)
FINE = ClassQuestion(
    "fine",
    _asks_fine,
    precedence=10,
    fact="fine",
    official=True,
    json_keys="fine",
    prior=lambda question, prior: prior.fine,
    prior_counts="fine",
    level="fine",
)
AU_PRESENCE = PresenceQuestion(
    "au_presence",
    _asks_unit,
    precedence=60,
    score_key="presence",
    fact="unit",
    official=True,
    about_unit=True,
    prior=lambda question, prior: "yes" if question.action_unit in prior.units else "no",
    prior_counts="presence",
)
AU_SIDE = ClosedQuestion(
    "au_side",
    _asks_side,
    precedence=70,
    score_key="side",
    official=True,
    choices=FORMS.options["side"],
    letters_of={"l": "left", "r": "right"},
    other_words=dict.fromkeys(WORDS.both_sides, BOTH),
    json_keys="side",
    prior=lambda question, prior: prior.side,
    prior_counts="side",
)
#: No official file has it; spotted events are checked with it. Its probabilities count among those of all types.
EXPRESSION_SHOWN = PresenceQuestion(
    "expression_shown",
    _asks_whether_shown,
    precedence=99,
    score_key="shown",
    official=True,
    prior=lambda question, prior: "yes",
)
NTH_TYPE = ClosedQuestion(
    "nth_type",
    _asks_kind,
    precedence=87,
    score_key="type",
    fact="kind",
    official=True,
    long_video=True,
    one_event=True,
    choices=FORMS.options["kind"],
    json_keys="kind",
    prior=lambda question, prior: prior.kind,
    from_events=_kind_of_event,
)
EVENT_PRESENCE = PresenceQuestion(
    "event_presence",
    _asks_for_event,
    precedence=80,
    fact="presence",
    long_video=True,
    prior=_prior_event_presence,
    from_events=lambda question, timeline: "yes" if timeline.of_kind(question.kind) else "no",
)
ORDER = ClosedQuestion(
    "order",
    _asks_order,
    precedence=90,
    long_video=True,
    choices=FORMS.options["kind"],
    json_keys="kind",
    prior=lambda question, prior: prior.kind,
    from_events=_kind_of_event,
)
