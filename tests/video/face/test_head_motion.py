from __future__ import annotations

import numpy as np
import pytest

from mevqa.video.face.geometry import EYE_DISTANCE
from mevqa.video.face.head_motion import find_blinks, without_blinks, without_head
from mevqa.video.face.regions import face_regions

REGIONS = face_regions()
NAMES = [region.name for region in REGIONS]
PLACES = np.array([region.centre for region in REGIONS]) / EYE_DISTANCE
TIMES = np.arange(0, 1000, 10.0)


def test_shift_turn_and_approach_of_the_head_are_removed():
    rng = np.random.default_rng(0)
    shift, turn, scale = (rng.normal(0, 0.02, (len(TIMES), n)) for n in (2, 1, 1))
    x, y = PLACES.T
    across = shift[:, :1] + scale * x - turn * y
    down = shift[:, 1:] + scale * y + turn * x
    assert np.abs(without_head(np.stack([across, down], axis=-1), REGIONS)).max() < 1e-9


def test_expressions_stay_and_add_up():
    smile, frown = np.zeros((2, 1, len(REGIONS), 2))
    smile[0, NAMES.index("left mouth corner")] = (0.01, -0.02)
    frown[0, NAMES.index("left inner brow")] = (-0.01, 0.02)
    kept = without_head(smile, REGIONS)
    assert kept[0, NAMES.index("left mouth corner")] == pytest.approx((0.01, -0.02), rel=0.3)
    assert np.abs(kept[0, NAMES.index("nose bridge")]).max() < 0.002
    both = without_head(smile + 3 * frown, REGIONS)
    assert both == pytest.approx(kept + 3 * without_head(frown, REGIONS))


def mismatch_of(sides, begin=400, end=600, height=0.6):
    mismatch = np.full((len(TIMES), len(REGIONS)), 0.03)
    mismatch += np.random.default_rng(1).uniform(0, 0.01, mismatch.shape)
    closing = np.clip(np.minimum(TIMES - begin, end - TIMES) / 50, 0, 1) * height
    for side in sides:
        for part in ("upper lid", "lower lid"):
            mismatch[:, NAMES.index(f"{side} {part}")] += closing
    return mismatch


def test_a_blink_is_found_with_its_flanks():
    blink = find_blinks(mismatch_of(["left", "right"]), TIMES, REGIONS)
    seen = TIMES[blink > 0]
    assert 400 <= seen[0] <= 430 and 570 <= seen[-1] <= 600
    assert (blink[(TIMES > 460) & (TIMES < 540)] > 0.5).all()


@pytest.mark.parametrize(
    "mismatch",
    [mismatch_of([]), mismatch_of(["left"]), mismatch_of(["left", "right"], 200, 900), mismatch_of(["left"], height=9)],
    ids=["still", "one eye", "closed for long", "a hand before one eye"],
)
def test_what_is_not_a_blink(mismatch):
    assert not find_blinks(mismatch, TIMES, REGIONS).any()


def test_lids_are_interpolated_across_a_blink_and_nothing_else_is_touched():
    motion = np.tile(TIMES[:, None, None] / 1000, (1, len(REGIONS), 2))
    blink = np.where((TIMES > 400) & (TIMES < 500), 0.5, 0.0)
    shaken = motion + 9 * blink[:, None, None]
    mended = without_blinks(shaken, blink, TIMES, REGIONS)
    for index, region in enumerate(REGIONS):
        wanted = motion if region.kind == "lid" else shaken
        assert mended[:, index] == pytest.approx(wanted[:, index])
    assert without_blinks(shaken, 0 * blink, TIMES, REGIONS) is shaken
