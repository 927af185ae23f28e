"""Peaks, scalable intervals, merged points and triplets, on curves drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.spotting.decoding import (
    Detection,
    absolute_peaks,
    decoders,
    find_decoder,
    point_to_interval,
    register_decoder,
    relative_peaks,
    scalable_intervals,
    start_apex_end,
)
from mevqa.spotting.decoding.peaks import fixed_intervals, smooth

HALF = 5


def curve(*places: int, length: int = 100, height: float = 0.9, width: float = 3.0) -> np.ndarray:
    """A curve with a bump at every place."""
    samples = np.arange(length)
    return 0.05 + sum(height * np.exp(-(((samples - place) / width) ** 2)) for place in places)


def test_a_peak_becomes_an_interval_of_the_expected_length():
    (event,) = absolute_peaks(curve(40), HALF, 0.3)
    assert (event.onset, event.apex, event.offset) == (35, 40, 45)
    assert event.score == pytest.approx(smooth(curve(40), HALF)[40])


def test_an_absolute_threshold_can_find_nothing_and_a_relative_one_cannot():
    faint = curve(40, height=0.01)
    assert absolute_peaks(faint, HALF, 0.3) == []
    assert [event.apex for event in relative_peaks(faint, HALF, 0.55)] == [40]


def test_head_and_tail_of_a_video_are_scored():
    events = absolute_peaks(curve(0, 99), HALF, 0.3)
    assert [(event.onset, event.apex, event.offset) for event in events] == [(0, 0, 5), (94, 99, 99)]


def test_the_mean_at_the_ends_is_over_what_there_is():
    assert smooth(np.ones(30), HALF) == pytest.approx(np.ones(30))
    assert smooth(np.ones(3), HALF) == pytest.approx(np.ones(3))


def test_neighbours_share_the_samples_between_them():
    first, second = fixed_intervals(np.ones(100), [40, 47], HALF)
    assert (first.onset, first.offset, second.onset, second.offset) == (35, 43, 44, 52)


@pytest.mark.parametrize("name", [decoder.name for decoder in decoders()])
def test_a_flat_curve_has_no_peak(name):
    decoder = find_decoder(name)
    assert decoder.decode(np.full(50, 0.2), HALF, 0.55) == []


def test_scalable_intervals_follow_the_curve():
    long = np.full(200, 0.05)
    long[60:100] = np.hanning(40) + 0.05
    (scalable,) = scalable_intervals(long, HALF, 0.55)
    assert scalable.onset < 75 and scalable.offset > 84
    assert 78 <= scalable.apex <= 81
    # Fixed intervals are blind to the length.
    (fixed,) = relative_peaks(long, HALF, 0.55)
    assert fixed.offset - fixed.onset < scalable.offset - scalable.onset


def test_a_scalable_interval_is_mirrored_with_its_curve():
    shape = np.full(120, 0.05)
    shape[30:60] = np.linspace(0, 1, 30)
    shape[60:70] = np.linspace(1, 0, 10)
    (there,), (back,) = scalable_intervals(shape, HALF, 0.55), scalable_intervals(shape[::-1], HALF, 0.55)
    assert (back.onset, back.offset) == (119 - there.offset, 119 - there.onset)


def test_of_two_overlapping_scalable_intervals_the_earlier_one_stays():
    wide = np.full(120, 0.05)
    wide[30:50] = np.hanning(20)
    wide[44:64] = np.maximum(wide[44:64], 0.95 * np.hanning(20))
    assert len(relative_peaks(wide, 4, 0.3)) == 2
    assert len(scalable_intervals(wide, 4, 0.3)) == 1


def test_points_become_intervals():
    scores = np.zeros(60)
    scores[10:20] = 0.8
    scores[14] = 0.9
    scores[22:30] = 0.7  # Two samples apart: one expression.
    scores[50] = 0.9  # A single sample is none.
    (event,) = point_to_interval(scores, 8, 0.5)
    assert (event.onset, event.apex, event.offset) == (10, 14, 29)
    assert event.score == pytest.approx(scores[10:30].mean())


def test_triplets_take_the_likeliest_start_and_end():
    start, apex, end = np.zeros((3, 60))
    start[[20, 24]] = [0.5, 0.9]
    apex[[26, 27]] = [0.8, 0.9]
    end[31] = 0.7
    assert start_apex_end(start, apex, end, 7) == [Detection(24, 27, 31, pytest.approx(0.9 * 0.9 * 0.7))]
    assert start_apex_end(start, apex * 0.5, end, 7) == []


def test_triplets_at_the_ends_of_a_video_and_of_curves_that_differ():
    apex = np.zeros(60)
    apex[[0, 59]] = 0.9
    assert start_apex_end(np.ones(60), apex, np.ones(60), 7) == []
    with pytest.raises(ValueError, match="60, 60 and 59 samples"):
        start_apex_end(np.ones(60), apex, np.ones(59), 7)


def test_a_video_has_at_most_so_many_triplets():
    apex = np.zeros(300)
    apex[20:300:40] = np.linspace(0.6, 0.9, 7)
    events = start_apex_end(np.ones(300), apex, np.ones(300), 7, most=3)
    assert [event.apex for event in events] == [180, 220, 260]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=80), st.integers(1, 12), st.floats(0, 1))
def test_detections_lie_inside_their_video_in_the_order_of_time(scores, half, threshold):
    for decoder in decoders():
        events = decoder.decode(np.array(scores), half, threshold)
        assert events == sorted(events, key=lambda event: event.onset)
        for event in events:
            assert 0 <= event.onset <= event.apex <= event.offset < len(scores)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=80), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_only_drops_detections_where_a_decoder_says_so(scores, first, second):
    low, high = sorted((first, second))
    for decoder in decoders():
        lower, higher = (decoder.decode(np.array(scores), HALF, threshold) for threshold in (low, high))
        staying = [detection for detection in lower if detection.score >= high]
        if decoder.only_drops:
            assert higher == staying
        if decoder.selects_by_score:
            assert [(detection.apex, detection.score) for detection in higher] == [
                (detection.apex, detection.score) for detection in staying
            ]


def test_peaks_of_one_height_stay_the_same_whatever_lower_peaks_there_are():
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = rng.integers(0, 4, 200) / 4
        low, high = (absolute_peaks(scores, 4, threshold) for threshold in (-np.inf, 0.4))
        assert [detection.apex for detection in high] == [detection.apex for detection in low if detection.score >= 0.4]


def test_names():
    with pytest.raises(InputError, match=r"unknown decoder 'absolute-peak'; did you mean 'absolute-peaks'\?"):
        find_decoder("absolute-peak")
    with pytest.raises(ValueError, match="registered already"):
        register_decoder("absolute-peaks")(absolute_peaks)
