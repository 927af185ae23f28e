import pytest
from hostile_runs import write_frames

from mevqa.reporting.motion_curve import motion_curve
from mevqa.video.reading.reader import open_video


@pytest.fixture
def video(tmp_path):
    write_frames(tmp_path / "v", 0)
    with open_video(tmp_path / "v", fps=10) as opened:
        yield opened


def test_a_short_video_has_a_point_for_every_frame(video):
    curve = motion_curve(video, "none")
    assert [time for time, _ in curve] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert curve[0][1] == pytest.approx(0, abs=0.05)
    assert all(value >= 0 for _, value in curve)


def test_frames_in_between_are_not_read(video, monkeypatch):
    monkeypatch.setattr("mevqa.reporting.motion_curve._A_MINUTE", 3)
    read = []
    frames = video.frames
    monkeypatch.setattr(video, "frames", lambda wanted: read.extend(wanted) or frames(wanted))
    assert len(motion_curve(video, "none")) == 3
    assert sorted(set(read)) == [0, 2, 5]


def test_a_face_that_is_not_there_has_no_curve(video):
    assert motion_curve(video, "haar") == []
