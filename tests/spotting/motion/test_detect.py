import numpy as np
import pytest
from made_curves import CurveMaker

from mevqa.spotting.motion.detect import FAINT_MOTION, FAINT_THRESHOLD, candidates


def spotted(maker):
    return sorted(candidates(maker.done()), key=lambda candidate: candidate.course.onset_ms)


def test_nothing_is_found_in_noise():
    for seed in range(4):
        assert spotted(CurveMaker(60, seed=seed)) == []


def test_the_noise_of_the_video_decides_what_is_found():
    faint = {"left_inner_brow": -0.01, "right_inner_brow": -0.01}
    assert len(spotted(CurveMaker(60, noise=2e-4).add(20_000, 20_150, 20_400, **faint))) == 1
    assert spotted(CurveMaker(60, noise=1e-2).add(20_000, 20_150, 20_400, **faint)) == []


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0])
@pytest.mark.parametrize(("onset", "apex", "offset"), [(9_000, 9_150, 9_400), (9_000, 9_400, 10_500)])
def test_onset_apex_and_offset_are_near_the_truth(fps, onset, apex, offset):
    maker = CurveMaker(30, fps=fps).add(onset, apex, offset, left_mouth_corner=-0.03, left_cheek=-0.015)
    (candidate,) = spotted(maker)
    course = candidate.course
    assert np.allclose([course.onset_ms, course.apex_ms, course.offset_ms], [onset, apex, offset], atol=40)
    assert candidate.strength > 10


def test_a_pause_between_two_expressions_is_not_one():
    maker = CurveMaker(30)
    for start in (8_000, 9_600, 11_200):
        maker.add(start, start + 400, start + 1_200, chin=-0.08, lower_lip=-0.05)
    assert [round(candidate.course.apex_ms, -2) for candidate in spotted(maker)] == [8_400, 10_000, 11_600]


def test_drift_is_not_an_expression():
    maker = CurveMaker(60)
    maker.motion += 0.05 * np.sin(2 * np.pi * maker.times / 30_000)[:, None]
    assert spotted(maker) == []


def test_the_motion_is_measured_from_rest_to_apex():
    (candidate,) = spotted(CurveMaker(30).add(9_000, 9_200, 9_500, chin=-0.03))
    assert np.abs(candidate.motion).max() == pytest.approx(0.03, rel=0.1)


def test_what_happens_while_the_eyes_are_closed_is_a_blink():
    maker = CurveMaker(30).add(9_000, 9_100, 9_300, left_inner_brow=0.02)
    maker.blinking[(maker.times > 8_950) & (maker.times < 9_350)] = True
    assert [candidate.is_blink for candidate in spotted(maker)] == [True]


def test_what_lasts_longer_than_a_blink_is_none_though_the_lids_look_closed():
    maker = CurveMaker(30).add(9_000, 9_300, 9_900, left_inner_brow=0.05, right_inner_brow=0.05)
    maker.blinking[(maker.times > 9_050) & (maker.times < 9_850)] = True
    assert [candidate.is_blink for candidate in spotted(maker)] == [False]


def test_lower_limits_add_candidates_behind_those_of_higher_ones():
    maker = CurveMaker(60, noise=8e-4)
    maker.add(9_000, 9_150, 9_400, left_mouth_corner=-0.03).add(40_000, 40_300, 41_000, chin=-0.05)
    plain = list(candidates(maker.done()))
    faint = list(candidates(maker.done(), FAINT_THRESHOLD, FAINT_MOTION))
    assert len(plain) == 2 < len(faint)
    assert [candidate.course for candidate in faint[:2]] == [candidate.course for candidate in plain]
    assert [candidate.clear for candidate in faint] == [True, True] + [False] * (len(faint) - 2)
    assert all(candidate.strength >= FAINT_THRESHOLD for candidate in faint)
