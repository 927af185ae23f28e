from __future__ import annotations

from pathlib import Path

import pytest

from mevqa.inference.evaluation import plan
from mevqa.models.registry import load_model
from mevqa.training.nano.evaluate import deranged, examine, see

DATA = Path(__file__).parents[3].parent / "shared" / "data"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not (DATA / "motion").is_dir(), reason="the real motion maps are not beside the checkout"),
]


@pytest.mark.parametrize(
    ("maps", "questions", "least"),
    [("casme2", "me_vqa_casme2_train", 0.70), ("smic", "me_vqa_smic_coarse", 0.55)],
)
def test_what_was_learned_on_synthetic_motion_carries_over_to_real_faces(maps, questions, least):
    model = load_model("nano")
    work = plan([DATA / "megc" / f"{questions}.jsonl"], None, pictures={"motion": DATA / "motion" / maps})
    views = see(model, work)
    assert examine(model, work, views)["coarse UF1"] >= least
    assert examine(model, work, deranged(views), consistency=False)["coarse UF1"] < 0.42
