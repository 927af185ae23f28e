import numpy as np
import pytest

from mevqa.video.reading.pace import Pace

LEAST_MS = 30.0


def chosen(times_ms, least_ms=LEAST_MS):
    pace, kept = Pace(least_ms), []
    for frame, ms in enumerate(times_ms):
        if pace.wants(ms):
            pace.take(ms)
            kept.append(frame)
    return kept


def jittered(fps, deviation_ms, seconds=60):
    """Times that lie around those of an even rate."""
    rng = np.random.default_rng(0)
    even = np.arange(seconds * fps) * 1000 / fps
    return np.sort(even + rng.normal(0, deviation_ms, len(even)).clip(-0.45 * 1000 / fps, 0.45 * 1000 / fps))


def first_after(times_ms):
    """Frames of which each is the first that is late enough after the one before."""
    kept = [0]
    for frame, ms in enumerate(times_ms):
        if ms - times_ms[kept[-1]] >= LEAST_MS:
            kept.append(frame)
    return kept


@pytest.mark.parametrize(("fps", "every"), [(10, 1), (25, 1), (30, 1), (50, 2), (60, 2), (100, 3), (200, 6), (240, 8)])
def test_at_a_constant_rate_every_nth_frame_is_chosen(fps, every):
    times = np.arange(1000) * 1000 / fps
    assert chosen(times) == first_after(times) == list(range(0, 1000, every))
    # Timestamps in whole milliseconds are of a constant rate too.
    assert chosen(np.round(times)) == first_after(np.round(times))


@pytest.mark.parametrize("deviation_ms", [3, 6, 10])
def test_nearly_every_frame_of_a_jittered_webcam_is_chosen(deviation_ms):
    times = jittered(30, deviation_ms)
    assert len(chosen(times)) > 0.98 * len(times)


def test_jittered_fast_footage_is_chosen_from_at_no_more_than_the_rate():
    times = jittered(120, 3)
    kept = chosen(times)
    assert 0.95 * 60_000 / LEAST_MS < len(kept) <= 60_000 / LEAST_MS + 2
    times_of_choice = times[kept]
    within = [np.searchsorted(times_of_choice, ms + 300) - place for place, ms in enumerate(times_of_choice)]
    assert max(within) <= 300 / LEAST_MS + 2


def test_after_a_pause_no_burst_of_frames_is_chosen():
    times = np.concatenate([np.arange(100) * 5.0, 10_000 + np.arange(100) * 5.0])
    kept = np.array(chosen(times))
    after = kept[kept >= 100]
    assert after[0] == 100 and len(after) <= 500 / LEAST_MS + 2


def test_a_frame_that_could_not_be_read_leaves_the_next_one_due():
    pace = Pace(LEAST_MS)
    assert pace.wants(0.0) and pace.wants(5.0)
    pace.take(5.0)
    assert not pace.wants(10.0)
