"""Movements beside expressions and talk, and the light: turns of the head, gaze shifts, blinks, swallows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mevqa.synthetic.long_profiles.expressions import Span, meets
from mevqa.synthetic.long_profiles.profile import (
    BlinkQuantities,
    GazeQuantities,
    HeadQuantities,
    LightQuantities,
    SwallowQuantities,
    between,
)
from mevqa.synthetic.profiles import drift

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Turn:
    """The head turns away and back.

    Attributes:
        start: Step of the clock at which it begins.
        out: Steps until it is turned.
        held: Steps in which it stays so.
        back: Steps until it is back.
        yaw: Radians, to the right of the picture.
        pitch: Radians, downwards.
    """

    start: int
    out: int
    held: int
    back: int
    yaw: float
    pitch: float

    @property
    def moving(self) -> tuple[Span, Span]:
        """The steps in which the head turns away, and those in which it turns back."""
        back = self.start + self.out + self.held
        return (self.start, self.start + self.out), (back, back + self.back)

    @property
    def span(self) -> Span:
        """First and last step."""
        return self.start, self.start + self.out + self.held + self.back


def draw_turns(
    rng: np.random.Generator, length: int, clock: int, head: HeadQuantities, taken: list[Span]
) -> tuple[Turn, ...]:
    """Draw the turns of the head; while it moves none of ``taken`` goes on, while it is held any may."""
    turns: list[Turn] = []
    for _ in range(_count(rng, head.turns_per_minute, length, clock)):
        out, back = (round(between(rng, head.turn_s) * clock) for _ in range(2))
        held = round(between(rng, head.held_s) * clock)
        yaw, pitch = (np.radians(between(rng, limits)) for limits in (head.yaw_degrees, head.pitch_degrees))
        yaw, pitch = (float(angle * rng.choice([-1.0, 1.0])) for angle in (yaw, pitch))
        for start in _starts(rng, length - out - held - back):
            turn = Turn(start, out, held, back, yaw, pitch)
            busy = any(meets(moving, span) for moving in turn.moving for span in taken)
            if not busy and not any(meets(turn.span, other.span) for other in turns):
                turns.append(turn)
                break
    return tuple(sorted(turns, key=lambda turn: turn.start))


def turn_curves(length: int, turns: tuple[Turn, ...]) -> Curve:
    """Return yaw and pitch, [2, length] radians."""
    curves = np.zeros((2, length))
    for turn in turns:
        course = plateau(length, turn.start, turn.out, turn.held, turn.back)
        curves += np.array([[turn.yaw], [turn.pitch]]) * course
    return curves


def plateau(length: int, start: int, rise: int, held: int, fall: int) -> Curve:
    """Return a curve that eases from 0 to 1, stays there and eases back."""
    steps = np.arange(length, dtype=np.float64) - start
    up = np.clip(steps / max(rise, 1), 0.0, 1.0)
    down = np.clip((steps - rise - held) / max(fall, 1), 0.0, 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 + 0.5 * np.cos(np.pi * down))


def gaze_curves(rng: np.random.Generator, length: int, clock: int, gaze: GazeQuantities) -> Curve:
    """Return how far the eyes look aside, [2, length] eye distances right and down.

    They jump to a position, rest there and jump back to the camera or on to another position.
    """
    curves = np.zeros((2, length))
    wait = 60.0 / gaze.shifts_per_minute if gaze.shifts_per_minute else np.inf
    at = float(rng.exponential(wait)) * clock
    position = np.zeros(2)
    while at < length:
        away = not position.any() or rng.random() < 0.3
        across = between(rng, gaze.across) * float(rng.choice([-1.0, 1.0]))
        aim = np.array([across, between(rng, gaze.down)]) if away else np.zeros(2)
        lasts = max(1, round(between(rng, gaze.shift_ms) * clock / 1000))
        course = plateau(length, round(at), lasts, length, 1)
        curves += (aim - position)[:, None] * course
        position = aim
        at += (between(rng, gaze.held_s) if aim.any() else float(rng.exponential(wait))) * clock + lasts
    return curves


def draw_swallows(
    rng: np.random.Generator, length: int, clock: int, swallowing: SwallowQuantities, taken: list[Span]
) -> tuple[tuple[int, int, float], ...]:
    """Draw (first step, steps, largest displacement in eye distances) of each swallow, outside ``taken``."""
    swallows: list[tuple[int, int, float]] = []
    for _ in range(_count(rng, swallowing.per_minute, length, clock)):
        lasts = round(between(rng, swallowing.duration_s) * clock)
        amplitude = between(rng, swallowing.amplitude)
        for start in _starts(rng, length - lasts):
            busy = [*taken, *((first, first + steps) for first, steps, _ in swallows)]
            if not any(meets((start, start + lasts), span) for span in busy):
                swallows.append((start, lasts, amplitude))
                break
    return tuple(sorted(swallows))


def draw_blinks(
    rng: np.random.Generator, length: int, clock: int, blinks: BlinkQuantities, taken: list[Span]
) -> tuple[tuple[int, int, int], ...]:
    """Draw (first step, steps closing, steps opening) of each blink, outside ``taken``."""
    drawn: list[tuple[int, int, int]] = []
    for _ in range(_count(rng, blinks.per_minute, length, clock)):
        closing, opening = (
            round(between(rng, limits) * clock / 1000) for limits in (blinks.closing_ms, blinks.opening_ms)
        )
        for start in _starts(rng, length - closing - opening):
            busy = [*taken, *((first, first + shut + opened) for first, shut, opened in drawn)]
            if not any(meets((start, start + closing + opening), span) for span in busy):
                drawn.append((start, closing, opening))
                break
    return tuple(sorted(drawn))


def light_curves(rng: np.random.Generator, length: int, clock: int, light: LightQuantities) -> Curve:
    """Return the brightness of the whole picture and of one side of it, [2, length], relative.

    The second is what the border gains on one side and loses on the other.
    """
    smoothness = light.drift_s * clock
    overall, side = (drift(rng, length, smoothness, spread / 2**0.5) for spread in (light.drift, light.side))
    for _ in range(_count(rng, light.steps_per_minute, length, clock)):
        size = between(rng, light.step) * float(rng.choice([-1.0, 1.0]))
        lasts = round(between(rng, light.step_s) * clock)
        start = int(rng.integers(length))
        step = size * plateau(length, start, lasts, length, 1)
        # A camera's own exposure takes some of a step back within a second or two.
        overall += step - 0.6 * gaussian_filter1d(step, 0.5 * clock)
    return np.array([np.clip(1.0 + overall, 0.5, 1.5), np.clip(side, -0.4, 0.4)])


def _count(rng: np.random.Generator, per_minute: float, length: int, clock: int) -> int:
    return int(rng.poisson(per_minute * length / clock / 60))


def _starts(rng: np.random.Generator, room: int) -> Iterator[int]:
    """Yield places to try; none where there is no room."""
    for _ in range(40 if room > 0 else 0):
        yield int(rng.integers(room))
