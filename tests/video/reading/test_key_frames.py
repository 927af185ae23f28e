from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mevqa.events import Event
from mevqa.video.reading.key_frames import (
    APEX_ON_ONSET,
    APEX_OUTSIDE,
    NAMES_BEFORE_CODES,
    OFFSET_ON_APEX,
    OFFSET_ON_ONSET,
    key_frames,
    usable,
)


@dataclass
class Opened:
    length: int
    named_key_frames: dict[str, int] = field(default_factory=dict)

    def __len__(self):
        return self.length


@pytest.mark.parametrize(
    ("coded", "kept", "warnings"),
    [
        ((10, 20, 30), (10, 20, 30), ()),
        ((10, None, 30), (10, None, 30), ()),
        ((10, 10, 30), (10, None, 30), (APEX_ON_ONSET,)),
        ((10, 10, None), (10, None, None), (APEX_ON_ONSET,)),
        ((10, 30, 30), (10, 30, None), (OFFSET_ON_APEX,)),
        ((10, 10, 10), (10, None, None), (OFFSET_ON_ONSET, APEX_ON_ONSET)),
        ((10, None, 10), (10, None, None), (OFFSET_ON_ONSET,)),
        ((10, 20, 10), (10, 20, None), (OFFSET_ON_ONSET,)),
        ((10, 5, 30), (10, None, 30), (APEX_OUTSIDE,)),
        ((10, 31, 30), (10, None, 30), (APEX_OUTSIDE,)),
        # Which of the two is wrong cannot be told.
        ((30, 20, 10), (30, 20, 10), ()),
        ((30, 20, None), (30, 20, None), ()),
        ((None, 20, 10), (None, 20, 10), ()),
    ],
)
def test_coded_moments_that_cannot_be_right(coded, kept, warnings):
    known = usable(Event(*coded, fine="fear"))
    assert (known.event, known.warnings) == (Event(*kept, fine="fear"), warnings)


def test_nothing_follows_an_apex_on_the_last_frame():
    assert usable(Event(10, 30, 30), 31).warnings == ()
    assert usable(Event(10, 30, 30), 32).warnings == (OFFSET_ON_APEX,)


@pytest.mark.parametrize(
    ("length", "moments", "message"),
    [
        (1, (0, 0, 0), "one picture"),
        (2, (0, 1, 1), "two frames, taken as onset and apex"),
        (3, (0, 1, 2), "three frames, taken as onset, apex and offset"),
    ],
)
def test_clips_of_key_frames(length, moments, message):
    known = key_frames(Event(coarse="negative"), Opened(length))
    assert known.event == Event(*moments, coarse="negative")
    assert message in known.warnings[0]


def test_four_frames_are_a_clip():
    assert key_frames(Event(), Opened(4)).event == Event()


def test_coded_moments_come_before_the_number_of_frames():
    assert key_frames(Event(0, 2), Opened(3)).event == Event(0, 2, 2)
    assert key_frames(Event(0, 0), Opened(2)).event == Event(0, 1, 1)
    assert key_frames(Event(0), Opened(2)).event == Event(0, 1, 1)


def test_pictures_named_as_key_frames_come_before_coded_frames():
    named = Opened(3, {"onset": 0, "apex": 1, "offset": 2})
    assert key_frames(Event(21, 31, 47), named).warnings == (NAMES_BEFORE_CODES,)
    assert key_frames(Event(21, 31, 47), named).event == Event(0, 1, 2)
    assert key_frames(Event(0, 1), named).warnings == ()


@pytest.mark.parametrize(
    ("named", "moments", "missing"),
    [
        ({"apex": 0, "offset": 1}, (0, 0, 1), "onset"),
        ({"onset": 0, "offset": 1}, (0, 0, 1), "apex"),
        ({"onset": 0}, (0, 0, 0), "apex"),
    ],
)
def test_key_frames_without_onset_or_apex_show_no_motion(named, moments, missing):
    known = key_frames(Event(), Opened(len(named), named))
    assert known.event == Event(*moments)
    assert known.warnings == (f"no picture is named {missing}: there is no motion to see",)


def test_names_among_numbered_frames_are_kept_and_the_rest_is_left_open():
    assert key_frames(Event(), Opened(9, {"apex": 4})).event == Event(None, 4, None)
