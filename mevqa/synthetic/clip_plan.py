"""Plans of synthetic clips: person, frame rate, expressions with time and amplitude, blinks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mevqa.datasets import datasets
from mevqa.events import Event, Kind
from mevqa.facs import ActionUnit, coarse_of
from mevqa.synthetic.expressions import draw_expression
from mevqa.synthetic.faces.fields import unit_fields
from mevqa.synthetic.movements import Movement, draw_movements

#: Largest displacement at the apex as fractions of the eye distance.
MICRO_AMPLITUDE = (0.005, 0.03)
MACRO_AMPLITUDE = (0.05, 0.12)

#: Micro-expressions last a median of 390 ms in SAMM and at most half a second; macro-expressions a median of 0.7 to
#: 1.2 s in CAS(ME)^2 and SAMM Long Videos. Median and standard deviation of the logarithm; limits, milliseconds.
_MICRO_MS = (360.0, 0.25, 180.0, 500.0)
_MACRO_MS = (1100.0, 0.4, 600.0, 3500.0)

#: The apex stands at a median of 0.44 of a micro-expression in SAMM, 0.43 in CAS(ME)^2 and 0.29 in CAS(ME)^3 ("early"),
#: at 0.35 to 0.44 of a macro-expression (computed from their label files). Mean and standard deviation.
_APEX_AT = {"micro": (0.44, 0.09), "early": (0.29, 0.07), "macro": (0.38, 0.09)}

#: Share of the micro-expressions that are like those of CAS(ME)^3.
_EARLY = 0.25

#: Largest amplitude in widths of the narrowest bump of motion: skin folds over itself at 1.65 (the steepest slope of a
#: Gaussian is 0.61 of its height a width), and looks torn from half of that.
_FOLD = 0.8

_FINE = ("happiness", "surprise", "disgust", "anger", "fear", "sadness", "contempt", "repression")
#: ``balanced``: the three coarse classes equally often, their fine classes equally often within; ``fine``: every fine
#: class equally often.
_MIXES: Mapping[str, Mapping[str, float]] = {
    "balanced": {name: 6 if name in ("happiness", "surprise") else 1 for name in _FINE},
    "fine": dict.fromkeys(_FINE, 1),
}

#: Shortest time between two expressions, and before the first and after the last, milliseconds.
_GAP_MS = 500.0


@dataclass(frozen=True)
class PlannedExpression:
    """One planned expression of a clip: its annotation, amplitude and movements.

    All movements have their largest extent at the apex and at no other frame, so the apex is the frame of the largest
    extent of the whole expression, however its parts are weighed.

    Attributes:
        annotation: Frames, units and classes: the ground truth.
        amplitude: Largest displacement at the apex, fraction of the eye distance.
        movements: One, or a second one that starts while the first is nearly risen.
    """

    annotation: Event
    amplitude: float
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class ClipPlan:
    """One clip before it is drawn.

    Attributes:
        id: Name of the clip.
        index: Number of the clip in its set; decides its random numbers.
        subject: Number of the person, from 0.
        fps: Frames per second.
        frames: Length.
        performances: In the order of time, never overlapping.
        blinks: (first frame, frames closing, frames opening) of each blink.
    """

    id: str
    index: int
    subject: int
    fps: float
    frames: int
    performances: tuple[PlannedExpression, ...]
    blinks: tuple[tuple[int, int, int], ...]


def class_mixes() -> Mapping[str, Mapping[str, float]]:
    """Return the relative frequencies of the fine classes by name of the mix: ours, and those of the data sets."""
    counted = {dataset.name: dataset.prior.counts.fine for dataset in datasets() if dataset.prior is not None}
    return {**_MIXES, **{name: counts for name, counts in counted.items() if counts}}


def random_source(seed: int, purpose: str, index: int) -> np.random.Generator:
    """Return the generator of one purpose, independent of how many numbers any other has used."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), index])


def plan_clips(
    clips: int, seed: int, *, subjects: int, fps: tuple[float, ...], classes: str, long_seconds: float | None = None
) -> list[ClipPlan]:
    """Plan a set of clips.

    Args:
        clips: How many.
        seed: Decides everything.
        subjects: Number of persons; clips are dealt to them in turn.
        fps: Frame rates; each person is recorded at one of them.
        classes: Name of a mix of ``class_mixes``.
        long_seconds: Length of a long video with several events; None: short clips that hold one micro-expression.
    """
    dealt = _deal_classes(clips, seed, classes)
    plans = []
    for index in range(clips):
        rng = random_source(seed, "plan", index)
        subject = index % subjects
        rate = fps[subject % len(fps)]
        name = f"synth{seed}_s{subject + 1:02d}_{index + 1:04d}"
        if long_seconds is None:
            frames, performances = _plan_short(rng, rate, dealt[index])
        else:
            frames, performances = _plan_long(rng, rate, long_seconds, classes)
        blinks = _blinks(rng, rate, frames, performances, long_seconds is not None)
        plans.append(ClipPlan(name, index, subject, rate, frames, performances, blinks))
    return plans


def _deal_classes(clips: int, seed: int, classes: str) -> list[str]:
    """Return the fine class of each clip: as near to the frequencies as whole clips allow, in random order."""
    mix = class_mixes()[classes]
    weights = np.array(list(mix.values())) / sum(mix.values())
    rng = random_source(seed, "classes", 0)
    # Systematic sampling: each class gets its share rounded down or up.
    positions = (np.arange(clips) + rng.random()) / max(clips, 1)
    order = rng.permutation(len(weights))
    chosen = order[np.searchsorted(np.cumsum(weights[order]), positions, side="right").clip(max=len(weights) - 1)]
    names = list(mix)
    return [names[index] for index in rng.permutation(chosen)]


