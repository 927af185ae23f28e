"""The nouns of the toolkit beside events: clip, question, moment, view, answer.

Frames are 0-based indices into the clip's own media everywhere in the package; adapters convert on reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from mevqa.events import Event, Kind

if TYPE_CHECKING:
    from PIL.Image import Image


_NO_PICTURES: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Clip:
    """One piece of footage that questions are asked about.

    Attributes:
        id: The name that questions use (``image_id`` or ``video`` of the official rows).
        dataset: Short lower-case data set name (casme2, casme3, samm, smic, synthetic) or ``unknown``.
        subject: The person in the clip; None when unknown.
        media: Video file or folder of frames; None when only ready-made pictures exist.
        fps: Frames per second given by the user or the data set; None means: ask the media.
        annotation: Onset, apex, offset, units and classes when they are known.
        pictures: Ready-made pictures by view name (``motion`` -> a flow map made by others).
        warnings: Notes for readers of answers on how the clip's annotation was read.
        notes: Sentences about the clip that a model gets beside its pictures (measurements of physiological signals).
    """

    id: str
    dataset: str = "unknown"
    subject: str | None = None
    media: Path | None = None
    fps: float | None = None
    annotation: Event | None = None
    pictures: Mapping[str, Path] = field(default_factory=lambda: _NO_PICTURES)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one clip.

    Attributes:
        id: Unique in its file (``id`` or ``video_id`` of the official rows).
        clip_id: The clip that it is about.
        text: The question as it stands in the file.
        type: Name of its question type, recognised from the text (``mevqa.questions.question_types``).
        action_unit: Canonical FACS name of the unit asked about (presence and side questions).
        ordinal: n of "the n-th expression event", 1-based.
        plural: Whether the text asks for several units ("What are the action units?").
        dataset: Data set of the clip, decides the option lists.
        subject: Subject of the clip when the row names it.
        reference: The answer of the file, None when there is none to compare with.
        line: 1-based line in the question file, None for questions typed by the user.
        kind: ``micro`` or ``macro`` when only events of that kind are asked about; None for both.
        between_s: From which second on, and up to which, events are asked about.
    """

    id: str
    clip_id: str
    text: str
    type: str
    action_unit: str | None = None
    ordinal: int | None = None
    plural: bool = False
    dataset: str = "unknown"
    subject: str | None = None
    reference: str | None = None
    line: int | None = None
    kind: Kind | None = None
    between_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame to look at, and why.

    Attributes:
        frame: 0-based frame index.
        role: ``onset``, ``apex``, ``offset``, ``onset-2``, ``uniform-3``, ...
    """

    frame: int
    role: str


@dataclass(frozen=True, slots=True)
class View:
    """A picture that the model sees.

    Attributes:
        name: Name of the view (``apex``, ``motion``, ...).
        image: RGB picture.
        caption: Description of the picture, part of the prompt.
        frames: The frames it was made from.
    """

    name: str
    image: Image
    caption: str
    frames: tuple[int, ...] = ()


#: A unit by its number, or by what was written where that is no unit.
Unit: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Parts:
    """Units and classes that a sentence about an expression names.

    Attributes:
        units: Official names of the action units, in the order of the text.
        fine: Fine-grained class.
        coarse: Coarse class.
    """

    units: tuple[str, ...] = ()
    fine: str | None = None
    coarse: str | None = None


#: Parsed value of an answer: a label, units in the order of the text, a number, intervals of frames, the description
#: of an event, the parts of a sentence, or a text.
Value: TypeAlias = str | tuple[Unit, ...] | int | tuple[Event, ...] | Event | Parts


@dataclass(frozen=True, slots=True)
class Shot:
    """An answered clip that a model is shown before the clip that it is asked about.

    Attributes:
        clip_id: The clip.
        views: Its pictures.
        turns: Questions as the model is asked them, each with its right answer.
    """

    clip_id: str
    views: tuple[View, ...]
    turns: tuple[tuple[str, str], ...]


#: How the warning begins of an answer whose motion picture shows no motion.
NO_MOTION = "no motion to see"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question, or the error in its place; an error is never an answer.

    Attributes:
        question_id: The question.
        text: The answer in the official surface form; empty exactly when ``error`` is set.
        raw: The model's own words, when they differ from ``text``; kept also where they hold no usable answer.
        options: Probability of each option of a closed question, summing to one.
        confidence: Probability of the answer under the model, 0 to 1.
        error: Why there is no answer.
        seconds: Wall time spent on this question, seconds (a clip's shared work is split evenly).
        warnings: Notes for the reader (no face found, several faces, localised moments, ...).
        evidence: Grounds of the answer, one line each: events of a long video with their times.
        truncated: Whether the bound on new tokens stopped the model before it ended its answer.
        unusable: Why the model's words are no answer (``mevqa.questions.reading.types.Unusable``); None when nothing
            was written, or when there is an answer.
        value: The parsed value of ``text``; None where it was not read (``mevqa.questions.values.answer_value``).
        shots: Ids of the answered clips that were shown before, the nearest last.
        thought: The model's reasoning before the answer; None without reasoning.
        samples: Text of each of several drawn answers, of which ``text`` is the vote; an unusable one as it was
            written. Empty where none were drawn.
    """

    question_id: str
    text: str
    raw: str | None = None
    options: Mapping[str, float] | None = None
    confidence: float | None = None
    error: str | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    truncated: bool = False
    unusable: str | None = None
    value: Value | None = None
    shots: tuple[str, ...] = ()
    thought: str | None = None
    samples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the invariant between ``text`` and ``error``.

        Raises:
            ValueError: Both or neither of text and error are given.
        """
        if bool(self.text) == (self.error is not None):
            raise ValueError(
                f"question {self.question_id}: an answer has either a text or an error, not both or neither"
            )


#: How closed questions are scored; what each is good for is argued in ``mevqa.models.transformers.generation.options``.
OptionScore = Literal["mean", "sum", "calibrated"]


class Grammar(Protocol):
    """The admissible answers to one request, as segments that may follow what has been written."""

    def next(self, text: str) -> tuple[str, ...]:
        """Return the segments that may follow ``text``.

        Args:
            text: The answer written so far: the empty string, or segments of this grammar joined.

        Returns:
            Non-empty admissible continuations; the empty string among them means that the answer may end here;
            an empty tuple means that it ends here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Draw:
    """How an answer is drawn at random.

    Attributes:
        temperature: Above 0; 1 draws as the model has it.
        seed: Numbers that decide the draw.
    """

    temperature: float
    seed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Exactly one way of answering is taken: ``options`` are scored, else ``grammar`` constrains generation, else
    the model writes freely.

    Attributes:
        text: The text behind the clip's prefix: the question and the instruction of its type.
        options: The closed question's options.
        grammar: The admissible answers of an open question.
        max_new_tokens: Bound on what is generated.
        draw: How the answer, and the thought before it, is drawn; None: the likeliest is taken.
    """

    text: str
    options: tuple[str, ...] = ()
    grammar: Grammar | None = None
    max_new_tokens: int = 96
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The model's reply to one request.

    Attributes:
        text: The answer; empty exactly when ``error`` is set.
        options: Probability of each option, summing to one, when the request had options.
        confidence: Probability of the answer (of its constrained choices), 0 to 1; None when it is not known.
        error: Why there is no answer.
        truncated: Whether the bound on new tokens stopped the model before it ended its answer.
        thought: The model's reasoning before the answer; None without reasoning.
        samples: Text of each of several drawn answers; empty where none were drawn.
    """

    text: str
    options: Mapping[str, float] | None = None
    confidence: float | None = None
    error: str | None = None
    truncated: bool = False
    thought: str | None = None
    samples: tuple[str, ...] = ()
