"""Single frames for the timeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import mevqa
from mevqa.app.clips.curve import measured_curve
from mevqa.app.clips.open_clip import open_clip
from mevqa.app.sessions.frames import FrameReader


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for name, red in (("a", 0), ("b", 100)):
        (tmp_path / name).mkdir()
        for frame in range(6):
            Image.new("RGB", (960, 480), (red + frame, 0, 0)).save(tmp_path / name / f"{frame}.png")
    return [tmp_path / "a", tmp_path / "b"]


def test_frames_of_one_video_after_the_other(folders):
    reader = FrameReader()
    pictures = [
        reader.read(folder, 25.0, frame) for folder, frame in ((folders[0], 3), (folders[1], 5), (folders[0], 0))
    ]
    assert [picture.getpixel((0, 0))[0] for picture in pictures] == [3, 105, 0]
    assert pictures[0].size == (480, 240)
    reader.close()
    assert reader.read(folders[0], 25.0, 1).getpixel((0, 0))[0] == 1


def test_a_missing_video_is_an_error(folders, tmp_path):
    with pytest.raises(mevqa.MediaError):
        FrameReader().read(tmp_path / "no.mp4", None, 0)


def test_a_video_without_a_face_has_no_curve(folders):
    assert measured_curve(folders[0], 25.0, lambda done, total: None) == ()


def test_a_frame_is_given_to_no_browser_but_the_one_that_opened_the_video(page, visit, clip):
    me, other = visit(page, "mine"), visit(page, "another")
    session = page.state.session(me.request)
    session.clip = open_clip(mevqa.Clip("one", media=clip), page.state.settings.limits)
    frame_request = {"key": session.clip.key, "frame": 2}
    page.state.session(other.request)
    assert page.state.frame(frame_request, me.request.cookies).startswith("data:image/jpeg;base64,")
    assert page.state.frame(frame_request, other.request.cookies) is None
    for wrong_request in ({**frame_request, "frame": 10**6}, {**frame_request, "key": "x"}, {}, None):
        assert page.state.frame(wrong_request, me.request.cookies) is None
    page.state.close(me.request)
    assert page.state.frame(frame_request, me.request.cookies) is None
