from __future__ import annotations

import numpy as np

from mevqa.video.motion.codec_freeze import REACH_MS, read_thawed


class Footage:
    def __init__(self, pictures, fps):
        self.pictures = pictures
        self.times_ms = np.arange(len(pictures)) * 1000 / fps

    def frames(self, indices):
        return [self.pictures[index] for index in indices]


def grey(level, size=32):
    return np.full((size, size, 3), level, np.uint8)


def levels(pictures, fps, frames=None, at=(0, 0)):
    thawed = list(read_thawed(Footage(pictures, fps), range(len(pictures)) if frames is None else frames))
    return [index for index, _ in thawed], [int(picture[at]) for _, picture in thawed]


def test_steps_become_ramps():
    shown = [100, 100, 100, 100, 120, 120, 120, 120, 120]
    order, seen = levels([grey(level) for level in shown], fps=100)
    assert order == list(range(9))
    assert seen == [100, 105, 110, 115, 120, 120, 120, 120, 120]


def test_a_long_rest_is_left_until_shortly_before_the_change():
    shown = [100] * 30 + [200]
    _, seen = levels([grey(level) for level in shown], fps=100)
    assert seen[:21] == [100] * 21 and seen[20:] == list(range(100, 201, 10))


def test_cells_thaw_by_themselves():
    pictures = [grey(100) for _ in range(5)]
    pictures[4][:8, :8] = 140
    for picture, level in zip(pictures, (100, 102, 104, 106, 108), strict=True):
        picture[16:24, 16:24] = level
    assert levels(pictures, 50)[1] == [100, 110, 120, 130, 140]
    assert levels(pictures, 50, at=(20, 20))[1] == [100, 102, 104, 106, 108]
    assert levels(pictures, 50, at=(30, 2))[1] == [100] * 5


def test_noise_passes_unchanged():
    rng = np.random.default_rng(0)
    pictures = [np.repeat(rng.integers(90, 110, (40, 44, 1), np.uint8), 3, axis=2) for _ in range(12)]
    for index, picture in read_thawed(Footage(pictures, 60), range(12)):
        assert np.array_equal(picture, pictures[index][..., 0])


def test_many_frames_in_pieces_equal_the_definition():
    rng = np.random.default_rng(1)
    shown = np.repeat(rng.integers(50, 200, 40), rng.integers(1, 25, 40))[:250]
    _, seen = levels([grey(level) for level in shown], fps=100)
    changes = [0, *(index for index in range(1, 250) if shown[index] != shown[index - 1])]
    for index, level in enumerate(seen):
        last = max(change for change in changes if change <= index)
        coming = [change for change in changes if change > index]
        wanted = float(shown[index])
        if coming:
            begin = max(last, coming[0] - REACH_MS / 10)
            wanted += max(0.0, (index - begin) / (coming[0] - begin)) * (float(shown[coming[0]]) - wanted)
        assert abs(level - wanted) <= 0.51, index


def test_small_pictures_pass():
    assert levels([grey(50, 5), grey(60, 5)], 25)[1] == [50, 60]
