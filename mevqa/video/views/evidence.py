"""Measured motion of a clip as a text for a model: regions, directions, sizes, side and timing.

The wording is a table (``mevqa/tables/motion_evidence.yaml``); which regions have moved is decided by
``mevqa.video.motion.evidence``.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.video.motion.evidence import MotionEvidence, RegionMotion

#: The table of wordings.
WORDING_TABLE = TABLES / "motion_evidence.yaml"

#: Slots in braces that the texts of the table must hold.
_SLOTS = {
    "moved": {"regions"},
    "region": {"name", "size", "direction"},
    "over": {"bound"},
    "more": {"count"},
    "one_side": {"side"},
    "timing": {"rise", "fall", "whole"},
    "unmeasured": {"names"},
    "nothing": {"why"},
    "joined": {"vertical", "horizontal"},
}

_Text = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=1)]


class EvidenceWording(StrictModel):
    """Content of the table; its head explains the keys."""

    most_regions: _Count
    most_percent: _Count
    most_ms: _Count
    rounded_ms: _Count
    most_characters: Annotated[int, Field(ge=400)]
    moved: _Text
    region: _Text
    over: _Text
    more: _Text
    still: _Text
    both_sides: _Text
    one_side: _Text
    timing: _Text
    unmeasured: _Text
    nothing: _Text
    least_part: Annotated[float, Field(gt=0, lt=0.7)]
    up: _Text
    down: _Text
    outwards: _Text
    inwards: _Text
    to_left: _Text
    to_right: _Text
    joined: _Text

    @field_validator("*")
    @classmethod
    def _has_its_slots(cls, value: object, info: ValidationInfo) -> object:
        """Refuse a text that lacks a slot, or has one that nothing fills."""
        if isinstance(value, str):
            slots = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
            wanted = _SLOTS.get(str(info.field_name), set())
            if slots != wanted:
                listed = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "none"
                raise ValueError(f"holds other slots than it must: {listed}")
        return value


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of an expression, ms.

    Attributes:
        onset_ms: First frame.
        apex_ms: Largest extent.
        offset_ms: Last frame; None when it is not known.
    """

    onset_ms: float
    apex_ms: float
    offset_ms: float | None


@functools.cache
def evidence_wording() -> EvidenceWording:
    """Return the shipped wording."""
    return read_yaml(WORDING_TABLE, EvidenceWording)


def evidence_text(evidence: MotionEvidence, timing: Timing, wording: EvidenceWording | None = None) -> str:
    """Return what was measured in words, of no more characters than the wording allows.

    Args:
        evidence: What was measured.
        timing: When the expression is.
        wording: How it is put; None: as shipped.
    """
    words = wording or evidence_wording()
    if evidence.failure is not None:
        return words.nothing.format(why=evidence.failure)[: words.most_characters]
    for count in range(min(words.most_regions, len(evidence.moved)), 0, -1):
        text = " ".join(_parts(evidence, timing, words, count))
        if len(text) <= words.most_characters:
            return text
    return " ".join(_parts(evidence, timing, words, 1))[: words.most_characters]


def _parts(evidence: MotionEvidence, timing: Timing, words: EvidenceWording, count: int) -> Iterable[str]:
    """Yield the sentences, with so many regions named."""
    if evidence.moved:
        phrases = [_region(motion, words) for motion in evidence.moved[:count]]
        if len(evidence.moved) > count:
            phrases.append(words.more.format(count=len(evidence.moved) - count))
        yield words.moved.format(regions=", ".join(phrases))
        if evidence.side is not None:
            yield words.one_side.format(side=evidence.side)
        elif any(motion.name.startswith(("left ", "right ")) for motion in evidence.moved):
            yield words.both_sides
        if timing.offset_ms is not None:
            rise, fall = timing.apex_ms - timing.onset_ms, timing.offset_ms - timing.apex_ms
            yield words.timing.format(
                **{name: _time(ms, words) for name, ms in (("rise", rise), ("fall", fall), ("whole", rise + fall))}
            )
    else:
        yield words.still
    if evidence.unmeasured:
        names = evidence.unmeasured[: words.most_regions]
        others = len(evidence.unmeasured) - len(names)
        yield words.unmeasured.format(names=", ".join(names) + (f" (+{others})" if others else ""))


def _region(moved: RegionMotion, words: EvidenceWording) -> str:
    percent = 100 * moved.size
    size = f"{percent:.1f}" if percent <= words.most_percent else words.over.format(bound=words.most_percent)
    return words.region.format(name=moved.name, size=size, direction=direction_of(moved, words))


def direction_of(moved: RegionMotion, words: EvidenceWording) -> str:
    """Return where a region moved: up or down, and outwards or inwards on its side of the face.

    Args:
        moved: The region.
        words: The names of the directions.
    """
    vertical = words.down if moved.down > 0 else words.up
    if moved.name.startswith(("left ", "right ")):
        # The subject's left is on the right of the picture.
        outwards = (moved.right > 0) == moved.name.startswith("left ")
        horizontal = words.outwards if outwards else words.inwards
    else:
        horizontal = words.to_left if moved.right > 0 else words.to_right
    least = words.least_part * moved.size
    if abs(moved.right) < least:
        return vertical
    if abs(moved.down) < least:
        return horizontal
    return words.joined.format(vertical=vertical, horizontal=horizontal)


def _time(ms: float, words: EvidenceWording) -> str:
    if ms > words.most_ms:
        return words.over.format(bound=words.most_ms)
    return str(words.rounded_ms * round(ms / words.rounded_ms))
