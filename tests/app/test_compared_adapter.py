"""An adapter of a real training beside its own model, as `mevqa app --compare-adapter` asks them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from parts_by_name import PARTS, last

sys.path.append(str(Path(__file__).parents[1] / "training"))

from map_clips import write_maps  # noqa: E402

import mevqa  # noqa: E402
from mevqa.app.clips.asking import PageModels  # noqa: E402
from mevqa.app.pages.clip import ClipPage  # noqa: E402
from mevqa.app.sessions.session import Sessions  # noqa: E402
from mevqa.app.settings import AppSettings, Limits  # noqa: E402
from mevqa.app.state import AppState  # noqa: E402

COARSE = "What is the coarse expression class?"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """The folder of an adapter of nano after one step."""
    folder = tmp_path_factory.mktemp("adapter")
    questions = write_maps(folder / "data", subjects=2, each=1)
    short = {"steps": 1, "clips": 2, "rates": {"adapter": 1e-2}, "synthetic": None}
    places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
    mevqa.finetune("nano-casme2", **short, **places, probe=False, device="cpu", output=str(folder / "out"))
    return folder / "out"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_trained_adapter_answers_beside_its_model(adapter, clip, visit):
    settings = AppSettings(model="nano", compare_adapter=str(adapter), device="cpu")
    settings.check()
    sessions = Sessions(Limits())
    try:
        state = AppState(settings, sessions, PageModels(settings))
        handlers = ClipPage(state, PARTS)
        me = visit(SimpleNamespace(state=state))
        upload = shutil.copy(clip, sessions.root)
        last(handlers.uploaded(upload, "unknown", "one expression", me.request))
        updates = last(handlers.asked([], [COARSE], "", "unknown", list(state.models.names), me.request))
        assert state.models.names == ("nano", "nano + out")
        assert "<h4>nano</h4>" in updates["answers"] and "<h4>nano + out</h4>" in updates["answers"]
        plain, adapted = state.session(me.request).answers
        assert plain.answers[0].error is None and adapted.answers[0].error is None
        assert plain.answers[0].options != adapted.answers[0].options
        alone = mevqa.ask(clip, COARSE, "nano", options=mevqa.ModelOptions(adapter=str(adapter), device="cpu"))
        assert alone.answers[0].options == pytest.approx(adapted.answers[0].options)
    finally:
        sessions.close_all()
