"""Values that the timeline shows, and the checks of moments and frames that a browser sends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import mevqa
from mevqa.app.clips.annotating import with_event, without_event
from mevqa.app.clips.open_clip import OpenClip, set_event_moments, set_moments
from mevqa.app.timeline.values import chosen_event, moved_moments, sought_frame, timeline_value

CLIP = mevqa.Clip("one", "casme2", media=Path("one.mp4"), annotation=mevqa.Event(4, 10, 19))
SHORT = OpenClip(CLIP, "one.mp4", 25, 50.0, 0.48, long=False)
EVENTS = (
    mevqa.Event(40, 45, 50, score=0.9),
    mevqa.Event(100, None, 130, fine="anger", coarse="negative", kind="macro"),
)
LONG = OpenClip(replace(CLIP, annotation=None), "long.mp4", 600, 30.0, 19.97, long=True, events=EVENTS)


def test_a_short_clip_has_moments_and_starts_at_the_apex():
    value = timeline_value(replace(SHORT, curve=((0, 0.0), (10, 0.51234))))
    assert value["moments"] == {"onset": 4, "apex": 10, "offset": 19}
    assert (value["cursor"], value["frames"], value["step"]) == (10, 25, pytest.approx(0.02))
    assert value["curve"] == [[0, 0.0], [10, 0.5123]]
    assert value["events"] == [] and "arrow keys" in value["legend"]


def test_a_long_video_has_events_that_are_told_apart_and_no_moments_of_its_own():
    value = timeline_value(LONG)
    assert value["moments"] is None and value["cursor"] == 45
    assert [(event["kind"], event["apex"], event["note"]) for event in value["events"]] == [
        ("micro", 45, "score 0.90"),
        ("macro", 100, ""),
    ]
    assert "Diamonds" in value["legend"]


def test_nothing_is_shown_without_a_video_and_no_moments_where_they_are_not_known():
    assert timeline_value(None) is None
    value = timeline_value(replace(SHORT, clip=replace(CLIP, annotation=None)))
    assert (value["moments"], value["cursor"]) == (None, 0)


def test_an_event_that_was_added_is_shown_once():
    first, again = (timeline_value(LONG, added=1)["added"] for _ in range(2))
    assert first["event"] == 1 and first["stamp"] != again["stamp"]
    assert timeline_value(LONG)["added"] is None
    assert chosen_event({"key": LONG.key, "event": 1}, LONG) == 1
    with pytest.raises(mevqa.MevqaError, match="no such event"):
        chosen_event({"key": LONG.key, "event": 2}, LONG)


def test_a_long_curve_is_thinned_and_keeps_its_peak():
    curve = tuple((frame, float(frame == 7777)) for frame in range(20_000))
    points = timeline_value(replace(LONG, curve=curve))["curve"]
    assert len(points) <= 1200 and [7777, 1.0] in points


def test_moments_that_were_set_are_taken():
    sent_moments = {"key": SHORT.key, "event": None, "onset": 3, "apex": 11, "offset": 24}
    assert moved_moments(sent_moments, SHORT) == (None, (3, 11, 24))
    assert set_moments(SHORT, 3, 11, 24).moments == (3, 11, 24)
    assert moved_moments({**sent_moments, "key": LONG.key, "event": 1}, LONG) == (1, (3, 11, 24))
    assert sought_frame({"key": SHORT.key, "frame": 24}, SHORT) == 24


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "another"}, "another video was opened"),
        ({"apex": None}, "has frames 0 to 24"),
        ({"apex": "7"}, "has frames 0 to 24"),
        ({"apex": 2.5}, "has frames 0 to 24"),
        ({"apex": True}, "has frames 0 to 24"),
        ({"onset": -1}, "has frames 0 to 24"),
        ({"offset": 25}, "has frames 0 to 24"),
        ({"event": 0}, "no such event"),
        ({"event": "0"}, "no such event"),
    ],
)
def test_moments_that_no_timeline_sends_are_refused(change, message):
    sent_moments = {"key": SHORT.key, "event": None, "onset": 3, "apex": 11, "offset": 24, **change}
    with pytest.raises(mevqa.MevqaError, match=message):
        moved_moments(sent_moments, SHORT)
    if "event" not in change and "apex" not in change:
        with pytest.raises(mevqa.MevqaError):
            sought_frame({"key": sent_moments["key"], "frame": 25}, SHORT)


def test_an_event_of_a_long_video_is_moved_and_keeps_its_classes():
    moved = set_event_moments(LONG, 1, 101, 110, 131)
    assert moved.events == (EVENTS[0], mevqa.Event(101, 110, 131, (), "anger", "negative", "macro"))
    with pytest.raises(mevqa.MediaError, match="must follow one another"):
        set_event_moments(LONG, 1, 120, 110, 131)


def test_an_event_that_is_moved_past_another_keeps_its_number_and_the_order_is_that_of_time():
    moved = set_event_moments(LONG, 0, 200, 205, 210)
    assert [event.onset for event in moved.events] == [100, 200]
    assert [event["number"] for event in timeline_value(moved)["events"]] == [1, 0]
    assert chosen_event({"key": moved.key, "event": 0}, moved) == 1
    # A second move that was sent before the browser knew of the new order is about the same event.
    at, moments = moved_moments({"key": moved.key, "event": 0, "onset": 220, "apex": 225, "offset": 230}, moved)
    assert [event.onset for event in set_event_moments(moved, at, *moments).events] == [100, 220]


def test_events_that_are_added_and_removed_have_numbers_of_their_own():
    added, at = with_event(LONG, 70)
    assert (at, added.event_numbers) == (1, (0, 2, 1))
    again, at = with_event(added, 70)
    assert again.event_numbers[at] == 3 and again.events[at] == again.events[at - 1]
    removed = without_event(added, 0)
    assert removed.event_numbers == (2, 1) and removed.place_of(0) is None
    assert timeline_value(added, added=1)["added"]["event"] == 2
