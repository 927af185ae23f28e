from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from mevqa.datasets import taxonomy
from mevqa.synthetic.clip_plan import MACRO_AMPLITUDE, MICRO_AMPLITUDE, class_mixes, plan_clips


def short(clips=40, seed=0, subjects=5, fps=(100.0,), classes="balanced"):
    return plan_clips(clips, seed, subjects=subjects, fps=fps, classes=classes)


def long(clips=6, seed=0, seconds=20.0, fps=(30.0,)):
    return plan_clips(clips, seed, subjects=2, fps=fps, classes="balanced", long_seconds=seconds)


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 200.0])
def test_short_clips_hold_one_micro_expression_of_at_most_half_a_second(fps):
    for plan in short(fps=(fps,)):
        (performance,) = plan.performances
        it = performance.annotation
        assert 0 < it.onset < it.apex < it.offset < plan.frames - 1
        assert it.kind == "micro" and (it.offset - it.onset + 1) / fps <= 0.5
        assert MICRO_AMPLITUDE[0] <= performance.amplitude <= MICRO_AMPLITUDE[1]


@pytest.mark.parametrize(("seconds", "fps"), [(4.0, 25.0), (20.0, 30.0), (60.0, 200.0)])
def test_events_of_long_videos_never_touch_and_come_in_order(seconds, fps):
    for plan in long(seconds=seconds, fps=(fps,)):
        assert plan.frames == round(seconds * fps) and plan.performances
        events = [performance.annotation for performance in plan.performances]
        assert events[0].onset >= 0.4 * fps and events[-1].offset <= plan.frames - 0.4 * fps
        assert all(later.onset - earlier.offset >= 0.4 * fps for earlier, later in pairwise(events))


def test_long_videos_hold_micro_and_macro_expressions_of_their_sizes():
    performances = [performance for plan in long(clips=20) for performance in plan.performances]
    kinds = Counter(performance.annotation.kind for performance in performances)
    assert min(kinds["micro"], kinds["macro"]) > 20
    for performance in performances:
        low, high = MICRO_AMPLITUDE if performance.annotation.kind == "micro" else MACRO_AMPLITUDE
        assert low <= performance.amplitude <= high


def test_no_blink_falls_into_an_expression_or_another_blink():
    spans = 0
    for plan in [*short(200), *long(10)]:
        taken = [(it.annotation.onset, it.annotation.offset) for it in plan.performances]
        taken += [(first, first + closing + opening) for first, closing, opening in plan.blinks]
        spans += len(plan.blinks)
        assert all(end < start for (_, end), (start, _) in pairwise(sorted(taken)))
        assert all(start >= 0 and end <= plan.frames for start, end in taken)
    assert spans > 20


def test_classes_follow_the_mix_as_closely_as_whole_clips_allow():
    for name, mix in class_mixes().items():
        counts = Counter(plan.performances[0].annotation.fine for plan in short(100, classes=name))
        for fine, weight in mix.items():
            assert abs(counts[fine] - 100 * weight / sum(mix.values())) <= 1


def test_balanced_clips_have_every_coarse_class_equally_often():
    counts = Counter(plan.performances[0].annotation.coarse for plan in short(30))
    assert counts == {"positive": 10, "negative": 10, "surprise": 10}


def test_every_mix_draws_from_the_classes_of_the_taxonomies():
    for name, mix in class_mixes().items():
        known = taxonomy(name if name not in ("balanced", "fine") else "synthetic").fine
        assert set(mix) == set(known)


def test_persons_are_dealt_evenly_and_keep_their_frame_rate():
    plans = short(20, subjects=4, fps=(25.0, 50.0, 200.0))
    assert Counter(plan.subject for plan in plans) == {0: 5, 1: 5, 2: 5, 3: 5}
    rates = {(plan.subject, plan.fps) for plan in plans}
    assert rates == {(0, 25.0), (1, 50.0), (2, 200.0), (3, 25.0)}


def test_clips_of_all_seeds_have_their_own_names():
    names = [plan.id for seed in range(3) for plan in short(20, seed=seed)]
    assert len(set(names)) == 60
