"""Made-up series in which expressions are bumps, and the smallest system that learns them."""

from __future__ import annotations

import numpy as np

from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.system import config_schema
from mevqa.spotting.learning.types import Mark, TrainingVideo
from mevqa.spotting.registry import find_spotter

STEP = 1000 / 30

SETTINGS = {
    "network": {"width": 8, "depth": 1, "states": 4, "drop": 0.0},
    "training": {"epochs": 25, "batch": 8, "rate": 0.02, "windows": {"negatives": 2}},
    "decoder": {"folds": 2},
}


def system():
    return find_spotter("me-tst")


def settings(**changes):
    blocks = {
        name: SETTINGS.get(name, {}) | value if isinstance(value, dict) else value for name, value in changes.items()
    }
    return config_schema(system()).model_validate(SETTINGS | blocks)


def series(values, measured=None):
    count = len(values)
    return FeatureSeries(
        step_ms=STEP,
        times_ms=np.arange(count) * STEP,
        frames=np.arange(count),
        values=np.asarray(values, np.float32),
        measured=np.ones(count, bool) if measured is None else measured,
    )


def video(name, subject, places, *, samples=150, seed=0, kind="micro", labels=("positive", "negative")):
    """A video with expressions of ten samples; the class says which channels move."""
    noise = np.random.default_rng(seed).normal(0, 0.0005, (samples, 10))
    marks = []
    for number, place in enumerate(places):
        label = labels[number % len(labels)]
        bump = 0.01 * np.hanning(11)
        noise[place : place + 11, 1 + 4 * labels.index(label)] += bump
        marks.append(Mark(place, place + 5, place + 10, kind, label))
    return TrainingVideo(name, subject, series(noise), tuple(marks))


def videos():
    """Four videos of four subjects."""
    places = [(20, 90), (35, 110), (15, 60), (50, 120)]
    return [video(f"v{number}", f"s{number}", own, seed=number) for number, own in enumerate(places)]
