from __future__ import annotations

import pytest

from mevqa.models.load import load_model
from mevqa.models.nano.train import Recipe, run
from mevqa.models.protocol import Request
from mevqa.records import View


@pytest.mark.slow
def test_the_whole_training_runs_and_saves_a_model_that_answers(tmp_path):
    from PIL import Image

    run(Recipe(seeing_steps=2, answering_steps=2, rows=8, rendered=3), tmp_path / "model", workers=0)
    model = load_model(str(tmp_path / "model"))
    assert model.preferences.views == ("motion-centred",) and model.preferences.variant == "brief"
    view = View("motion-centred", Image.new("RGB", (28, 28), (128, 128, 128)), "")
    (reply,) = model.ask("", [view], [Request("What is the coarse expression class?", ("positive", "negative"))])
    assert reply.error is None and abs(sum((reply.options or {}).values()) - 1) < 1e-6
