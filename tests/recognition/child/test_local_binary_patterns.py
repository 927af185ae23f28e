import math

import numpy as np
import pytest

from mevqa.recognition.child.local_binary_patterns import lbp_top, uniform_bins


def test_eight_neighbours_have_58_uniform_patterns_and_a_bin_for_the_rest():
    bins = uniform_bins(8)
    assert len(bins) == 256 and bins.max() == 58 and len(set(bins)) == 59
    assert bins[0b00000000] == 0 and bins[0b01010101] == 58 and bins[0b11111111] == 57


def step_by_step(volume):
    """One block, radii of 1, 8 neighbours, voxel by voxel."""

    def at(t, y, x):
        low = [math.floor(round(coordinate, 6)) for coordinate in (t, y, x)]
        share = [round(coordinate, 6) - floor for coordinate, floor in zip((t, y, x), low, strict=True)]
        value = 0.0
        for corner in np.ndindex(2, 2, 2):
            weight = math.prod(s if far else 1 - s for far, s in zip(corner, share, strict=True))
            if weight:
                value += weight * volume[tuple(floor + far for floor, far in zip(low, corner, strict=True))]
        return value

    parts = []
    for across, down in ((2, 1), (2, 0), (1, 0)):
        counts = np.zeros(59)
        for place in np.ndindex(*(side - 2 for side in volume.shape)):
            centre = np.array(place) + 1
            pattern = 0
            for point in range(8):
                offset = np.zeros(3)
                offset[across] += math.cos(math.pi * point / 4)
                offset[down] -= math.sin(math.pi * point / 4)
                pattern |= int(at(*(centre + offset)) >= volume[tuple(centre)]) << point
            counts[uniform_bins(8)[pattern]] += 1
        parts.append(counts / counts.sum())
    return np.concatenate(parts)


def test_the_histograms_are_those_of_a_voxel_by_voxel_count():
    volume = np.random.default_rng(0).uniform(0, 255, (4, 6, 7)).astype(np.float32)
    assert lbp_top(volume, blocks=1) == pytest.approx(step_by_step(volume), abs=1e-6)


def test_still_skin_of_one_colour_has_one_pattern():
    histograms = lbp_top(np.full((5, 12, 12), 87.3, np.float32), blocks=2).reshape(12, 59)
    assert (histograms.argmax(axis=1) == uniform_bins(8)[255]).all() and (histograms.max(axis=1) == 1).all()


def test_blocks_and_planes_have_histograms_of_their_own():
    volume = np.random.default_rng(0).uniform(0, 255, (6, 34, 34)).astype(np.float32)
    histograms = lbp_top(volume, blocks=4)
    assert histograms.shape == (3 * 16 * 59,)
    assert histograms.reshape(-1, 59).sum(axis=1) == pytest.approx(np.ones(48), abs=1e-5)
    changed = volume.copy()
    changed[:, :5, :5] = 0
    differ = np.flatnonzero(np.abs(lbp_top(changed, blocks=4) - histograms).reshape(3, 16, 59).sum(axis=(0, 2)))
    assert list(differ) == [0]


def test_what_moves_changes_the_planes_of_time_alone():
    still = np.tile(np.random.default_rng(0).uniform(0, 255, (1, 20, 20)), (5, 1, 1)).astype(np.float32)
    moving = np.stack([np.roll(still[0], step, axis=1) for step in range(5)])
    first, second = (lbp_top(clip, blocks=1).reshape(3, 59) for clip in (still, moving))
    assert np.abs(first[1] - second[1]).sum() > 5 * np.abs(first[0] - second[0]).sum()


def test_a_volume_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="too small"):
        lbp_top(np.zeros((2, 20, 20), np.float32), blocks=2)
