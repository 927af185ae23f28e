from dataclasses import replace

import pytest

from mevqa.spotting.events import Event
from mevqa.spotting.trial import TrialSettings, compare, run_trial
from mevqa.spotting.trial_videos import CONTENTS, MICRO_AMPLITUDE, trial_plans
from mevqa.spotting.video import Spotting


def perfect(video, shift=0):
    """What a spotter that makes no mistake would find, some frames late."""
    step = 1000 / video.plan.fps
    events = []
    for performance in video.plan.performances:
        one = performance.annotation
        frames = [frame + shift for frame in (one.onset, one.apex, one.offset)]
        events.append(Event(*frames, *(frame * step for frame in frames), one.kind, 0.9))
    seconds = video.plan.frames / video.plan.fps
    return Spotting("v", video.path, video.plan.fps, video.plan.frames, seconds, tuple(events), (), (), True)


def test_micro_expressions_are_of_the_size_that_is_asked_for():
    for content in CONTENTS:
        for plan in trial_plans(3, 5, seconds=30.0, fps=(30.0,), content=content):
            sizes = [one.amplitude for one in plan.performances if one.annotation.kind == "micro"]
            assert all(MICRO_AMPLITUDE[0] <= size <= MICRO_AMPLITUDE[1] for size in sizes)
            assert bool(sizes) == (content == "events")
            assert plan.performances or content != "events"


def test_contents_and_seeds_share_no_person():
    own = {
        (plan.id.split("_")[1], plan.subject)
        for content in CONTENTS
        for seed in (5, 6)
        for plan in trial_plans(2, seed, seconds=10.0, fps=(30.0,), content=content)
    }
    assert len(own) == 12


def test_a_perfect_spotter_has_f1_of_one_and_a_late_one_its_error(long_video):
    result = compare([(long_video, perfect(long_video))])
    assert result.f1("micro") == result.f1("macro") == 1.0
    assert set(result.boundary_ms) == set(result.apex_ms) == {0.0}
    late = compare([(long_video, perfect(long_video, shift=1))])
    assert late.boundary_ms == pytest.approx([1000 / 30] * len(late.boundary_ms))


def test_false_micro_expressions_are_counted_where_there_are_none(long_video):
    still = replace(long_video, content="still", plan=replace(long_video.plan, performances=()))
    micro = sum(one.annotation.kind == "micro" for one in long_video.plan.performances)
    result = compare([(still, perfect(long_video))])
    assert result.still_micro == micro > 0 and result.references == {"micro": 0, "macro": 0}
    assert f"({micro} in 0.2 minutes)" in result.table()


@pytest.mark.slow
def test_the_spotter_keeps_its_promise_on_persons_of_their_own(tmp_path):
    result = run_trial(tmp_path, TrialSettings(events=2, macro=0, still=1, seconds=30.0, size=(320, 320), seed=903))
    assert result.f1("micro") >= 0.6 and result.f1("macro") >= 0.6
    assert result.still_micro <= 1
