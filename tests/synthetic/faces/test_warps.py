from __future__ import annotations

import numpy as np
import pytest

from mevqa.synthetic.faces.warps import ThinPlate, coarse_grid, resample, smooth_map


def test_a_thin_plate_takes_its_points_to_their_goals():
    rng = np.random.default_rng(0)
    source = rng.uniform(-1, 1, (15, 2))
    target = source + rng.normal(0, 0.05, (15, 2))
    assert np.allclose(ThinPlate(source, target, stiffness=0.0)(source), target, atol=1e-8)


def test_a_thin_plate_through_similar_points_is_that_similarity_everywhere():
    source = np.random.default_rng(1).uniform(-1, 1, (10, 2))
    turn = 3.0 * np.array([[0.8, -0.6], [0.6, 0.8]])
    spline = ThinPlate(source, source @ turn.T + 7.0)
    far = np.array([[[5.0, -4.0], [0.0, 9.0]]])
    assert np.allclose(spline(far), far @ turn.T + 7.0)


@pytest.mark.parametrize(("width", "height", "step"), [(64, 40, 4), (61, 43, 5), (7, 5, 8)])
def test_a_linear_function_is_interpolated_exactly_up_to_the_borders(width, height, step):
    result = smooth_map(lambda nodes: nodes * np.array([2.0, -1.0]) + 3.0, width, height, step)
    y, x = np.mgrid[0:height, 0:width]
    assert result.shape == (height, width, 2)
    assert np.allclose(result, np.stack([2.0 * x + 3.0, 3.0 - y], axis=-1), atol=1e-3)


def test_the_grid_starts_one_node_before_the_picture():
    grid = coarse_grid(20, 12, 4)
    assert grid[0, 0].tolist() == [-2.5, -2.5] and grid[-1, -1, 0] >= 20 and grid[-1, -1, 1] >= 12


def test_resampling_at_the_pixels_themselves_changes_nothing():
    picture = np.random.default_rng(2).uniform(0, 255, (9, 11, 3)).astype(np.float32)
    places = smooth_map(lambda nodes: nodes, 11, 9, 2)
    assert np.allclose(resample(picture, places), picture, atol=0.5)