def _plan_short(rng: np.random.Generator, fps: float, fine: str) -> tuple[int, tuple[PlannedExpression, ...]]:
    """Plan a clip that holds one micro-expression."""
    before, after = (max(1, round(rng.uniform(80, 250) * fps / 1000)) for _ in range(2))
    performance = _performance(rng, fps, before, "micro", fine)
    return int(performance.annotation.offset or 0) + 1 + after, (performance,)


def _plan_long(
    rng: np.random.Generator, fps: float, seconds: float, classes: str
) -> tuple[int, tuple[PlannedExpression, ...]]:
    """Plan a long video: micro- and macro-expressions one after the other, as many as were drawn and fit."""
    frames = round(seconds * fps)
    mix = class_mixes()[classes]
    weights = np.array(list(mix.values())) / sum(mix.values())
    wanted = max(2, int(rng.poisson(seconds / 4.0)))
    gap = round(_GAP_MS * fps / 1000)
    drawn: list[PlannedExpression] = []
    used = gap
    for number in range(wanted):
        # A micro-expression fits into any video, so that none is without an expression.
        kind: Kind = "micro" if number == 0 or rng.random() < 0.5 else "macro"
        performance = _performance(rng, fps, 0, kind, str(rng.choice(list(mix), p=weights)))
        length = int(performance.annotation.offset or 0) + 1 + gap
        if used + length <= frames:
            drawn.append(performance)
            used += length
    drawn = [drawn[index] for index in rng.permutation(len(drawn))]
    # What is left of the time is shared out at random between the gaps.
    spare = np.sort(rng.integers(0, frames - used + 1, len(drawn)))
    placed, start = [], gap
    for performance, shift in zip(drawn, spare, strict=True):
        placed.append(_moved(performance, start + int(shift)))
        start += int(performance.annotation.offset or 0) + 1 + gap
    return frames, tuple(placed)


def _performance(rng: np.random.Generator, fps: float, onset: int, kind: Kind, fine: str) -> PlannedExpression:
    """Draw one expression that starts at ``onset``."""
    fine, units = draw_expression(rng, fine, exact=True)
    median, spread, shortest, longest = _MICRO_MS if kind == "micro" else _MACRO_MS
    milliseconds = float(np.clip(median * np.exp(rng.normal(0.0, spread)), shortest, longest))
    # A micro-expression is at most half a second also when counted in whole frames, both ends included.
    length = max(3, int(milliseconds * fps / 1000))
    share, deviation = _APEX_AT[kind]
    if kind == "micro" and rng.random() < _EARLY:
        share, deviation = _APEX_AT["early"]
    rise = int(np.clip(round(rng.normal(share, deviation) * (length - 1)), 1, length - 2))
    low, high = MICRO_AMPLITUDE if kind == "micro" else MACRO_AMPLITUDE
    high = max(low, min(high, _FOLD * narrowest_motion(units)))
    amplitude = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return PlannedExpression(
        _annotate(onset, onset + rise, onset + length - 1, units, fine, kind),
        amplitude,
        draw_movements(rng, units, rise, fps, kind),
    )


def narrowest_motion(units: tuple[ActionUnit, ...]) -> float:
    """Return the width of the narrowest strong bump of motion of some units, eye distances."""
    bumps = [bump for unit in units for bump in unit_fields()[unit.number].motion]
    return min(min(bump.width) for bump in bumps if np.hypot(*bump.direction) >= 0.5)


def _annotate(onset: int, apex: int, offset: int, units: tuple[ActionUnit, ...], fine: str, kind: Kind | None) -> Event:
    return Event(onset, apex, offset, units, fine, coarse_of(fine), kind)


def _moved(performance: PlannedExpression, by: int) -> PlannedExpression:
    """Return the performance ``by`` frames later."""
    old = performance.annotation
    onset, apex, offset = (int(frame or 0) + by for frame in (old.onset, old.apex, old.offset))
    annotation = _annotate(onset, apex, offset, old.action_units, str(old.fine), old.kind)
    return replace(performance, annotation=annotation)


def _blinks(
    rng: np.random.Generator, fps: float, frames: int, performances: tuple[PlannedExpression, ...], long: bool
) -> tuple[tuple[int, int, int], ...]:
    """Draw blinks, about 15 a minute in long videos and in one short clip of five.

    A blink during a micro-expression would end the coding of most data sets, so the two do not overlap.
    """
    count = int(rng.poisson(frames / fps / 4.0)) if long else int(rng.random() < 0.2)
    blinks: list[tuple[int, int, int]] = []
    for _ in range(count):
        closing, opening = (max(1, round(rng.uniform(*span) * fps / 1000)) for span in ((70, 110), (120, 220)))
        if frames <= closing + opening:
            continue
        start = int(rng.integers(0, frames - closing - opening))
        taken = [(int(p.annotation.onset or 0), int(p.annotation.offset or 0)) for p in performances]
        taken += [(first, first + shut + open_again) for first, shut, open_again in blinks]
        if all(start > last or start + closing + opening < first for first, last in taken):
            blinks.append((start, closing, opening))
    return tuple(sorted(blinks))
