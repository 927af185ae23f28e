from __future__ import annotations

import numpy as np
import pytest

from mevqa.reporting.charts.motion import plot_curve
from mevqa.video.motion.localise import Curve


def curve(times, motion, blinking=None):
    times = np.asarray(times, dtype=float)
    shut = np.zeros(len(times), bool) if blinking is None else np.asarray(blinking)
    return Curve(np.arange(len(times)), times, np.asarray(motion, dtype=float), shut)


def like(picture, colour):
    """Which pixels have about this colour."""
    return np.abs(np.asarray(picture, dtype=int) - colour).max(axis=2) < 40


def columns(picture, colour):
    """Which columns have it over a large part of their height."""
    return np.flatnonzero(like(picture, colour).sum(axis=0) > 100)


def test_marks_stand_at_their_times():
    times = np.linspace(0, 1000, 51)
    motion = 0.01 * np.exp(-0.5 * ((times - 500) / 100) ** 2)
    picture = plot_curve(curve(times, motion), {"onset": 250, "apex": 500, "offset": 750}, "a clip")
    onset, apex, offset = (columns(picture, colour).mean() for colour in ((30, 140, 80), (200, 50, 40), (190, 120, 20)))
    assert apex - onset == pytest.approx(offset - apex, abs=2)
    # The curve is highest at the apex.
    blue = like(picture, (31, 90, 160))
    highest = np.argmax(blue.any(axis=1))
    assert np.flatnonzero(blue[highest]).mean() == pytest.approx(apex, abs=25)


def test_blinks_are_shaded():
    times = np.linspace(0, 1000, 51)
    shut = (times > 600) & (times < 800)
    shaded = plot_curve(curve(times, 0 * times, shut), {}, "blink")
    bare = plot_curve(curve(times, 0 * times), {}, "blink")
    changed = np.flatnonzero((np.asarray(shaded) != np.asarray(bare)).any(axis=2).sum(axis=0) > 100)
    assert np.ptp(changed) == pytest.approx(0.18 * 812, abs=12) and changed.mean() == pytest.approx(
        64 + 0.7 * 812, abs=6
    )


@pytest.mark.parametrize("length", [1, 2])
def test_curves_of_few_samples(length):
    marks = {"onset": 0.0, "apex": 0.0, "offset": 0.0}
    assert plot_curve(curve(np.arange(length), np.zeros(length)), marks, "short").size == (900, 340)
