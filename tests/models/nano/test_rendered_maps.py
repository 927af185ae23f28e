from __future__ import annotations

import numpy as np

from mevqa.facs import ActionUnit
from mevqa.models.nano.evaluate import deranged, score
from mevqa.models.nano.examples import Expression
from mevqa.models.nano.rendered_maps import RenderedMaps
from mevqa.models.nano.sources import BatchSource
from mevqa.records import Question, QuestionType


def _maps() -> RenderedMaps:
    """Two fields with motion on the right of the picture: the subject's left."""
    fields = np.zeros((2, 3, 56, 56), np.float16)
    fields[:, 0, 40:48, 34:44] = 1.0
    return RenderedMaps(fields, [Expression("happiness", (ActionUnit(12, "left"),))] * 2)


def test_mirrored_maps_swap_sides_and_horizontal_motion():
    maps, expressions = _maps().sample(40, np.random.default_rng(0))
    sides = {expression.units[0].side for expression in expressions}
    assert sides == {"left", "right"}
    for rgb, expression in zip(maps, expressions, strict=True):
        red = rgb[..., 0].astype(float) - np.median(rgb[..., 0])
        on_the_right = np.abs(red[:, 14:]).sum() > np.abs(red[:, :14]).sum()
        assert on_the_right == (expression.units[0].side == "left")
        assert (red.sum() > 0) == (expression.units[0].side == "left")


def test_sets_survive_the_file(tmp_path):
    made = _maps()
    made.save(tmp_path / "set.npz")
    read = RenderedMaps.load(tmp_path / "set.npz")
    assert np.array_equal(read.fields, made.fields) and list(read.expressions) == list(made.expressions)


def test_batches_are_decided_by_their_seed_and_mix_both_kinds():
    source = BatchSource(_maps(), share=0.5)
    first, again, other = (source.batch(8, (0, number), talk=True) for number in (1, 1, 2))
    assert first.pixels.shape == (8, 3, 28, 28) and len(first.turns) == 8
    assert first.pixels.equal(again.pixels) and list(first.turns) == list(again.turns)
    assert not first.pixels.equal(other.pixels)
    assert (first.coarse[4:] == 0).all()  # the rendered ones are happy


def test_scores_count_what_was_asked():
    def question(kind: QuestionType, reference: str) -> Question:
        return Question(id="q", clip_id="c", text="", type=kind, reference=reference)

    scores = score(
        [
            (question(QuestionType.COARSE, "positive"), "positive"),
            (question(QuestionType.COARSE, "negative"), ""),
            (question(QuestionType.AU_LIST, "brow lowerer, dimpler"), "brow lowerer"),
        ]
    )
    assert scores["coarse accuracy"] == 0.5 and scores["coarse UF1"] == 0.5
    assert abs(scores["au_list set F1"] - 2 / 3) < 1e-9


def test_shuffled_pictures_are_never_ones_own():
    views = [[number] for number in range(7)]
    assert all(mine != other for mine, other in zip(views, deranged(views), strict=True))
