import numpy as np
from made_curves import CurveMaker, column

from mevqa.spotting.motion.detect import candidates
from mevqa.spotting.motion.talk import talk_warning, talking


def with_talk(begin=8_000, end=14_000):
    """Lips that talk for six seconds, and a brow that is raised before and while."""
    maker = CurveMaker(24)
    for apex in (4_000, 11_000):
        maker.add(apex - 200, apex, apex + 250, left_inner_brow=-0.02, right_inner_brow=-0.02)
    during = (maker.times > begin) & (maker.times < end)
    wave = np.sin(2 * np.pi * maker.times / 250) + np.sin(2 * np.pi * maker.times / 370)
    for name in ("chin", "lower lip"):
        maker.motion[during, column(name, 1)] += 0.02 * wave[during]
    return maker.done()


def test_talk_is_heard_and_nothing_is_looked_for_in_it():
    curves = with_talk()
    talk = talking(curves)
    times = curves.times_ms
    assert talk[(times > 8_500) & (times < 13_500)].all() and not talk[(times < 6_500) | (times > 15_500)].any()
    assert [round(candidate.course.apex_ms, -2) for candidate in candidates(curves)] == [4_000]


def test_expressions_of_the_mouth_one_after_the_other_are_no_talk():
    maker = CurveMaker(30)
    for start in (8_000, 9_600, 11_200):
        maker.add(start, start + 400, start + 1_200, chin=-0.08, lower_lip=-0.05)
    assert not talking(maker.done()).any()


def test_talk_gives_a_warning():
    assert talk_warning(6_300) == ["the lips talk for 6 s: no expression is looked for there"]
    assert talk_warning(400) == []
