from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mevqa.errors import ModelError
from mevqa.video.face import landmarks
from mevqa.video.face.aligned_face import FaceAligner

_FRAME = np.zeros((200, 400, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(landmarks.MODEL_VARIABLE, raising=False)
    landmarks._landmarker.cache_clear()
    yield
    landmarks._landmarker.cache_clear()


def stand_in(monkeypatch: pytest.MonkeyPatch, faces: list[list[tuple[float, float]]]) -> dict[str, object]:
    """Put a stand-in of mediapipe's documented interface in place; returns what it was called with."""
    seen: dict[str, object] = {}

    def detect(picture: SimpleNamespace) -> SimpleNamespace:
        seen["picture"] = picture
        return SimpleNamespace(face_landmarks=[[SimpleNamespace(x=x, y=y) for x, y in face] for face in faces])

    def create(options: SimpleNamespace) -> SimpleNamespace:
        seen["options"] = options
        if "broken" in options.base_options.model_asset_path:
            raise RuntimeError("unable to open the zip archive")
        return SimpleNamespace(detect=detect)

    vision = ModuleType("mediapipe.tasks.python.vision")
    vision.FaceLandmarkerOptions = SimpleNamespace  # type: ignore[attr-defined]
    vision.RunningMode = SimpleNamespace(IMAGE="image")  # type: ignore[attr-defined]
    vision.FaceLandmarker = SimpleNamespace(create_from_options=create)  # type: ignore[attr-defined]
    python = ModuleType("mediapipe.tasks.python")
    python.BaseOptions = SimpleNamespace  # type: ignore[attr-defined]
    python.vision = vision  # type: ignore[attr-defined]
    mediapipe = ModuleType("mediapipe")
    mediapipe.Image = SimpleNamespace  # type: ignore[attr-defined]
    mediapipe.ImageFormat = SimpleNamespace(SRGB="srgb")  # type: ignore[attr-defined]
    modules = {"mediapipe": mediapipe, "mediapipe.tasks": ModuleType("mediapipe.tasks")}
    modules |= {"mediapipe.tasks.python": python, "mediapipe.tasks.python.vision": vision}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return seen


def model_file(folder: Path, name: str = "face_landmarker.task") -> Path:
    path = folder / name
    path.write_bytes(b"model")
    return path


def dense_face(left: float, width: float) -> list[tuple[float, float]]:
    """478 points; the irises at a quarter and three quarters of the width."""
    points = [(left, 0.2), (left + width, 0.8)] + [(left + width / 2, 0.5)] * 476
    points[468], points[473] = (left + width / 4, 0.4), (left + 3 * width / 4, 0.4)
    return points


def test_irises_become_the_eyes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = stand_in(monkeypatch, [dense_face(0.1, 0.1), dense_face(0.4, 0.4)])
    aligner = FaceAligner.fit(_FRAME, "mediapipe", landmark_model=model_file(tmp_path))
    assert aligner.mode == "mediapipe"
    assert aligner.has_face
    assert aligner.warnings == ("2 faces were found: the largest is used",)
    # Canonical eyes at 76.3 and 178.7 px lie on the irises of the larger face: x 0.5 and 0.7 of 400 px.
    assert aligner.placement @ (0.30 * 256 - 0.5, 0.36 * 256 - 0.5, 1) == pytest.approx((200, 80))
    assert aligner.placement @ (0.70 * 256 - 0.5, 0.36 * 256 - 0.5, 1) == pytest.approx((280, 80))
    assert seen["picture"].image_format == "srgb"  # type: ignore[attr-defined]
    assert seen["options"].running_mode == "image"  # type: ignore[attr-defined]


def test_models_without_irises_use_the_corners_of_the_eyes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    points = [(0.5, 0.5)] * 468
    points[33], points[133], points[362], points[263] = (0.30, 0.4), (0.40, 0.4), (0.60, 0.42), (0.70, 0.42)
    stand_in(monkeypatch, [points])
    face = landmarks.find_faces_by_landmarks(_FRAME, model_file(tmp_path))[0]
    assert face.eyes[0] == pytest.approx((140, 80))
    assert face.eyes[1] == pytest.approx((260, 84))


def test_no_face_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, [])
    assert not FaceAligner.fit(_FRAME, "mediapipe", landmark_model=model_file(tmp_path)).has_face


def test_model_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = stand_in(monkeypatch, [])
    monkeypatch.setenv(landmarks.MODEL_VARIABLE, str(model_file(tmp_path)))
    landmarks.find_faces_by_landmarks(_FRAME)
    assert seen["options"].base_options.model_asset_path.endswith("face_landmarker.task")  # type: ignore[attr-defined]


def test_missing_pieces_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="MEVQA_FACE_LANDMARKER"):
        landmarks.find_faces_by_landmarks(_FRAME)
    with pytest.raises(ModelError, match="absent.task: the model of face mode mediapipe is missing"):
        landmarks.find_faces_by_landmarks(_FRAME, tmp_path / "absent.task")
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ModelError, match=r"pip install 'mevqa\[mediapipe\]'"):
        landmarks.find_faces_by_landmarks(_FRAME, model_file(tmp_path))


def test_broken_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, [])
    with pytest.raises(ModelError, match="cannot load this model"):
        landmarks.find_faces_by_landmarks(_FRAME, model_file(tmp_path, "broken.task"))
