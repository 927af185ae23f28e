from __future__ import annotations

import numpy as np
import pytest
from made_videos import STEP, series

from mevqa.spotting.learning.config import Windows
from mevqa.spotting.learning.windows import cut, grid, stitch

TEN = {"length_ms": 10 * STEP}


@pytest.mark.parametrize("samples", [1, 4, 10, 11, 15, 37])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("hop", [0.2, 0.5])
def test_windows_cover_every_sample(samples, phase, hop):
    video = series(np.zeros((samples, 2)))
    begins = grid(video, Windows(**TEN, hop=hop), phase)
    covered = {at for begin in begins for at in range(begin, begin + 10)}
    assert set(range(samples)) <= covered and begins == sorted(set(begins))
    assert begins[-1] == max(samples - 10, 0)


@pytest.mark.parametrize("way", ["later-half", "mean"])
@pytest.mark.parametrize("samples", [4, 10, 23, 40])
def test_what_is_cut_is_stitched_to_what_it_was(way, samples):
    values = np.random.default_rng(1).normal(size=(samples, 3)).astype(np.float32)
    windows = Windows(**TEN, reference="none", stitch=way)
    begins = grid(series(values), windows)
    parts = [cut(series(values), begin, windows).values for begin in begins]
    assert stitch(parts, begins, samples, windows) == pytest.approx(values, abs=1e-6)


def test_the_later_half_of_a_window_is_its_score():
    windows = Windows(**TEN)
    parts = [np.full(10, number) for number in range(4)]
    joined = stitch(parts, [0, 5, 10, 12], 22, windows)
    assert joined.tolist() == [0] * 10 + [1] * 5 + [2] * 2 + [3] * 5


def test_displacements_are_against_the_first_sample_of_each_measured_run():
    values = np.arange(12, dtype=np.float32)[:, None] + 5
    measured = np.ones(12, bool)
    measured[6:8] = False
    window = cut(series(values, measured), 2, Windows(**TEN))
    assert window.values[:, 0].tolist() == [0, 1, 2, 3, 0, 0, 0, 1, 2, 3]
    assert window.counts.tolist() == [True] * 4 + [False] * 2 + [True] * 4
    about_mean = cut(series(values, measured), 2, Windows(**TEN, reference="mean"))
    assert about_mean.values[:4, 0].tolist() == [-1.5, -0.5, 0.5, 1.5]


def test_a_short_video_is_padded_and_the_padding_does_not_count():
    window = cut(series(np.ones((4, 2))), 0, Windows(**TEN, reference="none"))
    assert window.values.shape == (10, 2) and window.counts.tolist() == [True] * 4 + [False] * 6
    assert (window.values[4:] == 0).all()
