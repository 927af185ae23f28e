from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from mevqa.synthetic.long_profiles.behaviour import gaze_curves, turn_curves
from mevqa.synthetic.long_profiles.clock import frame_rate, kept_ticks
from mevqa.synthetic.long_profiles.expressions import UPPER_UNITS
from mevqa.synthetic.long_profiles.profile import CHANNELS, long_profile
from mevqa.synthetic.long_profiles.recording import LongRecording
from mevqa.synthetic.long_profiles.speech import speech_curves
from mevqa.synthetic.long_profiles.video_plan import plan_videos
from mevqa.synthetic.recording import Style

HARD = long_profile("hard")
CLOCK = HARD.recording.clock


@pytest.fixture(scope="module")
def videos():
    return plan_videos(20, 3, profile="hard", subjects=10, fps=(), classes="balanced", seconds=60.0)


def events(videos):
    return [(video, performance) for video in videos for performance in video.clip.performances]


def test_amplitudes_and_durations_are_those_of_the_profile(videos):
    kinds = Counter(performance.annotation.kind for _, performance in events(videos))
    assert min(kinds["micro"], kinds["macro"]) > 30
    for video, performance in events(videos):
        it = performance.annotation
        own = HARD.expressions.micro if it.kind == "micro" else HARD.expressions.macro
        assert own.amplitude[0] <= performance.amplitude <= own.amplitude[1]
        assert 0 <= it.onset < it.apex < it.offset < video.clip.frames
        if it.kind == "micro":
            assert (video.ticks[it.offset] - video.ticks[it.onset]) / CLOCK < 0.6
    assert HARD.expressions.micro.amplitude == (0.004, 0.015)


def test_people_talk_a_third_of_the_time_and_some_videos_are_still(videos):
    talked = sum(end - begin for video in videos for begin, end in video.talk)
    assert talked / sum(video.length for video in videos) == pytest.approx(1 / 3, abs=0.06)
    assert sum(not video.talk and not video.expressions for video in videos) == 2
    assert sum(bool(video.talk) and not video.expressions for video in videos) == 2


def test_expressions_overlap_and_follow_one_another(videos):
    pairs = [pair for video in videos for pair in pairwise(p.annotation for p in video.clip.performances)]
    assert sum(later.onset < earlier.offset for earlier, later in pairs) > 5
    assert sum(0 <= later.onset - earlier.offset <= 6 for earlier, later in pairs) > 5


def test_no_mouth_expression_is_hidden_by_talk_and_no_micro_expression_by_a_blink_or_a_moving_head(videos):
    for video in videos:
        for expression in video.expressions:
            it = expression.annotation
            if any(it.onset <= end and begin <= it.offset for begin, end in video.talk):
                numbers = {unit.number for unit in it.action_units}
                assert numbers <= UPPER_UNITS
            for turn in video.turns:
                assert all(it.offset < first or last < it.onset for first, last in turn.moving)
            if it.kind == "micro":
                for start, closing, opening in video.blinks:
                    assert it.offset < start or start + closing + opening < it.onset


def test_frames_come_late_or_not_at_all(videos):
    for video in videos:
        steps = np.diff(video.ticks)
        assert steps.min() > 0 and steps.std() > 1.0
        assert 0.9 < len(video.ticks) / 1800 < 1.0
        assert steps.max() >= 2 * CLOCK / 30 - 3


def test_the_rate_is_what_a_reader_takes_from_the_times():
    even = np.arange(300) * 8
    assert frame_rate(even, 240, 30.0) == pytest.approx(30.0)
    # One frame in a hundred lost: the average. One in ten: the usual step.
    assert frame_rate(np.delete(even, [100, 200]), 240, 30.0) == pytest.approx(29.8)
    assert frame_rate(np.delete(even, np.s_[5:290:10]), 240, 30.0) == pytest.approx(30.0)


def test_a_frame_is_given_back_where_an_expression_would_lose_its_apex():
    ticks = np.arange(30) * 8
    lost = np.zeros(30, bool)
    lost[11:14] = True
    assert list(kept_ticks(ticks, lost, [(80, 96, 112)])) == list(ticks)
    assert len(kept_ticks(ticks, lost, [])) == 27


def test_visemes_come_two_to_eight_times_a_second(videos):
    video = next(video for video in videos if video.talk)
    curves = speech_curves(np.random.default_rng(0), video.length, CLOCK, list(video.talk), video.speaker, HARD.talking)
    jaw = curves[CHANNELS.index("jaw")]
    inside = np.zeros(video.length, bool)
    for begin, end in video.talk:
        inside[begin : end + 1] = True
    assert not curves[:, ~inside].any() and curves.min() >= 0 and curves.max() < 1.4
    spectrum = np.abs(np.fft.rfft((jaw - jaw[inside].mean())[inside])) ** 2
    hertz = np.fft.rfftfreq(int(inside.sum()), 1 / CLOCK)
    assert spectrum[(hertz > 0.5) & (hertz < 8)].sum() > 0.9 * spectrum[hertz > 0.5].sum()


def test_heads_turn_up_to_twenty_degrees_and_come_back(videos):
    yaws = [turn.yaw for video in videos for turn in video.turns]
    assert 15 < np.degrees(np.abs(yaws)).max() <= 20
    curves = turn_curves(videos[0].length, videos[0].turns)
    assert np.abs(curves[:, [0, -1]]).max() < 1e-9
    assert np.degrees(np.abs(curves)).max() <= 20 + 1e-9


def test_eyes_look_aside_no_further_than_the_profile_says():
    curves = gaze_curves(np.random.default_rng(1), 60 * CLOCK, CLOCK, HARD.gaze)
    assert 0.02 < np.abs(curves[0]).max() <= HARD.gaze.across[1] + 1e-9
    assert np.abs(curves[1]).max() <= max(np.abs(HARD.gaze.down)) + 1e-9


def test_the_face_moves_by_the_amplitude_at_the_apex_and_not_at_the_onset(videos):
    video = next(video for video in videos if len(video.expressions) > 4)
    recording = LongRecording(video, 3, Style(160, 128))
    number = 0
    for performance in video.clip.performances:
        it = performance.annotation
        own = slice(number, number + len(performance.movements))
        number += len(performance.movements)
        strengths = recording.strengths[own]
        assert not strengths[:, : it.onset + 1].any()
        # No frame need be taken at the very apex; the tremor may make a neighbour a little larger.
        assert strengths[:, it.apex].mean() > 0.75
        assert strengths.mean(axis=0).max() - strengths[:, it.apex].mean() < 0.06
        fields = np.array(recording.renderer.fields[own])[..., :2]
        moved = np.linalg.norm(np.tensordot(strengths[:, it.apex], fields, 1), axis=-1).max()
        assert moved / recording.scene.eye_distance == pytest.approx(performance.amplitude, rel=0.25)
    assert number == len(recording.strengths) - len(CHANNELS) - len(video.swallows)
