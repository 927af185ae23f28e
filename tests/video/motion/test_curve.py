from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mevqa.video.motion.course import PRIOR_APEX, PRIOR_DURATION_MS, plain
from mevqa.video.motion.curve import decode, prior_peak, retimed

CHANNELS = 24


def profile(times, onset, apex, offset):
    """A raised cosine that is 0 at onset and offset and 1 at the apex."""
    return plain(onset, apex, offset).extents(times)[0]


def face(times, onset, apex, offset, *, seed=0, noise=0.1, shape=None):
    """Curves of a face in which a third of the channels take part, in both directions."""
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random(CHANNELS) < 0.35, rng.normal(0, 1, CHANNELS), 0.0)
    weights[0] = 1.0
    course = profile(times, onset, apex, offset) if shape is None else shape
    return course[:, None] * weights + noise * rng.normal(size=(len(times), CHANNELS))


def clock(fps, until):
    return np.arange(0, until + 1e-9, 1000 / fps)


@pytest.mark.parametrize("fps", [25, 30, 60, 100, 200, 300])
@pytest.mark.parametrize("seed", range(3))
def test_apex_is_found_at_every_frame_rate(fps, seed):
    times = clock(fps, 1100)
    onset = 150 + 120 * seed
    peak = decode(face(times, onset, onset + 170, onset + 400, seed=seed), times)
    assert abs(peak.apex_ms - (onset + 170)) <= max(20, 1000 / fps)
    assert abs(peak.onset_ms - onset) <= 60 and abs(peak.offset_ms - (onset + 400)) <= 60
    assert peak.evidence > 0 and 0 < peak.confidence <= 1


@pytest.mark.parametrize("place", [0.3, 0.4, 0.5])
def test_clip_cut_exactly_at_onset_and_offset(place):
    times = clock(100, 400)
    peak = decode(face(times, 0, place * 400, 400, seed=1), times)
    assert abs(peak.apex_ms - place * 400) <= 20
    assert peak.onset_ms <= 30 and peak.offset_ms >= 360


def test_units_constants_and_signs_do_not_matter():
    times = clock(60, 900)
    curves = face(times, 200, 380, 600)
    first = decode(curves, times)
    again = decode(-250.0 * curves + np.linspace(-5, 5, CHANNELS), times)
    assert again.apex_ms == pytest.approx(first.apex_ms) and again.evidence == pytest.approx(first.evidence)


def test_first_frame_need_not_be_neutral():
    times = clock(100, 800)
    curves = face(times, -60, 130, 400)
    assert abs(decode(curves - curves[0], times).apex_ms - 130) <= 20


def test_a_flat_plateau_has_its_apex_on_it():
    times = clock(100, 1000)
    shape = np.clip(1.6 * profile(times, 300, 500, 700), 0, 1)
    plateau = times[shape >= 1]
    assert plateau[0] <= decode(face(times, 0, 0, 0, shape=shape), times).apex_ms <= plateau[-1]


def held(times, shoulder, apex, *, height=0.8, sag=0.1, rest=0.3):
    """Fast rise from 200 ms to a shoulder, creep to the apex, a hold that sags, return to a part of the extent."""
    points = [0, 200, shoulder, apex, apex + 100, apex + 220, 5000]
    return np.interp(times, points, [0, 0, height, 1, 1 - sag, rest, rest])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fps", [60, 200])
def test_the_apex_is_the_end_of_the_creep_and_not_the_shoulder(fps, seed):
    times = clock(fps, 1000)
    curves = face(times, 0, 0, 0, shape=held(times, 290, 420), noise=0.05, seed=seed)
    peak = decode(curves, times)
    assert abs(peak.apex_ms - 420) <= 25
    assert peak.onset_ms < 290 and peak.offset_ms > 500


def test_the_apex_of_held_expressions_is_centred():
    times = clock(120, 1000)
    rng = np.random.default_rng(6)
    errors = []
    for seed in range(24):
        shoulder, apex = 200 + rng.uniform(60, 120), 200 + rng.uniform(150, 250)
        curves = face(
            times, 0, 0, 0, shape=held(times, shoulder, apex, rest=rng.uniform(0, 0.4)), seed=seed, noise=0.15
        )
        errors.append(decode(curves, times).apex_ms - apex)
    assert abs(np.median(errors)) <= 15 and np.mean(np.abs(errors) <= 40) >= 0.8


@pytest.mark.parametrize("seed", range(3))
def test_the_apex_is_that_of_the_cleaner_curve(seed):
    times = clock(120, 1000)
    shape = held(times, 290, 420)
    peak = decode(face(times, 0, 0, 0, shape=shape, noise=0.4, seed=seed), times)
    clean = 3 + 7 * shape + 0.05 * np.random.default_rng(seed).normal(size=len(times))
    again = retimed(peak, clean, times)
    assert abs(again.apex_ms - 420) <= 20 and again.onset_ms <= again.apex_ms <= again.offset_ms
    assert retimed(peak, -clean, times) == peak


