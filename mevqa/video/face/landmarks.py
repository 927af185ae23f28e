"""The face and the eyes by MediaPipe's dense landmarks, with the model that the user has downloaded.

Written to the documented interface of MediaPipe Tasks (https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker/python)
and tested against a stand-in of it only: untested with the real weights.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mevqa.errors import ModelError
from mevqa.video.face.detect import Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Environment variable that names the model file.
MODEL_VARIABLE = "MEVQA_FACE_LANDMARKER"

_MOST_FACES = 5
# Centre of the iris (models with 478 points), else the two corners of the eye, of the eye at the left of the picture
# and of the one at the right, in MediaPipe's face mesh.
_IRIS = (468, 473)
_EYE_CORNERS = ((33, 133), (362, 263))


def find_faces_by_landmarks(frame: NDArray[np.uint8], model: Path | None = None) -> list[Face]:
    """Find faces with MediaPipe's face landmarker.

    Args:
        frame: RGB [H, W, 3].
        model: The ``face_landmarker.task`` file; None reads ``MEVQA_FACE_LANDMARKER``.

    Returns:
        The faces, the largest first; empty when there is none.

    Raises:
        ModelError: mediapipe is not installed, or the model is missing or cannot be loaded.
    """
    mediapipe, landmarker = _landmarker(_model_file(model))
    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
    size = np.array([frame.shape[1], frame.shape[0]], float)
    faces = [
        _as_face(np.array([[point.x, point.y] for point in landmarks]) * size)
        for landmarks in landmarker.detect(picture).face_landmarks
    ]
    return sorted(faces, key=lambda face: -face.box[2])


def _model_file(model: Path | None) -> Path:
    """Return the model file that the caller or the environment names.

    Raises:
        ModelError: Neither does, or there is no such file.
    """
    file_name = model if model is not None else os.environ.get(MODEL_VARIABLE)
    if not file_name:
        raise ModelError(
            "face mode mediapipe needs its model: download face_landmarker.task from MediaPipe's page and name it in "
            f"the environment variable {MODEL_VARIABLE}"
        )
    path = Path(file_name)
    if not path.is_file():
        raise ModelError(f"{path}: the model of face mode mediapipe is missing (a face_landmarker.task file)")
    return path


@functools.lru_cache(maxsize=1)
def _landmarker(model: Path) -> tuple[Any, Any]:
    """Load the landmarker once."""
    try:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision
    except ImportError as error:
        raise ModelError(f"face mode mediapipe needs its extra: pip install 'mevqa[mediapipe]' ({error})") from error
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode.IMAGE,
        num_faces=_MOST_FACES,
    )
    try:
        return mediapipe, vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{model}: mediapipe cannot load this model ({error})") from error


def _as_face(points: NDArray[np.float64]) -> Face:
    """Turn landmarks in px [N, 2] into a face."""
    if len(points) > max(_IRIS):
        eyes = [points[index] for index in _IRIS]
    else:
        eyes = [points[list(corners)].mean(axis=0) for corners in _EYE_CORNERS]
    left, top = points.min(axis=0)
    width, height = points.max(axis=0) - (left, top)
    first, second = ((float(x), float(y)) for x, y in eyes)
    return Face(eyes=(first, second), box=(round(left), round(top), round(width), round(height)), eyes_seen=True)
