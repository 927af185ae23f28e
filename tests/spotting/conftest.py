"""One synthetic long video for all tests of this folder; lets them import the maker of curves beside them."""

import sys
from pathlib import Path

import pytest

from mevqa.benchmarks.trial_videos import trial_plans, write_trial

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def long_video(tmp_path_factory):
    """Fifteen seconds of one person with micro- and macro-expressions."""
    plans = trial_plans(1, 905, seconds=15.0, fps=(30.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("trial"), plans, "events", 905, size=(320, 320))[0]
