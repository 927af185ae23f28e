"""Schema of a data set's definition in YAML."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mevqa.datasets.label_layout import LabelLayout
from mevqa.events import Rule
from mevqa.facs import canonical_coarse, canonical_fine, unit_number
from mevqa.files.strict_yaml import StrictModel


def _fine(name: str) -> str:
    if canonical_fine(name) != name:
        raise ValueError(f"write {canonical_fine(name)!r} for {name!r}")
    return name


def _unit(name: str) -> str:
    unit_number(name)
    return name


def _pattern(text: str) -> str:
    re.compile(text)
    return text


_Fine = Annotated[str, AfterValidator(_fine)]
_Coarse = Annotated[str, AfterValidator(canonical_coarse)]
_Units = tuple[Annotated[str, AfterValidator(_unit)], ...]
_Pattern = Annotated[str, AfterValidator(_pattern)]


class Megc2020Log(StrictModel):
    """How the data set appears in the log file of MEGC 2020.

    Attributes:
        pattern: Regular expression for the names of its videos.
        micro_frames: Longest micro-expression in frames.
        source: Where this is published.
    """

    pattern: _Pattern
    micro_frames: int
    source: str


class AnswerCounts(StrictModel):
    """How often answers are given in one data set; lists as (most frequent list, all lists)."""

    coarse: dict[_Coarse, int] = {}
    fine: dict[_Fine, int] = {}
    presence: dict[str, int] = {}
    side: dict[str, int] = {}
    unit: tuple[int, int] | None = None
    units: tuple[int, int] | None = None


class PriorAnswers(StrictModel):
    """The answers to give when nothing is known but the data set; None where those of ``unknown`` hold.

    The answers of one data set agree with one another: the units are those of its most frequent fine class, presence is
    yes for the units in the plural, micro and macro add up. Counts are means per video, rounded. Where an event lies,
    which is the longest, how many there are between two times, and what happens in one event depends on the one video:
    such questions have no prior answer.

    Attributes:
        coarse: Most frequent coarse class.
        fine: Most frequent fine class.
        unit: Answer of a question in the singular.
        units: Answer of a question in the plural.
        side: More frequent side.
        inventory: Distinct units of a long video.
        micro: Number of micro-expressions of a long video; they are present where it is not 0.
        macro: Number of macro-expressions likewise.
        kind: Kind of the n-th event, and of the one that comes first: the more frequent one comes first more often.
        counts: How often each answer is given, for answers without evidence in the video.
        source: Where it was counted.
    """

    coarse: _Coarse | None = None
    fine: _Fine | None = None
    unit: _Units | None = None
    units: _Units | None = None
    side: str | None = None
    inventory: _Units | None = None
    micro: int | None = None
    macro: int | None = None
    kind: str | None = None
    counts: AnswerCounts = AnswerCounts()
    source: str


class DatasetDefinition(StrictModel):
    """Everything that is known about a data set.

    Attributes:
        name: Short name, in small letters.
        title: Name that people use.
        aliases: Other names; case, spaces and most signs do not matter.
        fps: Frames per second of the recordings, for folders of frames, which hold no rate.
        classes: Fine-grained classes that the questions ask for, most frequent first; empty where only coarse ones are
            coded.
        kind_rule: How its coders separated micro- from macro-expressions, which decides the kind of a spotted event:
            ``half-second``: at most 500 ms from onset to offset; ``quarter-second-apex``: at most 250 ms from onset to
            apex, however long the way back.
        prior: The most frequent answers.
        clip_id: Regular expression with named groups that the id of a clip fits.
        clip_paths: Where the media of a clip stand below the folder that the user names. A path ends in the name of a
            folder of frames, or of a video without its suffix; ``*`` is any one folder, and a last name that ends in
            ``*`` is the beginning of one. ``{clip}`` and ``{dataset}`` come from the question, the other names from
            ``clip_id``.
        video_names: Regular expression for the whole name of a long video: which part of it is the subject, and which
            the video in the official table of ME-STR; without a group ``video`` the whole name is the video.
        megc2020_log: How it appears in the log file of MEGC 2020.
        sources: Where the values are published, by key.
        labels: Its label files.
    """

    name: str = Field(pattern=r"[a-z0-9()^][a-z0-9()^_]*")
    title: str
    aliases: tuple[str, ...] = ()
    fps: float | None = Field(default=None, gt=0)
    classes: tuple[_Fine, ...] = ()
    kind_rule: Rule | None = None
    prior: PriorAnswers | None = None
    clip_id: _Pattern | None = None
    clip_paths: tuple[str, ...] = ()
    video_names: _Pattern | None = None
    megc2020_log: Megc2020Log | None = None
    sources: dict[Literal["classes", "kind_rule", "clip_paths", "video_names"], str] = {}
    labels: tuple[LabelLayout, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_labels(cls, content: Any) -> Any:
        """Give the label files the name, title and frame rate of their data set."""
        labels = content.get("labels") if isinstance(content, dict) else None
        if not isinstance(labels, (list, tuple)):
            return content
        defaults = {"dataset": content.get("name"), "title": content.get("title"), "fps": content.get("fps")}
        return {
            **content,
            "labels": [{**defaults, **layout} if isinstance(layout, dict) else layout for layout in labels],
        }
