"""Recognition of the events of a long video by every architecture, with and without reuse of the prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from spotted_events import spotted
from tiny import wrapped
from tiny_families import BUILDERS

from mevqa.data.annotations import read_annotations
from mevqa.datasets import taxonomy
from mevqa.inference.long_videos.recognition import recognise
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.questions.prompts import PromptLibrary
from mevqa.spotting.base import Spotting
from mevqa.synthetic.writer import synthesise
from mevqa.types import Clip


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A long video with two of its events as if they had been spotted."""
    data = synthesise(tmp_path_factory.mktemp("long") / "set", 1, 31, long=True, seconds=6.0, size=(128, 128))
    plan = data.plans[0]
    coded = read_annotations(data.annotations)[plan.id].events[:2]
    ms = 1000 / plan.fps
    events = tuple(spotted((e.onset, e.apex, e.offset), (e.onset * ms, e.apex * ms, e.offset * ms)) for e in coded)
    path = data.media / f"{plan.id}.mp4"
    return Clip(plan.id, "synthetic", media=path), Spotting(
        plan.id, path, plan.fps, plan.frames, 6.0, events, (), (), True
    )


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_events_are_recognised_alike_with_and_without_reuse(name, video):
    clip, spotting = video
    prompts = PromptLibrary.load(variant="brief")
    view_config = ViewConfig(("apex",), face="none")
    recognised = []
    for reuse in (True, False):
        model = wrapped(name, prefix_cache=reuse, preferences=Preferences(views=("apex",), variant="brief"))
        recognised.append(list(recognise(clip, spotting, model, prompts, view_config)))
    for cached, uncached in zip(*recognised, strict=True):
        assert cached.error is None and cached.fine in taxonomy("synthetic").fine and cached.action_units
        assert (
            cached.event_probability == pytest.approx(uncached.event_probability, abs=1e-4)
            and cached.event_probability != cached.score
        )
        assert replace(cached, event_probability=0) == replace(uncached, event_probability=0)
