"""One synthetic long video, and what is measured of it, for all tests of this folder; the makers beside are found."""

import sys
from pathlib import Path

import pytest

from mevqa.benchmarks.trial_videos import trial_plans, write_trial
from mevqa.spotting import spot_video
from mevqa.spotting.features.measure import measure
from mevqa.video.reading.reader import open_video

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def long_video(tmp_path_factory):
    """Fifteen seconds of one person with micro- and macro-expressions."""
    plans = trial_plans(1, 905, seconds=15.0, fps=(30.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("trial"), plans, "events", 905, size=(320, 320))[0]


@pytest.fixture(scope="session")
def spotting_result(long_video):
    """Result of the default spotter for the long video."""
    return spot_video(long_video.path)


@pytest.fixture(scope="session")
def long_record(long_video):
    """Measured motion of the long video."""
    with open_video(long_video.path) as video:
        return measure(video)
