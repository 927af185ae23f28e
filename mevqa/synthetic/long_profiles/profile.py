"""The quantities that decide the long videos of a profile (``mevqa/tables/synthetic/NAME.yaml``)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_FOLDER = TABLES / "synthetic"

#: The profile that is no file: ``mevqa.synthetic.clip_plan``.
STANDARD = "standard"


def _ascending(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"the limits {limits[0]:g} and {limits[1]:g} are in the wrong order")
    return limits


#: Limits of a uniform distribution.
Limits = Annotated[tuple[float, float], AfterValidator(_ascending)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0)]


class RecordingQuantities(StrictModel):
    """Camera, clock and file."""

    size: tuple[PositiveInt, PositiveInt]
    seconds: PositiveFloat
    fps: PositiveFloat
    clock: PositiveInt
    jitter_ms: Rate
    dropped: Share
    burst: tuple[PositiveInt, PositiveInt]
    eye_distance: Limits
    noise: Limits
    blur: Limits
    crf: tuple[int, int]
    grey: Share


class ContentQuantities(StrictModel):
    """Of every ``of`` videos, how many are still, and how many hold talk alone."""

    still: int
    talking: int
    of: PositiveInt


class Durations(StrictModel):
    """A log-normal distribution with limits, ms."""

    median: PositiveFloat
    spread: Rate
    limits: Limits


class NormalShare(StrictModel):
    """A normal distribution with limits."""

    mean: float
    deviation: Rate
    limits: Limits


class KindQuantities(StrictModel):
    """Size and length of the expressions of one kind."""

    amplitude: Limits
    duration_ms: Durations


class ChainQuantities(StrictModel):
    """Expressions that follow one another at once."""

    share: Share
    most: Annotated[int, Field(ge=2)]
    gap_ms: Limits


class OverlapQuantities(StrictModel):
    """Expressions that begin while another goes on."""

    share: Share
    begins_at: Limits


class CourseQuantities(StrictModel):
    """Limits of the fields of ``mevqa.synthetic.profiles.Shape``; the ebb in ms."""

    rise: Limits
    fall: Limits
    shoulder: Limits
    shoulder_at: Limits
    creep: Limits
    hold: Limits
    sag: Limits
    rest: Limits
    ebb_ms: Limits
    tremor: Limits


class ExpressionQuantities(StrictModel):
    """How many expressions there are, of which size, and how they stand to one another."""

    per_minute: Rate
    micro_share: Share
    margin_ms: PositiveFloat
    micro: KindQuantities
    macro: KindQuantities
    apex_at: NormalShare
    chained: ChainQuantities
    overlapping: OverlapQuantities
    while_talking: Share
    course: CourseQuantities


class SpeechChannel(StrictModel):
    """One way in which the mouth moves in talk."""

    amplitude: PositiveFloat
    units: Mapping[int, float]


class Viseme(StrictModel):
    """How strongly each channel takes part in one shape of the mouth."""

    weight: PositiveFloat
    jaw: Share = 0.0
    spread: Share = 0.0
    round: Share = 0.0
    press: Share = 0.0
    lift: Share = 0.0


class SpeechChannels(StrictModel):
    """The ways in which the mouth moves in talk."""

    jaw: SpeechChannel
    spread: SpeechChannel
    round: SpeechChannel
    press: SpeechChannel
    lift: SpeechChannel


#: Fields of ``SpeechChannels`` and ``Viseme``, in the order in which they are drawn.
CHANNELS = ("jaw", "spread", "round", "press", "lift")


class TalkQuantities(StrictModel):
    """When somebody talks, how fast and how large."""

    share: Share
    stretch_s: Limits
    pause_s: Limits
    phrase_s: Limits
    breath_s: Limits
    visemes_hz: Limits
    pace_hz: Limits
    pace_spread: Rate
    smoothing_ms: PositiveFloat
    loudness: Limits
    opening: PositiveFloat
    nodding: Rate
    channels: SpeechChannels
    visemes: Mapping[str, Viseme]


class HeadQuantities(StrictModel):
    """How the head sways and turns."""

    sway: Limits
    sway_s: Limits
    turns_per_minute: Rate
    yaw_degrees: Limits
    pitch_degrees: Limits
    turn_s: Limits
    held_s: Limits


class GazeQuantities(StrictModel):
    """How the eyes look about."""

    shifts_per_minute: Rate
    across: Limits
    down: Limits
    shift_ms: Limits
    held_s: Limits


class BlinkQuantities(StrictModel):
    """How often and how fast the lids close."""

    per_minute: Rate
    closing_ms: Limits
    opening_ms: Limits


class SwallowQuantities(StrictModel):
    """How often somebody swallows, and how that moves chin, lips and throat."""

    per_minute: Rate
    duration_s: Limits
    amplitude: Limits
    units: Mapping[int, float]


class LightQuantities(StrictModel):
    """How the light changes."""

    drift: Rate
    drift_s: PositiveFloat
    side: Rate
    steps_per_minute: Rate
    step: Limits
    step_s: Limits
    flicker: Limits


class LongProfile(StrictModel):
    """Everything that a profile says of long videos; the meaning of each quantity stands in its YAML file."""

    recording: RecordingQuantities
    contents: ContentQuantities
    expressions: ExpressionQuantities
    talking: TalkQuantities
    head: HeadQuantities
    gaze: GazeQuantities
    blinks: BlinkQuantities
    swallowing: SwallowQuantities
    light: LightQuantities


def profile_names() -> tuple[str, ...]:
    """Return the names that ``mevqa synth --profile`` knows, the default first."""
    return (STANDARD, *sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@functools.cache
def long_profile(name: str) -> LongProfile:
    """Return a profile other than ``standard``.

    Args:
        name: One of ``profile_names()``.
    """
    return read_yaml(_FOLDER / f"{name}.yaml", LongProfile)


def between(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a number between two limits, all equally often."""
    return float(rng.uniform(*limits))
