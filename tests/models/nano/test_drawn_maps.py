from __future__ import annotations

import numpy as np
import torch

from mevqa.facs import ActionUnit
from mevqa.training.nano.drawn_maps import PLAIN, Nuisance, draw_maps, finish_maps
from mevqa.training.nano.examples import to_pixels
from mevqa.video.motion.flow import motion_map

STILL = Nuisance(
    canonical=1.0, drift=0, affine=0, blink=0, border=0, noise=(1e-6, 0), blur=0, deadzone=0, turning=0, eyelids=0
)


def test_maps_end_like_the_views_do():
    rng = np.random.default_rng(0)
    flow = torch.nn.functional.avg_pool2d(torch.from_numpy(rng.normal(size=(1, 2, 64, 64)).astype(np.float32)), 9, 1, 4)
    flow = flow[..., :56, :56]
    expected = np.asarray(motion_map(flow[0].permute(1, 2, 0).numpy(), size=28)).astype(int)
    assert np.abs(finish_maps(flow)[0].astype(int) - expected).max() <= 1


def test_maps_are_decided_by_the_seed_and_use_the_full_range():
    units = [(ActionUnit(12),), (ActionUnit(4), ActionUnit(7))]
    maps = draw_maps(units, np.random.default_rng(3))
    assert maps.shape == (2, 28, 28, 3) and maps.dtype == np.uint8
    assert np.array_equal(maps, draw_maps(units, np.random.default_rng(3)))
    assert (maps.min((1, 2)) == 0).all() and (maps.max((1, 2)) == 255).all()


def test_a_lowered_brow_moves_down_and_the_left_corner_moves_on_the_right():
    brow, corner = draw_maps([(ActionUnit(4),), (ActionUnit(12, "left"),)], np.random.default_rng(0), STILL)
    pixels = to_pixels(np.stack([brow, corner]))
    assert pixels[0, 1, 4:9].mean() > pixels[0, 1, 12:].mean()  # green: downwards at the brows
    motion = pixels[1].abs().sum(0)
    assert motion[18:26, 15:].sum() > 2 * motion[18:26, :13].sum()


def test_pixels_are_standardised():
    maps = draw_maps([(ActionUnit(1), ActionUnit(2))] * 8, np.random.default_rng(1))
    pixels = to_pixels(maps)
    assert pixels.shape == (8, 3, 28, 28)
    assert pixels.abs().max() <= 4.05
    assert 0.5 < pixels.std() < 1.1


def test_plain_maps_stay_the_ones_that_the_first_training_drew():
    maps = draw_maps([(ActionUnit(12),), (ActionUnit(1), ActionUnit(2))], np.random.default_rng(5), PLAIN)
    coarse = maps.reshape(2, 4, 7, 4, 7, 3).mean((2, 4)).round().astype(int)
    assert coarse[:, :, 1, 1].tolist() == [[133, 202, 186, 102], [74, 158, 172, 163]]
