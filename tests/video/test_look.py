from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mevqa.data.synthetic.writer import synthesise
from mevqa.errors import InputError, MediaError
from mevqa.records import Annotation, Clip, Moment
from mevqa.video import look as look_module
from mevqa.video.look import look


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("look") / "set"
    return synthesise(folder, 1, seed=5, fps=(50.0,), size=(256, 256), grey=False, crf=10)


@pytest.fixture(scope="module")
def truth(made):
    annotation = made.plans[0].performances[0].annotation
    return Annotation(annotation.onset, annotation.apex, annotation.offset)


@pytest.fixture(scope="module")
def clip(made):
    return Clip("one", media=made.media / f"{made.plans[0].id}.mp4")


@pytest.fixture
def map_file(tmp_path):
    Image.new("RGB", (28, 28), (90, 120, 10)).save(tmp_path / "map.png")
    return tmp_path / "map.png"


@pytest.fixture
def never_opened(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the media was opened")

    monkeypatch.setattr(look_module, "open_video", refuse)


@pytest.fixture
def never_localised(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the clip was localised")

    monkeypatch.setattr(look_module, "localise", refuse)


def test_annotated_frames_are_used_as_they_are(clip, truth, never_localised):
    seen = look(replace(clip, annotation=truth), views=["onset", "apex", "frames", "motion"])
    assert (seen.onset, seen.apex, seen.offset) == (truth.onset, truth.apex, truth.offset)
    assert not seen.localised and seen.localisation is None
    assert [view.name for view in seen.views] == ["onset", "apex", "frames", "frames", "frames", "motion"]
    assert seen.views[1].frames == (truth.apex,) and seen.views[-1].frames == (truth.onset, truth.apex)
    assert all(view.image.mode == "RGB" and view.caption for view in seen.views)


def test_without_annotation_the_expression_is_found(clip, truth):
    seen = look(clip, views=["apex"])
    assert seen.localised and seen.localisation is not None
    assert abs(seen.apex - truth.apex) <= 2
    assert seen.moments == [Moment(seen.onset, "onset"), Moment(seen.apex, "apex"), Moment(seen.offset, "offset")]


def test_only_the_missing_apex_is_found(clip, truth):
    seen = look(replace(clip, annotation=replace(truth, apex=None)), views=["apex"])
    assert (seen.onset, seen.offset) == (truth.onset, truth.offset)
    assert seen.localised and abs(seen.apex - truth.apex) <= 2


def test_frames_of_the_whole_clip_need_no_localisation(clip, never_localised):
    seen = look(clip, views=["frames"], sampler="uniform", frames=4)
    assert [moment.role for moment in seen.moments] == [f"uniform-{n}" for n in (1, 2, 3, 4)]
    assert len(seen.views) == 4 and seen.onset is None and not seen.localised


def test_sampler_options_reach_the_sampler(clip, truth, never_localised):
    seen = look(replace(clip, annotation=truth), views=["frames"], sampler="apex-window", frames=3, stride=2)
    assert [moment.frame for moment in seen.moments] == [truth.apex - 2, truth.apex, truth.apex + 2]


def test_given_fps_decides_the_times(clip, truth):
    seen = look(replace(clip, fps=200.0, annotation=truth), views=["apex"])
    assert np.diff(seen.times_ms) == pytest.approx(5.0)


@pytest.mark.parametrize("media", [True, False])
def test_ready_made_pictures_need_no_media(clip, truth, map_file, never_opened, media):
    pictured = replace(clip, annotation=truth, pictures={"motion": map_file}, media=clip.media if media else None)
    seen = look(pictured, views=["motion", "motion-centred"])
    assert [view.image.size for view in seen.views] == [(28, 28), (28, 28)]
    assert seen.apex == truth.apex and seen.moments == []


def test_a_view_that_needs_the_missing_media_says_so(map_file):
    with pytest.raises(InputError, match="clip only-a-map has no video and no ready-made picture for apex"):
        look(Clip("only-a-map", pictures={"motion": map_file}), views=["motion", "apex"])


@pytest.mark.parametrize("annotation", [Annotation(apex=900), Annotation(3, 5, 400), Annotation(onset=-1)])
def test_frames_beyond_the_media_are_an_error(clip, annotation):
    with pytest.raises(MediaError, match=r"clip one: the annotation says .* but the media has frames 0 to \d+"):
        look(replace(clip, annotation=annotation), views=["apex"])


def test_frames_out_of_order_are_an_error(clip):
    with pytest.raises(MediaError, match="clip one: the annotation is not in order"):
        look(replace(clip, annotation=Annotation(9, 4, 12)), views=["apex"])


def test_missing_media_unknown_view_and_unknown_sampler(clip, tmp_path):
    with pytest.raises(MediaError):
        look(replace(clip, media=tmp_path / "none.mp4"), views=["apex"])
    with pytest.raises(InputError, match="did you mean 'apex'"):
        look(clip, views=["apx"])
    with pytest.raises(InputError, match="did you mean 'oao'"):
        look(clip, views=["apex"], sampler="oa")


def test_no_face_is_a_warning_and_the_picture(tmp_path):
    grey = np.full((90, 120, 3), 90, np.uint8)
    for number in range(4):
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    seen = look(Clip("wall", media=tmp_path), views=["onset", "apex"])
    assert len(seen.views) == 2
    assert any("face" in warning for warning in seen.warnings)
    assert any("motion" in warning for warning in seen.warnings)


def test_one_picture_is_a_clip(tmp_path):
    Image.new("RGB", (64, 64), (120, 90, 80)).save(tmp_path / "face.png")
    seen = look(Clip("still", media=tmp_path / "face.png"), views=["apex", "motion"], face="none")
    assert (seen.onset, seen.apex, seen.offset) == (0, 0, 0) and len(seen.views) == 2
