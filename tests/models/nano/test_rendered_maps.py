from __future__ import annotations

import numpy as np

from mevqa.facs import ActionUnit
from mevqa.training.examples.synthetic import SyntheticClip, SyntheticClips
from mevqa.training.nano.dialogues import VARIANT
from mevqa.training.nano.evaluate import deranged, score
from mevqa.training.nano.examples import Expression
from mevqa.training.nano.rendered_maps import RenderedMaps
from mevqa.training.recipes.recipe import Synthetic
from mevqa.types import Question


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
    maps = _maps()
    maps.save(tmp_path / "set.npz")
    read = RenderedMaps.load(tmp_path / "set.npz")
    assert np.array_equal(read.fields, maps.fields) and list(read.expressions) == list(maps.expressions)


def test_clips_are_decided_by_their_seed_and_mix_both_kinds():
    def block(seed: int) -> list[SyntheticClip]:
        clips = SyntheticClips(Synthetic(share=1.0, rendered_share=0.5), ("motion-centred",), VARIANT, seed, _maps())
        return [clips[number] for number in range(64)]

    first, again, other = block(1), block(1), block(2)
    pictures = [[clip.views[0].image.tobytes() for clip in clips] for clips in (first, again, other)]
    assert pictures[0] == pictures[1] and [clip.turns for clip in first] == [clip.turns for clip in again]
    assert pictures[0] != pictures[2]
    # The rendered ones are happy, and their units are on one side; few of the drawn ones show that alone.
    happy = [clip for clip in first if int(clip.targets["coarse"]) == 0 and clip.targets["units"].sum() == 1]
    assert 32 <= len(happy) < 50


def test_scores_are_computed_by_question_type():
    def question(kind: str, reference: str) -> Question:
        return Question(id="q", clip_id="c", text="", type=kind, reference=reference)

    scores = score(
        [
            (question("coarse", "positive"), "positive"),
            (question("coarse", "negative"), ""),
            (question("au_list", "brow lowerer, dimpler"), "brow lowerer"),
        ]
    )
    assert scores["coarse accuracy"] == 0.5 and scores["coarse UF1"] == 0.5
    assert abs(scores["au_list set F1"] - 2 / 3) < 1e-9


def test_shuffled_pictures_are_never_ones_own():
    views = [[number] for number in range(7)]
    assert all(mine != other for mine, other in zip(views, deranged(views), strict=True))
