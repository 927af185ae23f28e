"""Clocks are brought together by markers, and refused where these do not agree."""

import pytest

from mevqa.physiology.clock import ClocksDisagree, align_clocks, first_frames, frame_marker
from mevqa.physiology.types import Marker


def markers(*pairs):
    return tuple(Marker(time, code) for time, code in pairs)


def test_the_shift_under_which_most_markers_meet():
    own = markers((0, 1), (10, 2), (20, 1), (31, 3))
    other = markers((100.01, 1), (109.99, 2), (120.0, 1), (131.02, 3), (150, 1))
    alignment = align_clocks(own, other)
    assert (
        alignment.offset == pytest.approx(100, abs=0.02) and alignment.matched == 4 and alignment.largest_error < 0.05
    )


def test_markers_that_one_clock_lacks_do_not_matter():
    alignment = align_clocks(markers((0, 1), (5, 1), (12, 1)), markers((55, 1), (62, 1)))
    assert (alignment.offset, alignment.matched) == (50, 2)


@pytest.mark.parametrize(
    ("own", "other", "message"),
    [
        ([(0, 1)], [(0, 2)], "its codes are 1, the other's 2"),
        ([], [(0, 2)], "its codes are none"),
        (
            [(0, 1), (10, 2), (20, 3), (30, 4)],
            [(0, 1), (11, 2), (22, 3), (33, 4)],
            "only 1 of 4 markers come within 50 ms",
        ),
    ],
)
def test_clocks_that_disagree_are_refused(own, other, message):
    with pytest.raises(ClocksDisagree, match=message):
        align_clocks(markers(*own), markers(*other))


def test_a_frame_of_mmme_tells_its_time_and_the_marker_of_the_stimulus():
    marker = frame_marker("2023-7-28-16-0-31-433-685-116.tif")
    assert marker == Marker(pytest.approx(16 * 3600 + 31.433), 116)
    assert frame_marker("img001.jpg") is None


def test_the_first_frame_of_each_marker():
    names = ["2023-7-28-16-0-31-440-2-5.tif", "2023-7-28-16-0-31-433-1-5.tif", "2023-7-28-16-1-0-0-3-6.tif", "x.tif"]
    assert [(marker.code, round(marker.time % 3600, 3)) for marker in first_frames(names)] == [(5, 31.433), (6, 60.0)]
