import numpy as np
import pytest

from mevqa.spotting import spot, spot_video
from mevqa.spotting.boundaries import Course
from mevqa.spotting.refine import _believable
from mevqa.spotting.trial import compare
from mevqa.spotting.trial_videos import trial_plans, write_trial
from mevqa.video.reader import open_video


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    plans = trial_plans(1, 911, seconds=6.0, fps=(120.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("fast"), plans, "events", 911, size=(256, 256))[0]


def test_fast_footage_is_found_at_a_low_rate_and_timed_at_the_full_one(fast):
    found = spot_video(fast.path)
    result = compare([(fast, found)])
    assert sum(result.hits.values()) >= 1
    assert np.median(np.abs(result.boundary_ms)) <= 40
    with open_video(fast.path) as video:
        coarse = list(spot(iter(video), video.fps))
    assert len(coarse) == len(found.events)
    for one, other in zip(found.events, coarse, strict=True):
        assert abs(one.apex_ms - other.apex_ms) < 60 and one.units == other.units
    assert [one.onset_ms for one in found.events] != [one.onset_ms for one in coarse]


def test_another_hill_is_not_taken_for_a_finer_time():
    coarse, fine = Course(100.0, 200.0, 300.0), Course(110.0, 260.0, 290.0)
    assert _believable(fine, coarse, 30.0) == Course(110.0, 200.0, 290.0)
