"""Talk: when somebody talks, and how far each part of the mouth moves meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mevqa.synthetic.long_profiles.profile import CHANNELS, TalkQuantities, between
from mevqa.synthetic.profiles import drift

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Speaker:
    """How one person talks.

    Attributes:
        pace: Visemes a second.
        loudness: Size of the movements.
    """

    pace: float
    loudness: float


def draw_speaker(rng: np.random.Generator, talk: TalkQuantities) -> Speaker:
    """Draw how a person talks."""
    return Speaker(between(rng, talk.pace_hz), between(rng, talk.loudness))


def draw_stretches(rng: np.random.Generator, length: int, clock: int, talk: TalkQuantities) -> list[tuple[int, int]]:
    """Draw when somebody talks: stretches and pauses whose lengths give the profile's share of the time.

    Args:
        rng: Decides everything.
        length: Of the video, steps of the clock.
        clock: Steps a second.
        talk: The quantities.

    Returns:
        First and last step of each stretch, ascending.
    """
    wanted = talk.share * length
    stretches: list[int] = []
    while sum(stretches) < wanted:
        drawn = round(between(rng, talk.stretch_s) * clock)
        left = round(wanted) - sum(stretches)
        # The last one is cut to what is missing, or left out where that is less than half of the shortest.
        if left < drawn and left < 0.5 * talk.stretch_s[0] * clock:
            break
        stretches.append(min(drawn, left))
    pauses = np.array([between(rng, talk.pause_s) for _ in range(len(stretches) + 1)])
    pauses *= (length - sum(stretches)) / pauses.sum()
    placed, at = [], 0.0
    for stretch, pause in zip(stretches, pauses, strict=False):
        at += pause
        placed.append((round(at), min(round(at) + stretch, length - 1)))
        at += stretch
    return placed


def speech_curves(
    rng: np.random.Generator,
    length: int,
    clock: int,
    stretches: list[tuple[int, int]],
    speaker: Speaker,
    talk: TalkQuantities,
) -> Curve:
    """Return how strongly each channel of the mouth moves.

    Every viseme is a target that holds for its time; smoothing makes neighbours run into each other, so that quick
    visemes fall short of their targets, as in real speech (coarticulation).

    Args:
        rng: Decides the visemes.
        length: Steps of the clock.
        clock: Steps a second.
        stretches: From ``draw_stretches``.
        speaker: Whose talk it is.
        talk: The quantities.

    Returns:
        [channels, length] in the order of ``CHANNELS``, 0 outside the stretches and about 1 at full strength.
    """
    visemes = list(talk.visemes.values())
    weights = np.array([viseme.weight for viseme in visemes])
    targets = np.array([[getattr(viseme, channel) for channel in CHANNELS] for viseme in visemes])
    steps = np.zeros((len(CHANNELS), length))
    smoothing = talk.smoothing_ms * clock / 1000
    for begin, end in stretches:
        # The smoothing reaches three of its spreads beyond the first and the last viseme.
        first, last = begin + 3 * smoothing, end - 3 * smoothing
        at = first
        phrase_end = at + between(rng, talk.phrase_s) * clock
        while at < last:
            if at >= phrase_end:
                at += between(rng, talk.breath_s) * clock
                phrase_end = at + between(rng, talk.phrase_s) * clock
                continue
            hertz = float(np.clip(speaker.pace * np.exp(rng.normal(0.0, talk.pace_spread)), *talk.visemes_hz))
            until = min(at + clock / hertz, last)
            chosen = targets[int(rng.choice(len(visemes), p=weights / weights.sum()))]
            size = speaker.loudness * float(np.exp(rng.normal(0.0, 0.2)))
            steps[:, round(at) : round(until)] = np.minimum(size * chosen, 1.3)[:, None]
            at = until
    curves = gaussian_filter1d(steps, smoothing, axis=1, truncate=3.0)
    return np.asarray(curves, np.float64)


def nodding(
    rng: np.random.Generator, length: int, clock: int, stretches: list[tuple[int, int]], spread: float
) -> Curve:
    """Return the turns of the head that go with talk, [2, length] radians: sideways and nodding.

    Args:
        rng: Decides them.
        length: Steps of the clock.
        clock: Steps a second.
        stretches: When somebody talks.
        spread: Standard deviation, radians.
    """
    talks = np.zeros(length)
    for begin, end in stretches:
        talks[begin : end + 1] = 1.0
    talks = gaussian_filter1d(talks, 0.25 * clock)
    # Beats of about half a second to two seconds.
    return np.array([talks * drift(rng, length, 0.15 * clock, spread) for _ in range(2)])
