from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mevqa.errors import InputError, MediaError
from mevqa.events import Event
from mevqa.synthetic.writer import synthesise
from mevqa.types import NO_MOTION, Clip, Moment
from mevqa.video.reading.key_frames import APEX_ON_ONSET, APEX_OUTSIDE, OFFSET_ON_ONSET
from mevqa.video.reading.reader import open_video
from mevqa.video.views import render as look_module
from mevqa.video.views.render import render_clip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("look") / "set"
    return synthesise(folder, 1, seed=1, fps=(50.0,), size=(256, 256), grey=False, crf=10)


@pytest.fixture(scope="module")
def truth(made):
    annotation = made.plans[0].performances[0].annotation
    return Event(annotation.onset, annotation.apex, annotation.offset)


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
    clip_views = render_clip(replace(clip, annotation=truth), views=["onset", "apex", "frames", "motion"])
    assert (clip_views.onset, clip_views.apex, clip_views.offset) == (truth.onset, truth.apex, truth.offset)
    assert not clip_views.localised and clip_views.localisation is None
    assert [view.name for view in clip_views.views] == ["onset", "apex", "frames", "frames", "frames", "motion"]
    assert clip_views.views[1].frames == (truth.apex,) and clip_views.views[-1].frames == (truth.onset, truth.apex)
    assert all(view.image.mode == "RGB" and view.caption for view in clip_views.views)


def test_without_annotation_the_expression_is_found(clip, truth):
    clip_views = render_clip(clip, views=["apex"])
    assert clip_views.localised and clip_views.localisation is not None
    assert abs(clip_views.apex - truth.apex) <= 2
    assert clip_views.moments == [
        Moment(clip_views.onset, "onset"),
        Moment(clip_views.apex, "apex"),
        Moment(clip_views.offset, "offset"),
    ]


def test_only_the_missing_apex_is_found(clip, truth):
    clip_views = render_clip(replace(clip, annotation=replace(truth, apex=None)), views=["apex"])
    assert (clip_views.onset, clip_views.offset) == (truth.onset, truth.offset)
    assert clip_views.localised and abs(clip_views.apex - truth.apex) <= 2


def test_frames_of_the_whole_clip_need_no_localisation(clip, never_localised):
    clip_views = render_clip(clip, views=["frames"], sampler="uniform", frames=4)
    assert [moment.role for moment in clip_views.moments] == [f"uniform-{n}" for n in (1, 2, 3, 4)]
    assert len(clip_views.views) == 4 and clip_views.onset is None and not clip_views.localised


def test_sampler_options_reach_the_sampler(clip, truth, never_localised):
    clip_views = render_clip(
        replace(clip, annotation=truth), views=["frames"], sampler="apex-window", frames=3, stride=2
    )
    assert [moment.frame for moment in clip_views.moments] == [truth.apex - 2, truth.apex, truth.apex + 2]


def test_given_fps_decides_the_times(clip, truth):
    clip_views = render_clip(replace(clip, fps=200.0, annotation=truth), views=["apex"])
    assert np.diff(clip_views.times_ms) == pytest.approx(5.0)


@pytest.mark.parametrize("media", [True, False])
def test_ready_made_pictures_need_no_media(clip, truth, map_file, never_opened, media):
    pictured = replace(clip, annotation=truth, pictures={"motion": map_file}, media=clip.media if media else None)
    clip_views = render_clip(pictured, views=["motion", "motion-centred"])
    assert [view.image.size for view in clip_views.views] == [(28, 28), (28, 28)]
    assert clip_views.apex == truth.apex and clip_views.moments == []


def test_a_view_that_needs_the_missing_media_says_so(map_file):
    with pytest.raises(InputError, match="clip only-a-map has no video and no ready-made picture for apex"):
        render_clip(Clip("only-a-map", pictures={"motion": map_file}), views=["motion", "apex"])