def test_units_that_move_late_count():
    times = clock(100, 1000)
    curves = face(times, 0, 0, 0, shape=held(times, 280, 380, height=0.95), noise=0.05)
    late = np.random.default_rng(9).normal(0, 1, CHANNELS)
    curves += 0.6 * profile(times, 300, 420, 560)[:, None] * late
    assert 360 <= decode(curves, times).apex_ms <= 440


def test_a_face_that_does_not_return_is_not_taken_for_one_that_left_before():
    times = clock(120, 900)
    peak = decode(face(times, 0, 0, 0, shape=held(times, 300, 400, rest=0.45), noise=0.25), times)
    assert abs(peak.apex_ms - 400) <= 50


def test_the_extent_of_a_peak_is_that_of_the_expression():
    times = clock(100, 1000)
    shape = held(times, 290, 420, rest=0.0)
    extent = decode(face(times, 0, 0, 0, shape=shape, noise=0.05), times).extent(times)
    assert np.abs(extent / extent.max() - shape).max() < 0.2
    assert prior_peak(times).extent(times).max() == pytest.approx(1.0, abs=0.01)


def test_slow_drift_is_not_an_expression():
    times = clock(60, 1500)
    rng = np.random.default_rng(4)
    drift = np.sin(2 * np.pi * times[:, None] / 2600 + rng.uniform(0, 6, CHANNELS)) * rng.normal(0, 1.5, CHANNELS)
    assert abs(decode(face(times, 700, 850, 1080) + drift, times).apex_ms - 850) <= 33


def test_nuisance_is_ignored():
    times = clock(100, 1200)
    blink = np.exp(-0.5 * ((times - 300) / 40) ** 2)
    curves = face(times, 600, 760, 1000) + 3 * blink[:, None] * np.linspace(0, 1, CHANNELS)
    assert abs(decode(curves, times, nuisance=blink[:, None]).apex_ms - 760) <= 20


def test_unequally_spaced_samples():
    rng = np.random.default_rng(2)
    times = np.sort(rng.choice(clock(200, 1000), 90, replace=False))
    assert abs(decode(face(times, 300, 470, 700), times).apex_ms - 470) <= 20


def test_what_is_known_is_kept():
    times = clock(100, 900)
    curves = face(times, 200, 360, 620)
    both = decode(curves, times, onset_ms=200, offset_ms=620)
    assert (both.onset_ms, both.offset_ms) == (200, 620) and abs(both.apex_ms - 360) <= 20
    given = decode(curves, times, apex_ms=360)
    assert given.apex_ms == 360 and abs(given.onset_ms - 200) <= 60


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_handful_of_samples_gives_the_prior(length):
    times = clock(25, 40 * (length - 1))
    assert decode(np.zeros((length, 3)), times).confidence == 0


def test_noise_alone_gives_the_prior():
    times = clock(60, 900)
    hits = sum(decode(face(times, 0, 0, 0, seed=seed, shape=0 * times), times).evidence > 0 for seed in range(20))
    assert hits <= 2


def test_no_motion_at_all_gives_the_prior():
    times = clock(60, 380)
    peak = decode(np.ones((len(times), 5)), times)
    assert (peak.onset_ms, peak.offset_ms) == (times[0], times[-1])
    assert peak.apex_ms == pytest.approx(PRIOR_APEX * times[-1])


def test_prior_of_a_long_clip_has_the_usual_duration_in_the_middle():
    peak = prior_peak(clock(50, 4000))
    assert peak.offset_ms - peak.onset_ms == pytest.approx(PRIOR_DURATION_MS)
    assert (peak.onset_ms + peak.offset_ms) / 2 == pytest.approx(2000)


@pytest.mark.parametrize("known", [(100, None, None), (None, 300, None), (None, None, 500), (100, None, 500)])
def test_prior_keeps_what_is_known(known):
    peak = prior_peak(clock(50, 2000), *known)
    moments = (peak.onset_ms, peak.apex_ms, peak.offset_ms)
    assert all(given is None or given == value for given, value in zip(known, moments, strict=True))
    assert 0 <= moments[0] <= moments[1] <= moments[2] <= 2000


@pytest.mark.parametrize(
    ("curves", "times"),
    [
        (np.zeros(5), np.arange(5.0)),
        (np.zeros((5, 2)), np.arange(4.0)),
        (np.zeros((3, 2)), np.array([0.0, 2.0, 2.0])),
        (np.full((3, 2), np.nan), np.arange(3.0)),
    ],
)
def test_malformed_curves_are_refused(curves, times):
    with pytest.raises(ValueError):
        decode(curves, times)


@pytest.mark.parametrize("jump_ms", [1e6, 1e9])
def test_a_jump_of_the_times_costs_no_more_memory(jump_ms):
    times = np.arange(40) * 20.0
    times[20:] += jump_ms
    tracemalloc.start()
    decode(np.random.default_rng(0).normal(size=(40, 6)), times)
    decode(np.random.default_rng(0).normal(size=(40, 6)), times, onset_ms=0.0, offset_ms=float(times[-1]))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 300e6
