"""Recognising spotted events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from long_clips import event, perfect, spotting

from mevqa.events import Event
from mevqa.inference.long_videos.recognition import recognise
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.models.mock import MockModel
from mevqa.models.registry import load_model
from mevqa.questions.prompts import PromptLibrary
from mevqa.types import Reply
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video_file import PacketMismatch, VideoFile
from mevqa.video.views.render import render_clip, render_events

PROMPTS = PromptLibrary.load()
SEEING = Preferences(views=("onset", "apex"))
VIEW_CONFIG = ViewConfig(("onset", "apex"), face="none")


def says(yes_at_event=0.9, yes_at_rest=0.1, **more):
    """Return a model that names brow lowerer, anger, and how sure it is that an expression is shown."""
    order = []

    def script(request):
        text = request.text
        if "expression shown" in text:
            # Of an event other things are asked first.
            yes = yes_at_event if order else yes_at_rest
            order.clear()
            return Reply("yes" if yes > 0.5 else "no", {"yes": yes, "no": 1 - yes}, max(yes, 1 - yes))
        if "fine-grained" in text.splitlines()[0]:
            order.append("event")
            return "anger"
        if "coarse" in text.splitlines()[0]:
            return "negative"
        if "brow lowerer" in text.splitlines()[0]:
            return Reply("yes", {"yes": 0.9, "no": 0.1}, 0.9)
        if text.startswith("Is the action unit"):
            return Reply("no", {"yes": 0.1, "no": 0.9}, 0.9)
        return "brow lowerer" if text.startswith("What is the action unit") else "brow lowerer, lid tightener"

    return MockModel(script, preferences=SEEING.model_copy(update=more))


def test_every_event_is_looked_at_once_in_the_order_of_time_with_its_time_in_the_prompt(long_set):
    clip, spotted = perfect(long_set)
    model = says()
    recognised = list(recognise(clip, spotted, model, PROMPTS, VIEW_CONFIG))
    assert [(e.interval, e.score) for e in recognised] == [(e.interval, e.score) for e in spotted.events]
    assert len(recognised) >= 2
    rest = next(call for call in model.calls if len(call.requests) == 1)
    calls = [call for call in model.calls if call is not rest]
    assert len(calls) == len(spotted.events)
    for call, expression in zip(calls, spotted.events, strict=True):
        assert (
            f"from {expression.onset_ms / 1000:.2f} s to {expression.offset_ms / 1000:.2f} s" in call.views[0].caption
        )
        assert [view.frames for view in call.views] == [(expression.onset,), (expression.apex,)]
    assert {(e.fine, e.coarse) for e in recognised} == {("anger", "negative")}


def test_the_events_of_a_video_look_as_each_alone(long_set):
    clip, spotted = perfect(long_set)
    spans = [Event(e.onset, e.apex, e.offset) for e in spotted.events]
    together = list(render_events(clip, spans, views=("onset", "apex", "motion"), face="none"))
    assert len(together) == len(spans)
    for rendered, span in zip(together, spans, strict=True):
        alone = render_clip(replace(clip, annotation=span), views=("onset", "apex", "motion"), face="none")
        assert [view.frames for view in rendered.views] == [view.frames for view in alone.views]
        assert all(a.image.tobytes() == b.image.tobytes() for a, b in zip(rendered.views, alone.views, strict=True))


def test_overlapping_events_are_looked_at_in_one_pass(long_set, monkeypatch):
    clip, _ = perfect(long_set)
    spans = [Event(10, 40, 90), Event(20, 30, 60), Event(50, 95, 100), Event(20, 30, 60)]
    starts = []
    decode = VideoFile._decode
    monkeypatch.setattr(VideoFile, "_decode", lambda self, start=0: starts.append(1) or decode(self, start))
    views = ("onset", "apex", "offset")
    once = read_once(
        clip.media, lambda video: list(render_events(clip, spans, views=views, face="none", footage=video))
    )
    assert len(starts) == 1
    for rendered, span in zip(once, spans, strict=True):
        alone = render_clip(replace(clip, annotation=span), views=views, face="none")
        assert all(a.image.tobytes() == b.image.tobytes() for a, b in zip(rendered.views, alone.views, strict=True))


def test_a_file_that_is_not_as_announced_is_read_in_the_careful_way(long_set, monkeypatch):
    clip, spotted = perfect(long_set)
    expected = recognise(clip, spotted, says(), PROMPTS, VIEW_CONFIG)

    refused = []
    frames = VideoFile.frames

    def lies(self, indices):
        if self._table.source == "packets":
            refused.append(self.path)
            raise PacketMismatch(self.path, "frame 3 is another")
        return frames(self, indices)

    monkeypatch.setattr(VideoFile, "frames", lies)
    assert recognise(clip, spotted, says(), PROMPTS, VIEW_CONFIG) == expected and refused


def test_units_are_what_lists_and_presence_answers_say_together(long_set):
    clip, spotted = perfect(long_set)
    spotted = replace(spotted, events=(replace(spotted.events[0], units=event(0, 9, units=("4", "7")).units),))
    (recognised,) = recognise(clip, spotted, says(sees_rest=False), PROMPTS, VIEW_CONFIG)
    # Both lists name the brows; only the list that must name two names the lids, and their presence is denied.
    assert recognised.unit_names == ("brow lowerer",)


@pytest.mark.parametrize(
    ("at_event", "at_rest", "score", "kept"),
    [
        (0.95, 0.95, 0.9, True),  # says yes to everything: nothing is learnt
        (0.05, 0.9, 0.6, False),  # sees less than at rest
        (0.2, 0.9, 0.999, True),  # the spotter is surer
        (0.9, 0.1, 0.3, True),
        (0.5, 0.5, 0.3, True),  # unsure as the spotter was, and not spoken against
    ],
)
def test_an_event_is_rejected_when_the_model_sees_less_in_it_than_at_rest(long_set, at_event, at_rest, score, kept):
    clip, spotted = perfect(long_set)
    spotted = replace(spotted, events=(replace(spotted.events[0], score=score),))
    (recognised,) = recognise(clip, spotted, says(at_event, at_rest), PROMPTS, VIEW_CONFIG)
    assert recognised.kept is kept


def test_a_model_that_cannot_see_rest_is_not_asked_for_it(long_set):
    clip, spotted = perfect(long_set)
    model = says(0.0, 1.0, sees_rest=False)
    recognised = list(recognise(clip, spotted, model, PROMPTS, VIEW_CONFIG))
    assert not [r for call in model.calls for r in call.requests if "expression shown" in r.text]
    assert all(e.kept and e.probability == e.score for e in recognised)
    assert not load_model("nano").preferences.sees_rest


def test_without_rest_nothing_is_compared_and_nothing_rejected(long_set):
    clip, spotted = perfect(long_set)
    # One event from the first to the last frame leaves no rest.
    spotted = replace(spotted, events=(event(0, spotted.frames - 1, "macro"),))
    (recognised,) = recognise(clip, spotted, says(0.0, 1.0), PROMPTS, VIEW_CONFIG)
    assert recognised.kept


def test_a_failed_reply_is_an_error_of_its_event(long_set):
    clip, spotted = perfect(long_set)
    model = MockModel(
        lambda request: Reply("", error="out of memory"), preferences=SEEING.model_copy(update={"sees_rest": False})
    )
    recognised = list(recognise(clip, spotted, model, PROMPTS, VIEW_CONFIG))
    assert all(e.error == "out of memory" and e.kept for e in recognised)
    assert all(e.action_units == () and e.fine is None for e in recognised)


def test_a_video_without_events_asks_nothing_but_the_rest(long_set):
    clip, spotted = perfect(long_set)
    model = says()
    assert recognise(clip, replace(spotted, events=()), model, PROMPTS, VIEW_CONFIG) == ()
    assert spotting().events == () and len(model.calls) == 1
