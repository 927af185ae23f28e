from dataclasses import replace

import numpy as np
import pytest

from mevqa.spotting.evidence.patches import face_patches
from mevqa.video.face.regions import face_regions
from mevqa.video.reading.reader import open_video


@pytest.fixture(scope="module")
def video(long_video):
    with open_video(long_video.path) as video:
        yield video


@pytest.fixture(scope="module")
def event(long_video):
    return max(
        (
            performance.annotation
            for performance in long_video.plan.performances
            if performance.annotation.kind == "macro"
        ),
        key=lambda annotation: annotation.apex - annotation.onset,
    )


def test_faces_of_an_interval_are_aligned_and_flow_shows_what_moves(video, long_record, event):
    (own,) = face_patches(video, long_record, [(event.onset, event.apex)], step=event.apex - event.onset, flow=True)
    assert own.frames.tolist() == [event.onset, event.apex]
    assert own.faces.shape == own.flow.shape == (2, 256, 256, 3) and own.faces.dtype == np.uint8
    assert np.abs(own.flow[0, ..., :2]).max() < 2e-3
    moved = np.hypot(own.flow[1, ..., 0], own.flow[1, ..., 1])
    face = [place for place, region in enumerate(face_regions()) if region.kind == "face"]
    rows = [int(np.searchsorted(long_record.frames, frame)) for frame in own.frames]
    measured = np.subtract(*(long_record.displacement[row] for row in rows[::-1]))
    largest = max(face, key=lambda place: np.hypot(*measured[place]))
    x, y = (round(at) for at in face_regions()[largest].centre)
    assert moved[y, x] == pytest.approx(np.hypot(*measured[largest]), rel=0.5)


def test_intervals_that_share_frames_are_read_forward(video, long_record, monkeypatch):
    asked = []
    real = video.frames
    monkeypatch.setattr(video, "frames", lambda indices: asked.extend(indices) or real(indices))
    first, second = face_patches(video, long_record, [(10, 20), (16, 24)], size=64, step=2)
    assert first.faces.shape == (6, 64, 64, 3) and second.frames.tolist() == [16, 18, 20, 22, 24]
    assert asked == [10, 12, 14, 16, 18, 20, 22, 24] and first.flow is None


def test_frames_without_a_face_are_left_out(video, long_record):
    missing = long_record.missing.copy()
    missing[12:15] = 1
    record = replace(long_record, missing=missing, reasons=("", "no face"))
    (own,) = face_patches(video, record, [(10, 17)], size=32)
    assert own.frames.tolist() == [10, 11, 15, 16, 17]
    missing[:] = 1
    (own,) = face_patches(video, record, [(10, 17)], size=32, flow=True)
    assert own.faces.shape == own.flow.shape == (0, 32, 32, 3)


def test_between_measured_frames_the_place_is_interpolated(video, long_record):
    thinned = replace(
        long_record,
        **{
            name: getattr(long_record, name)[::2]
            for name in ("frames", "times_ms", "stretch", "displacement", "mismatch", "placement", "missing")
        },
    )
    (exact,) = face_patches(video, long_record, [(10, 14)])
    (between,) = face_patches(video, thinned, [(10, 14)])
    assert between.frames.tolist() == [10, 11, 12, 13, 14]
    assert np.abs(exact.faces[1].astype(int) - between.faces[1]).mean() < 2


def test_a_damaged_frame_between_measured_ones_is_left_out(video, long_record, monkeypatch):
    rows = np.array([10, 14])
    thinned = replace(
        long_record,
        **{
            name: getattr(long_record, name)[rows]
            for name in ("frames", "times_ms", "stretch", "displacement", "mismatch", "placement", "missing")
        },
    )
    monkeypatch.setattr(video, "missing", {12})
    (own,) = face_patches(video, thinned, [(10, 14)], size=32, flow=True)
    assert own.frames.tolist() == [10, 11, 13, 14] and own.faces.shape == own.flow.shape == (4, 32, 32, 3)
