"""Synthetic motion maps as training clips: decided by seed and number, of both kinds, asked as nano is asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mevqa.errors import InputError
from mevqa.facs import ActionUnit
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.questions.wordings import official_wordings
from mevqa.training.examples.synthetic import SyntheticClips, blank_targets
from mevqa.training.nano.auxiliary_vision_heads import AuxiliaryVisionHeads, mirrored
from mevqa.training.nano.dialogues import VARIANT
from mevqa.training.nano.examples import COARSE, FINE, UNITS, Expression
from mevqa.training.nano.map_statistics import map_statistics
from mevqa.training.nano.rendered_maps import RenderedMaps, rendered_maps
from mevqa.training.recipes.recipe import Synthetic
from mevqa.types import Clip
from mevqa.video.motion.flow import centre_channels

VIEW = "motion-centred"


def measured() -> RenderedMaps:
    """Two happy faces with motion on one side; no drawn map is as empty as these."""
    fields = np.zeros((2, 3, 56, 56), np.float16)
    fields[:, 0, 40:48, 34:44] = 1.0
    return RenderedMaps(fields, [Expression("happiness", (ActionUnit(12, "left"),))] * 2)


def clips(view: str = VIEW, seed: int = 0, rendered: RenderedMaps | None = None, share: float = 0.35) -> SyntheticClips:
    return SyntheticClips(Synthetic(share=1.0, rendered_share=share), (view,), VARIANT, seed, rendered)


def same(first, second) -> bool:
    return (
        first.turns == second.turns
        and first.views[0].image.tobytes() == second.views[0].image.tobytes()
        and all(torch.equal(value, second.targets[key]) for key, value in first.targets.items())
    )


def test_seed_and_number_alone_decide_a_clip():
    first, again, other = clips(), clips(), clips(seed=1)
    numbers = [0, 1, 63, 64, 700, 10**6]
    made = {number: first[number] for number in numbers}
    # Asked in another order, and after so many others that the first ones are made anew.
    assert all(same(made[number], again[number]) for number in reversed(numbers))
    assert not any(same(made[number], other[number]) for number in numbers)
    assert not same(made[0], made[1]) and not same(made[0], made[64])


def test_a_clip_is_one_picture_as_the_view_draws_it():
    plain, centred = clips("motion"), clips()
    for number in range(4):
        (view,), (seen,) = plain[number].views, centred[number].views
        assert (view.name, seen.name) == ("motion", VIEW) and seen.caption and view.caption
        assert view.image.mode == "RGB" and view.image.size == (28, 28)
        assert np.array_equal(np.asarray(seen.image), centre_channels(np.asarray(view.image)))
        assert plain[number].turns == centred[number].turns


def test_questions_are_worded_by_the_library_and_answers_are_the_targets():
    library = PromptLibrary.load(variant=VARIANT)
    coarse = library.request(question_about(Clip("c", "synthetic"), 0, official_wordings("coarse")[0])).text
    stream = clips()
    assert {COARSE[int(stream[number].targets["coarse"])] for number in range(64)} == set(COARSE)
    for number in range(32):
        clip = stream[number]
        assert 4 <= len(clip.turns) <= 6
        turns = [turn for turn in clip.turns if turn.text.lower().rstrip("?.") == coarse.lower().rstrip("?.")]
        assert [turn.answer for turn in turns] == [COARSE[int(clip.targets["coarse"])]]
        assert any(turn.answer == FINE[int(clip.targets["fine"])] for turn in clip.turns) or len(clip.turns) < 6
        assert clip.targets["units"].shape == (2, len(UNITS))
        assert all(turn.answer and turn.weight > 0 for turn in clip.turns)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_measured_maps_have_their_share_and_stand_among_the_drawn_ones(share):
    mixed = clips("motion", rendered=measured(), share=share)
    # A measured map is flat but for one spot: most of its pixels are one level.
    kinds = []
    for number in range(128):
        levels = np.asarray(mixed[number].views[0].image)[..., 1]
        flat = np.bincount(levels.ravel()).max() > 600
        kinds.append(flat)
        if flat:
            assert FINE[int(mixed[number].targets["fine"])] == "happiness"
    assert sum(kinds[:64]) == sum(kinds[64:]) == round(64 * share)
    assert all(any(kinds[start : start + 32]) for start in range(0, 128, 32))
    assert kinds[:64] != sorted(kinds[:64]) and kinds[:64] != sorted(kinds[:64], reverse=True)
    drawn = clips("motion")
    levels = [np.asarray(drawn[number].views[0].image)[..., 1] for number in range(64)]
    assert not any(np.bincount(level.ravel()).max() > 600 for level in levels)


def test_sides_are_told_from_the_subject():
    mixed = clips("motion", rendered=measured(), share=0.9)
    at = UNITS.index(12)
    seen = set()
    for number in range(64):
        clip = mixed[number]
        if np.bincount(np.asarray(clip.views[0].image)[..., 1].ravel()).max() <= 600:
            continue
        red = np.asarray(clip.views[0].image)[..., 0].astype(float)
        red = np.abs(red - np.median(red))
        right_of_picture = red[:, 14:].sum() > red[:, :14].sum()
        left, right = clip.targets["units"][:, at].tolist()
        assert (left, right) == ((1.0, 0.0) if right_of_picture else (0.0, 1.0))
        seen.add(right_of_picture)
    assert seen == {True, False}


def test_all_maps_can_be_measured_ones():
    every = clips("motion", rendered=measured(), share=1.0)
    assert {FINE[int(every[number].targets["fine"])] for number in range(64)} == {"happiness"}


def test_blank_targets_teach_nothing():
    blank, targets = blank_targets(), clips()[0].targets
    assert {key: value.shape for key, value in blank.items()} == {key: value.shape for key, value in targets.items()}
    torch.manual_seed(0)
    heads = AuxiliaryVisionHeads(8)
    token = torch.randn(3, 8, requires_grad=True)

    def loss(*rows):
        stacked = {key: torch.stack([row[key] for row in rows]) for key in blank}
        return heads.loss(token[: len(rows)], stacked["units"], stacked["fine"], stacked["coarse"], 0.0)

    assert float(loss(blank, blank).detach()) == 0.0
    assert torch.autograd.grad(loss(blank, blank), token)[0].abs().max() == 0
    assert float(loss(targets, blank).detach()) == pytest.approx(float(loss(targets).detach()))


def test_other_views_and_variants_are_refused_with_their_names():
    with pytest.raises(InputError, match="stand for the view motion-centred or motion alone, not for onset, apex"):
        SyntheticClips(Synthetic(), ("onset", "apex"), VARIANT, 0)
    with pytest.raises(InputError, match="not for magnified"):
        SyntheticClips(Synthetic(), ("magnified",), VARIANT, 0)
    with pytest.raises(InputError, match=f"goes with the prompt variant '{VARIANT}', not with 'default'"):
        SyntheticClips(Synthetic(), (VIEW,), "default", 0)


@pytest.mark.slow
def test_rendered_faces_are_measured_once_and_an_interrupted_making_goes_on(tmp_path, capsys):
    made = rendered_maps(tmp_path, 4, seed=3)
    assert made.fields.shape == (4, 3, 56, 56) and len(made.expressions) == 4
    assert "rendered 4/4 faces" in capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    RenderedMaps(made.fields[:2], list(made.expressions)[:2]).save(file)
    again = rendered_maps(tmp_path, 4, seed=3)
    assert np.array_equal(again.fields, made.fields) and list(again.expressions) == list(made.expressions)
    before = file.stat().st_mtime_ns
    assert np.array_equal(rendered_maps(tmp_path, 4, seed=3).fields, made.fields)
    assert file.stat().st_mtime_ns == before


def test_varied_maps_are_others_of_the_same_faces_and_go_with_widened_ones():
    widened, varied = (
        SyntheticClips(Synthetic(share=1.0, varied=chosen), (VIEW,), VARIANT, 0) for chosen in (False, True)
    )
    assert not any(same(widened[number], varied[number]) for number in range(16))
    with pytest.raises(ValueError, match="varied goes with widened: true"):
        Synthetic(varied=True, widened=False)


@pytest.mark.slow
def test_varied_faces_are_kept_in_another_file(tmp_path):
    plain, varied = (rendered_maps(tmp_path, 2, seed=3, varied=chosen, workers=1) for chosen in (False, True))
    assert {file.name for file in tmp_path.iterdir()} == {"rendered-2-3.npz", "rendered-2-3-varied.npz"}
    assert list(plain.expressions) == list(varied.expressions)
    assert not np.array_equal(plain.fields, varied.fields)


def test_a_map_and_its_mirror_image_are_to_be_read_alike():
    pixels = torch.randn(2, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mirrored(mirrored(pixels)), pixels)
    assert torch.equal(mirrored(pixels)[:, 0], -pixels[:, 0].flip(-1))
    assert torch.equal(mirrored(pixels)[:, 1:], pixels[:, 1:].flip(-1))
    torch.manual_seed(0)
    heads = AuxiliaryVisionHeads(8)
    token = torch.randn(2, 8)
    assert heads.unlikeness(token, token + torch.randn(2, 8)) > 0
    # What reads both sides alike may see the same in both pictures.
    half = len(UNITS)
    heads.units.weight.data[half:] = heads.units.weight.data[:half]
    heads.units.bias.data[half:] = heads.units.bias.data[:half]
    assert heads.unlikeness(token, token) == 0


def test_widened_maps_have_edges_that_plain_ones_lack():
    def smoothness(widened: bool) -> float:
        stream = SyntheticClips(Synthetic(share=1.0, widened=widened), ("motion",), VARIANT, 0)
        maps = np.stack([np.asarray(stream[number].views[0].image) for number in range(64)])
        # The strain of a field with edges is not that of the same field at 28 x 28 pixels.
        return float(np.median(map_statistics(maps)["strain of u, v"]))

    assert smoothness(widened=True) < smoothness(widened=False) - 0.04