@pytest.mark.parametrize("annotation", [Event(apex=900), Event(3, 5, 400), Event(onset=-1)])
def test_frames_beyond_the_media_are_an_error(clip, annotation):
    with pytest.raises(MediaError, match=r"clip one: the annotation says .* but the media has frames 0 to \d+"):
        render_clip(replace(clip, annotation=annotation), views=["apex"])


def test_frames_out_of_order_are_an_error(clip):
    with pytest.raises(MediaError, match="clip one: the annotation is not in order"):
        render_clip(replace(clip, annotation=Event(12, 9, 4)), views=["apex"])


@pytest.mark.parametrize(
    ("coded", "message"),
    [
        (lambda t: Event(t.onset, t.onset, t.offset), APEX_ON_ONSET),
        (lambda t: Event(t.onset, t.onset - 2, t.offset), APEX_OUTSIDE),
        (lambda t: Event(t.onset, t.offset + 2, t.offset), APEX_OUTSIDE),
    ],
)
def test_a_coded_apex_that_cannot_be_right_is_found_in_the_motion(clip, truth, coded, message):
    clip_views = render_clip(replace(clip, annotation=coded(truth)), views=["motion"])
    assert (clip_views.onset, clip_views.offset) == (truth.onset, truth.offset)
    assert clip_views.localised and abs(clip_views.apex - truth.apex) <= 2
    assert message in clip_views.warnings and clip_views.stillness is None


def test_what_was_left_out_of_an_annotation_before_is_said_too(clip, truth):
    annotated = replace(clip, annotation=replace(truth, apex=None), warnings=(APEX_OUTSIDE,))
    assert APEX_OUTSIDE in render_clip(annotated, views=["motion"]).warnings


def test_a_coded_interval_of_one_frame_is_found_anew_from_its_onset(clip, truth):
    clip_views = render_clip(replace(clip, annotation=Event(*[truth.onset] * 3)), views=["motion"])
    assert (
        clip_views.onset == truth.onset
        and abs(clip_views.apex - truth.apex) <= 2
        and clip_views.offset > clip_views.apex
    )
    assert clip_views.warnings[:2] == (OFFSET_ON_ONSET, APEX_ON_ONSET)


@pytest.fixture
def key_pictures(clip, truth):
    with open_video(clip.media) as video:
        return {role: video[getattr(truth, role)] for role in ("onset", "apex", "offset")}


def _save(folder, pictures):
    folder.mkdir()
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / name)
    return Clip("keys", media=folder, fps=50.0)


@pytest.mark.parametrize(
    "names",
    [
        {"onset": "1.png", "apex": "2.png"},
        {"onset": "1.png", "apex": "2.png", "offset": "3.png"},
        {"onset": "onset.png", "apex": "apex.png", "offset": "offset.png"},
        {"onset": "z_Onset.png", "apex": "b_APEX.png"},
        {"apex": "顶点.png", "offset": "结束.png", "onset": "起始.png"},
    ],
)
def test_two_or_three_pictures_are_key_frames(tmp_path, key_pictures, truth, clip, names, never_localised):
    coded = render_clip(replace(clip, annotation=truth), views=["motion"])
    made = _save(tmp_path / "keys", {name: key_pictures[role] for role, name in names.items()})
    clip_views = render_clip(made, views=["motion", "apex"])
    assert (clip_views.onset, clip_views.apex, clip_views.offset) == (0, 1, len(names) - 1)
    assert clip_views.stillness is None and not clip_views.localised
    # The aligner is fitted to the onset in both, so that the pictures are equal to the last pixel.
    assert np.array_equal(np.asarray(clip_views.views[0].image), np.asarray(coded.views[0].image))


