import cv2
import numpy as np
import pytest

from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE
from mevqa.video.face.regions import face_regions
from mevqa.video.motion.evidence import evidence_frames, measure_evidence


@pytest.fixture(scope="module")
def face():
    grain = np.random.default_rng(3).integers(0, 255, (ALIGNED_SIZE, ALIGNED_SIZE, 3), dtype=np.uint8)
    return cv2.GaussianBlur(grain, (0, 0), 3.0)


def shifted(face, name, right, down):
    """The face with one region, and its surroundings softly, moved by pixels."""
    region = next(region for region in face_regions() if region.name == name)
    y, x = np.mgrid[:ALIGNED_SIZE, :ALIGNED_SIZE].astype(np.float32)
    across, along = (x - region.centre[0]) / region.size[0], (y - region.centre[1]) / region.size[1]
    weight = np.exp(-4 * (across**2 + along**2) ** 2).astype(np.float32)
    return cv2.remap(face, x - right * weight, y - down * weight, cv2.INTER_LINEAR)


def test_the_region_that_moved_is_named_with_its_displacement(face):
    evidence = measure_evidence([face], [shifted(face, "left mouth corner", 2.0, -3.0)])
    assert evidence.moved[0].name == "left mouth corner" and evidence.side == "left" and evidence.failure is None
    assert evidence.moved[0].right * EYE_DISTANCE == pytest.approx(2.0, abs=0.7)
    assert evidence.moved[0].down * EYE_DISTANCE == pytest.approx(-3.0, abs=0.9)
    assert not any(region.name.startswith("right ") for region in evidence.moved)


def test_a_face_at_rest_has_no_moved_region(face):
    assert measure_evidence([face, face], [face]).moved == ()


def test_what_is_covered_is_not_measured_and_another_face_is_no_evidence(face):
    covered = face.copy()
    region = next(region for region in face_regions() if region.name == "chin")
    grain = np.random.default_rng(9).integers(0, 255, face.shape, dtype=np.uint8)
    below = int(region.centre[1] - region.size[1] / 2)
    covered[below:] = grain[below:]
    assert "chin" in measure_evidence([face], [covered]).unmeasured
    assert measure_evidence([face], [grain]).failure is not None


def test_frames_near_the_key_frames_are_measured_and_no_others():
    times = np.arange(100) * 10.0
    assert evidence_frames(20, 30, times) == ([20, 21], [29, 30, 31])
    assert evidence_frames(20, 21, times) == ([20], [21, 22])
    assert evidence_frames(0, 99, times)[1] == [98, 99]
    assert evidence_frames(5, 8, np.arange(20) * 40.0) == ([5], [8])
