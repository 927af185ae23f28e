"""Descriptions of an expression in varied words, written from what is known and measured, without a model.

The wordings are a table (``mevqa/tables/questions/description_wordings.yaml``).
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from mevqa.facs import ActionUnit, Side
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

Part = Literal["motion", "units", "side", "timing", "classes"]
_Text = Annotated[str, Field(min_length=1)]
_Texts = Annotated[tuple[_Text, ...], Field(min_length=2)]

#: What the wordings of a part hold in braces.
_SLOTS: dict[str, set[str]] = {
    "side": {"side"},
    "motion": {"regions"},
    "timing": {"rise", "fall"},
    "classes": {"fine", "coarse"},
    "fine": {"fine"},
    "coarse": {"coarse"},
    "single": {"units"},
    "several": {"units"},
}


def _with_slots(name: str, texts: Sequence[str]) -> None:
    """Refuse wordings that lack a slot, or have one that nothing fills."""
    wanted = _SLOTS[name]
    for text in texts:
        if {slot for _, slot, _, _ in string.Formatter().parse(text) if slot is not None} != wanted:
            raise ValueError(
                f"{text!r} must hold {', '.join(f'{{{slot}}}' for slot in sorted(wanted))} and no other slot"
            )


class _Join(StrictModel):
    comma: _Text
    last: _Text


class _UnitWordings(StrictModel):
    single: _Texts = Field(alias="one")
    several: _Texts

    @field_validator("*")
    @classmethod
    def _has_slots(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _with_slots(str(info.field_name), value)
        return value


class DescriptionWordings(StrictModel):
    """Content of the table; its head explains the keys."""

    orders: Annotated[tuple[tuple[Part, ...], ...], Field(min_length=2)]
    joins: Annotated[tuple[_Join, ...], Field(min_length=1)]
    units: _UnitWordings
    side: _Texts
    motion: _Texts
    timing: _Texts
    classes: _Texts
    fine: _Texts
    coarse: _Texts
    most_regions: Annotated[int, Field(ge=1)]
    region: _Text
    sideways: _Text

    @field_validator("side", "motion", "timing", "classes", "fine", "coarse")
    @classmethod
    def _has_slots(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _with_slots(str(info.field_name), value)
        return value

    @field_validator("orders")
    @classmethod
    def _orders_all(cls, value: tuple[tuple[Part, ...], ...]) -> tuple[tuple[Part, ...], ...]:
        """Refuse an order that lacks a part or has one twice."""
        for order in value:
            if sorted(order) != ["classes", "motion", "side", "timing", "units"]:
                raise ValueError(f"{', '.join(order)} must name motion, units, side, timing and classes once each")
        return value


@functools.cache
def description_wordings() -> DescriptionWordings:
    """Return the shipped wordings."""
    return read_yaml(TABLES / "questions" / "description_wordings.yaml", DescriptionWordings)


@dataclass(frozen=True, slots=True)
class DescriptionFacts:
    """Facts about a clip that a description may state.

    Attributes:
        units: Action units, with their sides.
        fine: Fine-grained class.
        coarse: Coarse class.
        regions: Regions that moved and their directions, the strongest first.
        rise_ms: From onset to apex; None where it is not known.
        fall_ms: From apex to offset, likewise.
    """

    units: tuple[ActionUnit, ...] = ()
    fine: str | None = None
    coarse: str | None = None
    regions: tuple[tuple[str, str], ...] = ()
    rise_ms: int | None = None
    fall_ms: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Official names of the units, each once."""
        return tuple(dict.fromkeys(unit.name for unit in sorted(self.units)))

    @property
    def side(self) -> Side | None:
        """The side that all units are on; None for both or different ones."""
        sides = {unit.side for unit in self.units}
        return next(iter(sides)) if len(sides) == 1 else None


def describe_expression(
    facts: DescriptionFacts, rng: np.random.Generator, wordings: DescriptionWordings | None = None
) -> str:
    """Write what is known of a clip in words that are drawn; empty where nothing is known.

    Args:
        facts: What is known.
        rng: Decides the order of the parts and the wording of each.
        wordings: The table; None: as shipped.
    """
    words = wordings or description_wordings()
    order = words.orders[int(rng.integers(len(words.orders)))]
    return " ".join(text for part in order for text in _part(part, facts, rng, words))


def _part(part: Part, facts: DescriptionFacts, rng: np.random.Generator, words: DescriptionWordings) -> Iterator[str]:
    """Yield the wording of a part; a number is drawn for it whether it applies or not."""
    draw = rng.random(2)

    def chosen(texts: Sequence[str]) -> str:
        return texts[int(draw[0] * len(texts))]

    if part == "units" and facts.names:
        join = words.joins[int(draw[1] * len(words.joins))]
        kind = words.units.several if len(facts.names) > 1 else words.units.single
        yield chosen(kind).format(units=_joined(facts.names, join))
    elif part == "side" and facts.side is not None:
        yield chosen(words.side).format(side=facts.side)
    elif part == "motion" and facts.regions:
        region_texts = [
            words.region.format(name=name, direction=where) for name, where in facts.regions[: words.most_regions]
        ]
        yield chosen(words.motion).format(regions=", ".join(region_texts))
    elif part == "timing" and facts.rise_ms is not None and facts.fall_ms is not None:
        yield chosen(words.timing).format(rise=facts.rise_ms, fall=facts.fall_ms)
    elif part == "classes" and (facts.fine or facts.coarse):
        texts = words.classes if facts.fine and facts.coarse else words.fine if facts.fine else words.coarse
        yield chosen(texts).format(fine=facts.fine, coarse=facts.coarse)


def _joined(names: Sequence[str], join: _Join) -> str:
    """Return names with commas, and another word before the last."""
    return join.last.join([join.comma.join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
