import itertools

import numpy as np
import pytest

from mevqa.intervals import iou_matrix
from mevqa.spotting import SpotOptions, spot
from mevqa.video.reading.reader import open_video


def places(events):
    return [(event.onset, event.apex, event.offset, event.kind) for event in events]


def test_the_expressions_of_a_synthetic_video_are_found(spotting_result, long_video):
    coded = [performance.annotation for performance in long_video.plan.performances]
    overlaps = iou_matrix(
        np.array([(event.onset, event.offset) for event in spotting_result.events], float),
        np.array([(event.onset, event.offset) for event in coded], float),
        "inclusive",
    )
    hit = overlaps.max(axis=0) >= 0.5
    assert hit.mean() >= 0.7 and len(spotting_result.events) <= len(coded) + 1
    assert spotting_result.face and spotting_result.warnings == ()


def test_events_are_in_order_inside_the_video(spotting_result):
    onsets = [event.onset for event in spotting_result.events]
    assert onsets == sorted(onsets)
    for event in spotting_result.events:
        assert 0 <= event.onset <= event.apex <= event.offset < spotting_result.frames
        assert 0 < event.score < 1 and event.regions and event.units


def test_a_stream_gives_the_same_events_as_the_file(spotting_result, long_video):
    with open_video(long_video.path) as video:
        assert places(spot(iter(video), times_ms=iter(video.times_ms))) == places(spotting_result.events)
        begin = list(itertools.islice(video, 150))
        by_rate, by_times = spot(begin, video.fps), spot(begin, times_ms=video.times_ms[:150])
        assert places(by_rate) == places(by_times) != []


def test_only_the_kinds_that_are_asked_for_are_returned(spotting_result, long_video):
    with open_video(long_video.path) as video:
        micro = places(spot(iter(video), video.fps, options=SpotOptions(kinds=("micro",))))
    assert micro == [place for place in places(spotting_result.events) if place[-1] == "micro"]


def test_no_frames_are_no_events():
    assert list(spot(iter([]), 30.0)) == []


@pytest.mark.parametrize("wrong", [{"fps": None}, {"fps": 0.0}, {"fps": 30.0, "times_ms": [0.0]}])
def test_a_stream_needs_one_clock(wrong):
    with pytest.raises(ValueError, match="fps"):
        list(spot(iter([]), **wrong))


def test_times_must_ascend():
    frames = iter([np.zeros((64, 64, 3), np.uint8)] * 3)
    with pytest.raises(ValueError, match="ascend"):
        list(spot(frames, times_ms=[0.0, 40.0, 40.0]))


@pytest.mark.parametrize("wrong", [{"kinds": ()}, {"kinds": ("small",)}, {"rule": "long"}, {"threshold": 0.0}])
def test_unknown_options_are_refused(wrong):
    with pytest.raises(ValueError, match="not"):
        SpotOptions(**wrong)
