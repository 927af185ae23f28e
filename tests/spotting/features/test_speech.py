import numpy as np
from made_curves import bump
from made_records import NAMES, resting

from mevqa.spotting.features.speech import channels_with_speech, speech_activity

STEP = 1000 / 30
LIPS = [NAMES.index(name) for name in ("lower lip", "middle lips", "chin")]


def face(seconds=12):
    record = resting(np.arange(round(seconds / STEP * 1000)) * STEP)
    noise = np.random.default_rng(0).standard_normal(record.displacement.shape)
    record.displacement[:] = 3e-4 * noise
    return record


def test_talk_is_told_from_rest_and_from_an_expression():
    record = face()
    times = record.times_ms / 1000
    talk = np.where((times > 8) & (times < 11), 0.02 * np.sin(2 * np.pi * 4 * times), 0.0)
    record.displacement[:, LIPS, 1] += talk[:, None]
    record.displacement[:, LIPS, 1] += 0.03 * bump(record.times_ms, 3_000, 3_200, 3_500)[:, None]
    series = speech_activity(record)
    activity = series.values[:, 0]
    assert activity.min() >= 0 and activity.max() <= 1
    assert activity[(series.times_ms > 9_000) & (series.times_ms < 10_000)].min() > 0.7
    assert activity[series.times_ms < 6_000].max() < 0.2


def test_where_nothing_was_measured_nobody_talks():
    record = face()
    record.missing[:] = 1
    assert not speech_activity(record).values.any()


def test_speech_stands_behind_the_channels():
    series = channels_with_speech(face(), "me-tst")
    assert series.values.shape[1] == 11
    assert np.array_equal(series.values[:, -1:], speech_activity(face()).values)


def test_no_frames():
    assert speech_activity(resting(np.zeros(0))).values.shape == (0, 1)
