"""Base of question types: how one is recognised, asked, read, written, checked, answered without a model and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from mevqa.datasets import Taxonomy
from mevqa.events import EventTimeline, Kind
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_text import OPEN, ParsedQuestion, QuestionText
from mevqa.questions.vocabulary import USUAL_WORDINGS, Wordings
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar
from mevqa.questions.writing.prior_table import PriorFacts
from mevqa.types import Question, Value

#: Characters of an answer that a message shows.
_SHOWN = 80
#: Whether a question is of a type, or what it asks for. ``ParsedQuestion("open")`` ends the search.
Recogniser = Callable[[QuestionText], ParsedQuestion | bool | None]
#: How the answers of a type are compared with the references.
Metric = Literal["classes", "units", "count", "sentence", "intervals", "interval", "description", "summary", "text"]
#: Fact about a clip that the answers state; answers to other questions must agree with it.
Fact = Literal["coarse", "fine", "units", "unit", "sentence", "count", "kind", "presence"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The parts of a question that decide how its answer is read; one object for all questions that are alike.

    Attributes:
        type: Its type.
        kind: Kind of the events asked about, None for any.
        unit: Number of the unit asked about, as the mentions of units have it.
        letters: Options of a closed question by letter.
        ordinal: Number of the event whose part of an answer is read, None for all of it.
    """

    type: QuestionType
    kind: Kind | None = None
    unit: str | None = None
    letters: tuple[tuple[str, str], ...] = ()
    ordinal: int | None = None


@dataclass(frozen=True, eq=False)
class QuestionType:
    """A type of question; by itself one that is answered in words of the model's own.

    Attributes:
        name: What it is called in files; its prompt is ``prompts/NAME.yaml``.
        recognise: Whether a question is of this type.
        precedence: Of several types that recognise a question the one with the highest counts.
        prompt: Content of the prompt file, for a type that the package has no file of.
        usual: Usual wordings, for a type that ``tables/questions/question_wordings.yaml`` does not have.
        score_key: Beginning of the keys of its scores; the name when empty.
        title: Name of its answers in headings; the name when empty.
        metric: How its answers are scored.
        fact: Fact about the clip that its answers state; empty for what nothing else depends on.
        official: Whether the official question files have it; others change no score that all types share.
        long_video: Whether it is about the events of a long video.
        counted: Kind of the events that are counted whatever the question says; None for any.
        needs_units: Whether its answer needs the action units of these events.
        one_or_several: Whether its text says if one action unit is asked for or several.
        one_event: Whether only the part about the n-th event is read where an answer goes through several.
        json_keys: Keys of a JSON object that answer it (``keys`` in ``answer_reading.yaml``), ``whole`` for all of it.
        prior: The answer when nothing is known but the question and the data set.
        prior_counts: Counts that tell the probability of each option then.
        from_events: Writes the answer from the events of a long video; None where they do not give it.
    """

    name: str
    recognise: Recogniser
    _: KW_ONLY
    precedence: int = 100
    prompt: Mapping[str, Any] | None = None
    usual: Wordings | None = None
    score_key: str = ""
    title: str = ""
    metric: Metric = "text"
    fact: Fact | Literal[""] = ""
    official: bool = False
    long_video: bool = False
    counted: Kind | None = None
    needs_units: bool = False
    one_or_several: bool = False
    one_event: bool = False
    json_keys: str = ""
    prior: Callable[[Question, PriorFacts], str | None] | None = None
    prior_counts: Literal["coarse", "fine", "presence", "side", ""] = ""
    from_events: Callable[[Question, EventTimeline], str | None] | None = None
    #: Whether a text is read as it stands: what is marked as the answer in it is not looked for.
    whole_text: ClassVar[bool] = True
    #: Whether its answers may have several parts, and several boxes hold one answer.
    several_parts: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """Beginning of the keys of its scores."""
        return self.score_key or self.name

    @property
    def wordings(self) -> Wordings:
        """Usual wordings of the question."""
        return self.usual or USUAL_WORDINGS.get(self.name) or Wordings()

    def parse(self, text: QuestionText) -> ParsedQuestion | None:
        """Return what a question asks for; None where it is not of this type."""
        recognised = self.recognise(text)
        if isinstance(recognised, ParsedQuestion):
            return recognised
        return ParsedQuestion(self.name) if recognised else None

    def options(self, classes: Taxonomy) -> tuple[str, ...]:
        """Return the options of a closed question, in the order of the prompts; empty for the others."""
        return ()

    def letters(self, dataset: str, text: str) -> tuple[tuple[str, str], ...]:
        """Return the options by letter."""
        return ()

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnswerGrammar | None:
        """Return the admissible answers to an open question; None where any text is one.

        Args:
            question: What is asked.
            form: How the prompt file says that it is answered.
            classes: Classes of the data set.
        """
        return None

    def wording(self, question: Question) -> str:
        """Return the wording of an answer with ``<...>`` for its slots, to show to a model; empty without one."""
        return ""

    def read_official(self, text: str) -> Value | None:
        """Return the value of an answer in its official spelling; None for every other text."""
        return None

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the value of an answer's text, None where it holds no answer.

        Args:
            asked: The parts of the question that decide how its answer is read.
            text: Plain text (``reading.text.plain_text``), or the text as it stands where ``whole_text`` is set.

        Raises:
            Ambiguous: It gives several answers.
        """
        return text

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Write a value in the official form; an official answer stays as it was written.

        Args:
            question: The question.
            value: The value that was read.
            written: The text that it was read from.
            classes: Classes of the data set.

        Returns:
            None where the classes do not hold the value.
        """
        return written.strip() or None

    def fault(self, question: Question, text: str) -> str | None:
        """Return what of an answer is outside the vocabulary of all data sets; None when nothing is."""
        return None


def shortened(text: str) -> str:
    """Return a text in quotes, of a long one the beginning."""
    quoted = repr(text)
    return quoted if len(quoted) <= _SHOWN else quoted[: _SHOWN - 3] + "..."


def outside(text: str, options: Iterable[str]) -> str | None:
    """Return the message that a text is none of the options; None when it is one."""
    options = tuple(options)
    return None if text in options else f"{shortened(text)} is none of: {SEPARATOR.join(options)}"


#: Every question that is none of the others.
OPEN_QUESTION = QuestionType(OPEN, lambda text: True, precedence=0, official=True)
