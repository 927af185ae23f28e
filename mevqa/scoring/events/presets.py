"""The presets of spotting and recognition: every switch that decides a score, by name."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, parse_yaml_value, read_yaml
from mevqa.resources import TABLES
from mevqa.suggestions import did_you_mean

TABLE = TABLES / "scoring" / "event_presets.yaml"
DEFAULT = "strict"


class EventSwitches(StrictModel):
    """Every choice that decides a score of events; ``tables/scoring/event_presets.yaml`` explains the values."""

    about: str
    videos: Literal["all", "with-events"]
    evaluate: Literal["all", "micro", "macro"]
    filter: Literal["none", "half-second", "quarter-second-apex", "lgsnet-reduced"]
    iou: Literal["inclusive", "exclusive"]
    threshold: float = Field(gt=0, le=1)
    matching: Literal["score", "temporal", "many", "hungarian"]
    kinds: Literal["head", "label", "length"]
    micro_frames: int | None = Field(ge=0)
    dummy: bool
    classes: Literal["labels", "labels-no-others", "3", "4", "7", "7-no-others"]
    class_set: Literal["matched", "either", "reference"]
    prediction_frame_base: Literal[0, 1]
    reference_frame_base: Literal[0, 1]
    fractions: Literal["round", "truncate", "refuse"]
    negative_frames: Literal["refuse", "clip", "keep"]
    score_above: float | None = Field(allow_inf_nan=False)
    most_per_video: int | None = Field(gt=0)
    selection: Literal["fixed", "nested", "test"]
    split_subjects: Literal["refuse", "flag"]

    def as_protocol(self) -> dict[str, Any]:
        """Return the switches as plain values, without the description."""
        return self.model_dump(exclude={"about"})


class _Table(StrictModel):
    presets: dict[str, EventSwitches]


@functools.cache
def event_presets() -> dict[str, EventSwitches]:
    """Return every preset of spotting and recognition by name."""
    return read_yaml(TABLE, _Table).presets


def event_preset(name: str, changes: Sequence[str] = ()) -> EventSwitches:
    """Return the switches of a preset, some of them changed.

    Args:
        name: Name of the preset.
        changes: ``NAME=VALUE`` items; ``null`` is no value.

    Raises:
        InputError: The preset, a switch or a value is unknown; every mistake is named.
    """
    presets = event_presets()
    if name not in presets:
        raise InputError([Problem("--preset", f"unknown preset {name!r}; {did_you_mean(name, presets)}")])
    switches = [switch for switch in EventSwitches.model_fields if switch != "about"]
    chosen = presets[name]
    problems = []
    for change in changes:
        switch, equals, value = change.partition("=")
        if not equals:
            problems.append(Problem("--set", f"{change!r} is not NAME=VALUE, e.g. matching=hungarian"))
        elif switch not in switches:
            problems.append(Problem("--set", f"unknown switch {switch!r}; {did_you_mean(switch, switches)}"))
        else:
            try:
                chosen = _change(chosen, switch, value)
            except ValidationError as error:
                problems.append(Problem("--set", f"{switch} cannot be {value!r}: {error.errors()[0]['msg']}"))
    if problems:
        raise InputError(problems)
    return chosen


def _change(switches: EventSwitches, name: str, text: str) -> EventSwitches:
    """Return the switches with one changed: the value as it is written, or else as YAML reads it."""
    content = switches.model_dump()
    try:
        return EventSwitches.model_validate(content | {name: text})
    except ValidationError:
        try:
            value = parse_yaml_value(text)
        except ValueError:
            value = text
        return EventSwitches.model_validate(content | {name: value})