def test_a_single_picture_is_the_apex_and_shows_no_motion(tmp_path, key_pictures):
    clip_views = render_clip(_save(tmp_path / "one", {"apex.png": key_pictures["apex"]}), views=["apex", "motion"])
    assert (clip_views.onset, clip_views.apex, clip_views.offset) == (0, 0, 0)
    assert clip_views.stillness == "onset and apex are one frame"
    assert clip_views.warnings[0] == "the clip is one picture, taken as the apex: there is no motion to see"
    frames_only = render_clip(_save(tmp_path / "two", {"apex.png": key_pictures["apex"]}), views=["apex"])
    assert frames_only.stillness is None and "no motion" in frames_only.warnings[0]


def test_two_equal_pictures_show_no_motion(tmp_path, key_pictures):
    clip_views = render_clip(
        _save(tmp_path / "same", {"1.png": key_pictures["onset"], "2.png": key_pictures["onset"]}), views=["motion"]
    )
    assert clip_views.stillness == "the pictures of onset and apex are the same"
    assert f"{NO_MOTION}: {clip_views.stillness}" in clip_views.warnings


def test_a_uniform_ready_made_picture_shows_no_motion(tmp_path, map_file):
    clip_views = render_clip(Clip("map", pictures={"motion": map_file}), views=["motion-centred"])
    assert clip_views.warnings == (f"{NO_MOTION}: the ready-made picture is uniform",)
    picture = np.zeros((28, 28, 3), np.uint8)
    picture[10:14, 10:14, 0] = 90
    Image.fromarray(picture).save(tmp_path / "moved.png")
    moved = render_clip(Clip("map", pictures={"motion": tmp_path / "moved.png"}), views=["motion-centred"])
    assert moved.warnings == () and moved.stillness is None


def test_missing_media_unknown_view_and_unknown_sampler(clip, tmp_path):
    with pytest.raises(MediaError):
        render_clip(replace(clip, media=tmp_path / "none.mp4"), views=["apex"])
    with pytest.raises(InputError, match="did you mean 'apex'"):
        render_clip(clip, views=["apx"])
    with pytest.raises(InputError, match="did you mean 'oao'"):
        render_clip(clip, views=["apex"], sampler="oa")


def test_no_face_is_a_warning_and_the_picture(tmp_path):
    grey = np.full((90, 120, 3), 90, np.uint8)
    for number in range(4):
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    clip_views = render_clip(Clip("wall", media=tmp_path), views=["onset", "apex"])
    assert len(clip_views.views) == 2
    assert any("face" in warning for warning in clip_views.warnings)
    assert any("motion" in warning for warning in clip_views.warnings)


def test_one_picture_is_a_clip(tmp_path):
    Image.new("RGB", (64, 64), (120, 90, 80)).save(tmp_path / "face.png")
    clip_views = render_clip(Clip("still", media=tmp_path / "face.png"), views=["apex", "motion"], face="none")
    assert (clip_views.onset, clip_views.apex, clip_views.offset) == (0, 0, 0) and len(clip_views.views) == 2


def test_evidence_is_a_text_and_no_picture(clip, truth):
    clip_views = render_clip(replace(clip, annotation=truth), views=["motion", "evidence"])
    assert [view.name for view in clip_views.views] == ["motion"]
    (note,) = clip_views.notes
    fall = 20 * (truth.offset - truth.apex)
    assert "percent of the distance between the eyes" in note and f"fall from apex to offset {fall} ms" in note


def test_evidence_without_a_face_says_that_nothing_was_measured(clip, truth):
    clip_views = render_clip(replace(clip, annotation=truth), views=["evidence"], face="none")
    assert clip_views.views == [] and clip_views.notes == (
        "The motion of the face was not measured: the eyes were not looked for.",
    )


def test_evidence_of_an_event_of_a_long_video_is_that_of_the_clip(clip, truth):
    clip_views = render_clip(replace(clip, annotation=truth), views=["evidence"])
    (event,) = look_module.render_events(clip, [truth], views=["evidence"])
    assert event.notes == clip_views.notes


def test_evidence_needs_the_media(map_file):
    with pytest.raises(InputError, match="evidence"):
        render_clip(Clip("one", pictures={"evidence": map_file, "motion": map_file}), views=["motion", "evidence"])
