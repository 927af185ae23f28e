"""Handlers of the form of annotations, without a browser: which event is chosen, and what the form shows of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from parts_by_name import PARTS

import mevqa
from mevqa.app.clips.library import Choice
from mevqa.app.clips.open_clip import OpenClip, set_event_moments
from mevqa.app.pages.annotation import AnnotationPage, AnnotationParts
from mevqa.app.sessions.session import Sessions
from mevqa.app.settings import AppSettings, Limits
from mevqa.app.state import AppState

FORM = AnnotationParts(**{name: name for name in AnnotationParts.__dataclass_fields__})
EVENTS = (mevqa.Event(40, 45, 50), mevqa.Event(100, 105, 112, kind="macro"))


@pytest.fixture
def visited(visit):
    """The handlers of a page, the session of a visitor with a long video, and the visitor's request."""
    sessions = Sessions(Limits())
    state = AppState(AppSettings(), sessions, SimpleNamespace(names=("mock",)))
    request = visit(SimpleNamespace(state=state)).request
    session = state.session(request)
    clip = mevqa.Clip("talk", "casme2", media=Path("talk.mp4"))
    session.clip = OpenClip(clip, "talk.mp4", 600, 30.0, 19.97, long=True, events=EVENTS)
    yield AnnotationPage(state, PARTS, FORM), session, request
    sessions.close_all()


def test_the_form_shows_the_kind_of_the_event_that_is_chosen_and_keeps_it(visited):
    handlers, session, request = visited
    assert handlers.shown(request)["kind"] == "by its length"
    kind = handlers.chosen(1, request)["kind"]
    assert kind == "macro"
    handlers.saved(1, ["4"], "", "", kind, "s01", "", "casme2", request)
    assert session.clip.events[1] == mevqa.Event(100, 105, 112, mevqa.parse_units("4"), kind="macro")


def test_a_clip_of_the_list_is_saved_with_its_own_data_set_and_by_its_rule(visited):
    handlers, session, request = visited
    clip = mevqa.Clip("talk", "casme3", media=Path("talk.mp4"))
    slow_return = mevqa.Event(40, 45, 70)
    session.clip = OpenClip(clip, "talk", 600, 30.0, 19.97, long=True, events=(slow_return,), choice=Choice(clip))
    assert handlers.shown(request)["kind"] == "by its length"
    handlers.saved(0, ["4"], "", "", "by its length", "s01", "", "unknown", request)
    assert (session.clip.clip.dataset, session.clip.events[0].kind) == ("casme3", "micro")


def test_the_chosen_event_stays_chosen_when_it_is_moved_past_another(visited):
    handlers, session, request = visited
    session.clip = set_event_moments(session.clip, 0, 200, 205, 210)
    listed = handlers.moved(0, request)["event"]
    assert listed["value"] == 0
    assert [(label[:8], number) for label, number in listed["choices"]] == [("1: macro", 1), ("2: micro", 0)]
    handlers.saved(0, ["12"], "", "", "by its length", "s01", "", "casme2", request)
    assert [str(event.action_units) for event in session.clip.events] == ["()", str(mevqa.parse_units("12"))]
    pressed = handlers.pressed(SimpleNamespace(_data={"key": session.clip.key, "event": 1}), request)
    assert (pressed["event"], pressed["kind"]) == (1, "macro")
