"""Random draw of the expressions of a long video: single ones, chains without a pause, overlapping pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mevqa.events import Event, Kind
from mevqa.facs import ActionUnit, coarse_of
from mevqa.synthetic.clip_plan import PlannedExpression, narrowest_motion
from mevqa.synthetic.expressions import draw_expression
from mevqa.synthetic.long_profiles.profile import CourseQuantities, ExpressionQuantities, between
from mevqa.synthetic.movements import Movement
from mevqa.synthetic.profiles import Shape

#: Units of the upper face (brows, lids, cheeks' upper edge), which talk leaves alone.
UPPER_UNITS = frozenset({1, 2, 4, 5, 6, 7, 43, 45})

#: Shortest time from onset to apex and from apex to offset, ms: two frames of a webcam.
_SHORTEST_WAY_MS = 75.0

#: Largest amplitude in widths of the narrowest bump of motion, as in ``mevqa.synthetic.clip_plan``.
_FOLD = 0.8

#: Share of the expressions of several units in which some start late, and the share of the rise that they wait.
_LATE = 0.4
_LATE_BY = (0.2, 0.5)

#: Tries of finding a free place for a group before it is given up.
_TRIES = 60

Span = tuple[int, int]


def draw_expressions(
    rng: np.random.Generator,
    length: int,
    clock: int,
    talk: list[Span],
    mix: Mapping[str, float],
    quantities: ExpressionQuantities,
) -> tuple[PlannedExpression, ...]:
    """Draw the expressions of a video; their annotations are in steps of the clock.

    Groups are placed where they fit, those of the lower face outside talk: what nobody could see in a mouth that talks
    is no truth.

    Args:
        rng: Decides everything.
        length: Of the video, steps.
        clock: Steps a second.
        talk: First and last step of each stretch of talk.
        mix: How often each fine class occurs.
        quantities: Of the profile.
    """
    margin = round(quantities.margin_ms * clock / 1000)
    wanted = max(1, int(rng.poisson(quantities.per_minute * length / clock / 60)))
    taken: list[Span] = []
    placed: list[PlannedExpression] = []
    while wanted > 0:
        group = _group(rng, clock, mix, quantities)
        wanted -= len(group)
        span = max(int(expression.annotation.offset or 0) for expression in group) + 1
        upper = all(unit.number in UPPER_UNITS for expression in group for unit in expression.annotation.action_units)
        into_talk = upper and rng.random() < quantities.while_talking
        for _ in range(_TRIES):
            if length - span - 2 * margin <= 0:
                break
            start = margin + int(rng.integers(length - span - 2 * margin))
            with_margins = (start - margin, start + span + margin)
            in_talk = any(meets((start, start + span), stretch) for stretch in talk)
            if any(meets(with_margins, other) for other in taken) or in_talk != into_talk:
                continue
            taken.append((start, start + span))
            placed += [moved(expression, start) for expression in group]
            break
    return tuple(sorted(placed, key=lambda expression: int(expression.annotation.onset or 0)))


def meets(first: Span, second: Span) -> bool:
    """Return whether two spans have a step in common."""
    return first[0] <= second[1] and second[0] <= first[1]


def moved(expression: PlannedExpression, by: int) -> PlannedExpression:
    """Return an expression ``by`` steps later."""
    old = expression.annotation
    onset, apex, offset = (int(at or 0) + by for at in (old.onset, old.apex, old.offset))
    return replace(expression, annotation=replace(old, onset=onset, apex=apex, offset=offset))


def _group(
    rng: np.random.Generator, clock: int, mix: Mapping[str, float], quantities: ExpressionQuantities
) -> list[PlannedExpression]:
    """Draw a single expression, a chain or a pair that overlaps; the first one starts at step 0."""
    first = _expression(rng, clock, mix, quantities)
    which = rng.random()
    group = [first]
    if which < quantities.chained.share:
        for _ in range(int(rng.integers(1, quantities.chained.most))):
            gap = round(between(rng, quantities.chained.gap_ms) * clock / 1000)
            begin = int(group[-1].annotation.offset or 0) + 1 + gap
            group.append(moved(_expression(rng, clock, mix, quantities), begin))
    elif which < quantities.chained.share + quantities.overlapping.share:
        begin = round(between(rng, quantities.overlapping.begins_at) * int(first.annotation.offset or 0))
        for _ in range(_TRIES):
            second = moved(_expression(rng, clock, mix, quantities), begin)
            # Two contractions of the same muscles at once would be one event.
            if not _numbers(first) & _numbers(second):
                group.append(second)
                break
    return group


def _numbers(expression: PlannedExpression) -> set[int]:
    return {unit.number for unit in expression.annotation.action_units}


def _expression(
    rng: np.random.Generator, clock: int, mix: Mapping[str, float], quantities: ExpressionQuantities
) -> PlannedExpression:
    """Draw one expression that starts at step 0."""
    weights = np.array(list(mix.values())) / sum(mix.values())
    fine, units = draw_expression(rng, str(rng.choice(list(mix), p=weights)), exact=True)
    kind: Kind = "micro" if rng.random() < quantities.micro_share else "macro"
    kind_quantities = quantities.micro if kind == "micro" else quantities.macro
    lasts = kind_quantities.duration_ms
    duration = float(np.clip(lasts.median * np.exp(rng.normal(0.0, lasts.spread)), *lasts.limits)) * clock / 1000
    at = quantities.apex_at
    share = float(np.clip(rng.normal(at.mean, at.deviation), *at.limits))
    shortest = _SHORTEST_WAY_MS * clock / 1000
    rise = float(np.clip(share * duration, shortest, duration - shortest))
    low, high = kind_quantities.amplitude
    high = max(low, min(high, _FOLD * narrowest_motion(units)))
    return PlannedExpression(
        Event(0, round(rise), round(duration), units, fine, coarse_of(fine), kind),
        between(rng, (low, high)),
        _movements(rng, units, round(rise), clock, quantities.course),
    )


def _movements(
    rng: np.random.Generator, units: tuple[ActionUnit, ...], rise: int, clock: int, course: CourseQuantities
) -> tuple[Movement, ...]:
    """Draw the course of an expression: a fast rise, a slow creep to the apex, a hold; now and then some units late."""
    first = Movement(units, 0, _shape(rng, clock, course))
    if len(units) < 2 or rng.random() >= _LATE:
        return (first,)
    late = int(rng.integers(1, len(units)))
    delay = round(between(rng, _LATE_BY) * rise)
    return (replace(first, units=units[:late]), Movement(units[late:], delay, _shape(rng, clock, course)))


def _shape(rng: np.random.Generator, clock: int, course: CourseQuantities) -> Shape:
    return Shape(
        rise=between(rng, course.rise),
        fall=between(rng, course.fall),
        shoulder=between(rng, course.shoulder),
        shoulder_at=between(rng, course.shoulder_at),
        creep=between(rng, course.creep),
        hold=between(rng, course.hold),
        sag=between(rng, course.sag),
        rest=between(rng, course.rest),
        ebb=between(rng, course.ebb_ms) * clock / 1000,
        tremor=between(rng, course.tremor),
    )
