from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_curves import bump
from spotted_events import spotted

from mevqa.benchmarks.spotting_trial import compare
from mevqa.benchmarks.trial_videos import trial_plans, write_trial
from mevqa.errors import MediaError
from mevqa.spotting import spot, spot_video
from mevqa.spotting.evidence import refine as refining
from mevqa.spotting.evidence.boundaries import Course
from mevqa.spotting.evidence.course import Coarse, TracedEvent
from mevqa.spotting.evidence.finish import finish
from mevqa.spotting.evidence.pictures import ForwardFrames
from mevqa.spotting.evidence.refine import _believable, _measure, refine
from mevqa.spotting.features.measure import measure
from mevqa.spotting.tracking.curves import channels
from mevqa.video.reading.reader import open_video


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    plans = trial_plans(1, 911, seconds=6.0, fps=(120.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("fast"), plans, "events", 911, size=(256, 256))[0]


@pytest.fixture(scope="module")
def fast_result(fast):
    return spot_video(fast.path)


def test_fast_footage_is_found_at_a_low_rate_and_timed_at_the_full_one(fast, fast_result, tmp_path):
    errors = compare([(fast, fast_result)], tmp_path).errors_ms("onset", "offset")
    assert errors and np.median(np.abs(errors)) <= 40
    with open_video(fast.path) as video:
        coarse = list(spot(iter(video), video.fps))
    assert len(coarse) == len(fast_result.events)
    for event, coarse_event in zip(fast_result.events, coarse, strict=True):
        assert abs(event.apex_ms - coarse_event.apex_ms) < 60
        assert [unit.unit for unit in event.units] == [unit.unit for unit in coarse_event.units]
    assert [event.onset_ms for event in fast_result.events] != [event.onset_ms for event in coarse]


def test_what_any_spotter_proposes_is_timed_at_the_full_rate(fast, fast_result):
    moved = [
        replace(event, kind="macro", onset_ms=event.onset_ms - 21, offset_ms=event.offset_ms + 21)
        for event in fast_result.events
    ]
    with open_video(fast.path) as video:
        again = finish(video, measure(video), moved).events
    for event, coarse in zip(again, moved, strict=True):
        assert event.kind == "macro" and event.onset_ms != coarse.onset_ms
        assert abs(event.onset_ms - coarse.onset_ms) <= 50 and abs(event.offset_ms - coarse.offset_ms) <= 50


def test_another_hill_is_not_taken_for_a_finer_time():
    coarse, fine = Course(100.0, 200.0, 300.0), Course(110.0, 260.0, 290.0)
    assert _believable(fine, coarse, 30.0) == Course(110.0, 200.0, 290.0)


class Counting:
    """A video of 200 frames a second that notes what is asked for."""

    fps = 200.0
    missing: frozenset[int] = frozenset()

    def __init__(self, seconds=10):
        self.times_ms = np.arange(200 * seconds) * 5.0
        self.asked = []

    def __len__(self):
        return len(self.times_ms)

    def frames(self, indices):
        self.asked += indices
        return [np.full((4, 4, 3), index % 251, np.uint8) for index in indices]


def test_frames_of_events_close_to_each_other_are_decoded_once_and_forward(monkeypatch):
    seen = []

    def measure(pictures, frames, placement):
        seen.append([int(picture[0, 0, 0]) for picture in pictures(frames)])
        return frames, np.zeros((len(frames), len(channels())))

    monkeypatch.setattr(refining, "_measure", measure)
    times = np.arange(0, 10_000, 1000 / 30)
    coarse = Coarse(times, bump(times, 4_000, 4_200, 4_400), np.ones(len(channels())), 1000 / 30)
    events = []
    for onset in (4_000.0, 4_500.0, 8_000.0):
        course = Course(onset, onset + 200, onset + 400)
        at = (onset, onset + 200, onset + 400)
        event = spotted((round(ms / 5) for ms in at), at)
        events.append(TracedEvent(event, course, 440.0, coarse, np.eye(2, 3)))
    video = Counting()
    assert len(refine(video, events, "half-second")) == 3
    assert video.asked == sorted(set(video.asked))
    # The frames of the first offset and of the second onset overlap: both measurements have seen them.
    assert len(sum(seen, [])) > len(video.asked)
    wanted = [
        [frame for frame in range(2000) if min(abs(5 * frame - onset - part) for part in (0, 200, 400)) <= 90]
        for onset in (4_000, 4_500, 8_000)
    ]
    assert seen == [[frame % 251 for frame in own] for own in wanted]


def folder_with_damage(folder, *damaged):
    """Write a folder of 12 pictures, of which some are cut off."""
    shades = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    for number in range(12):
        file = folder / f"{number:03d}.png"
        cv2.imwrite(str(file), np.roll(shades, number % 2, axis=0))
        if number in damaged:
            file.write_bytes(file.read_bytes()[:4_000])
    return folder


def test_pictures_that_only_the_second_pass_reads_are_skipped_where_they_are_damaged(tmp_path):
    folder = folder_with_damage(tmp_path, 0, 4, 9)
    with open_video(folder, fps=200, errors="skip") as video:
        pictures = ForwardFrames(video)
        pictures.keep = frozenset(range(8, 12))
        read = [picture is not None for picture in pictures(list(range(12)))]
        assert read == [number not in (0, 4, 9) for number in range(12)] and video.missing == {0, 4, 9}
        assert [picture is not None for picture in pictures([8, 9, 10])] == [True, False, True]
        measured, motion = _measure(ForwardFrames(video), [0, 1, 3, 4, 5], np.eye(2, 3))
        assert measured == [1, 3, 5] and motion.shape == (3, len(channels()))
        assert _measure(ForwardFrames(video), [4, 9], np.eye(2, 3))[0] == []
    with open_video(folder, fps=200) as video, pytest.raises(MediaError, match="000.png"):
        list(ForwardFrames(video)(list(range(12))))


def test_an_event_whose_pictures_are_damaged_keeps_its_coarse_times(tmp_path):
    times = np.arange(4) * 15.0
    coarse = Coarse(times, bump(times, 0, 20, 40), np.ones(len(channels())), 15.0)
    event = spotted((0, 4, 8), (0.0, 20.0, 40.0))
    traced = TracedEvent(event, Course(0.0, 20.0, 40.0), 40.0, coarse, np.eye(2, 3))
    with open_video(folder_with_damage(tmp_path, *range(10)), fps=200, errors="skip") as video:
        assert refine(video, [traced], "half-second") == [event]
