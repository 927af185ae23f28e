"""Detection of faces and eyes in one frame, by the Haar cascades that OpenCV ships (no download)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Point = tuple[float, float]
Box = tuple[int, int, int, int]

# Faces are searched in a copy of at most this many pixels on the longer side: a face narrower than a thirteenth of the
# frame cannot show a micro-expression anyway.
_SEARCH_SIDE = 640
_SMALLEST_FACE = 48
# Eyes are searched in the face scaled to this width: the cascades were trained on eyes of about 20 px, a tenth of it.
_FACE_WIDTH = 256
_EYE_SIZES = ((28, 28), (90, 90))
_UPPER_FACE = 0.62
# Eye cascades, the better first, each with the lift that its boxes lie above the eye, in box widths (measured on the
# portraits of the synthetic clips). The first two want open eyes; the others also see narrow eyes and glasses.
_EYE_CASCADES = (
    (("eye_tree_eyeglasses", 0.0), ("eye", 0.0)),
    (("lefteye_2splits", 0.025), ("righteye_2splits", 0.025)),
)

# Places of the eye centres in the frontal-face box, fractions of its side: means over upright frontal portraits, used
# where the eye cascades fail. Their error is some 3 % of the box.
BOX_EYES: tuple[Point, Point] = ((0.305, 0.385), (0.695, 0.385))
# Bounds of a believable pair of eyes, in box widths and degrees.
_EYE_DISTANCE = (0.28, 0.52)
_EYE_TILT = 20.0
# Furthest that a found eye may lie from its place in the box, in box widths.
_EYE_REACH = 0.11


@dataclass(frozen=True, slots=True)
class Face:
    """One face in a frame.

    Attributes:
        eyes: Centres of the eyes in px of the frame (x, y), the one at the left of the picture first.
        box: Bounding box x, y, width, height in px.
        eyes_seen: Whether the eyes were found; False when they were put at their usual places in the box.
    """

    eyes: tuple[Point, Point]
    box: Box
    eyes_seen: bool


def find_faces(frame: NDArray[np.uint8]) -> list[Face]:
    """Find frontal faces.

    Args:
        frame: RGB [H, W, 3].

    Returns:
        The faces, the largest first; empty when there is none.
    """
    grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
    scale = min(1.0, _SEARCH_SIDE / max(grey.shape))
    if min(grey.shape) * scale < _SMALLEST_FACE:
        return []
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    # alt2 has the fewest false faces of the frontal cascades; 5 neighbours keep textures from looking back.
    boxes = _cascade("frontalface_alt2").detectMultiScale(
        small, scaleFactor=1.08, minNeighbors=5, minSize=(_SMALLEST_FACE, _SMALLEST_FACE)
    )
    faces = [
        _with_eyes(grey, (round(x / scale), round(y / scale), round(width / scale), round(height / scale)))
        for x, y, width, height in boxes
    ]
    return sorted(faces, key=lambda face: -face.box[2])


def _with_eyes(grey: NDArray[np.uint8], box: Box) -> Face:
    """Look for the eyes inside ``box``, else put them where they usually are."""
    x, y, width, _ = box
    left, top = max(x, 0), max(y, 0)
    scale = _FACE_WIDTH / width
    region = np.ascontiguousarray(grey[top : y + int(_UPPER_FACE * width), left : x + width])
    region = np.asarray(cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    upper = np.asarray(cv2.equalizeHist(region), np.uint8)
    # The picture may cut the box: fractions are of the whole box, the crop starts at its visible corner.
    shift = ((left - x) / width, (top - y) / width)
    boxes = functools.cache(functools.partial(_eye_boxes, upper))
    pair = [_find_eye(boxes, shift, usual) for usual in BOX_EYES]
    eyes_seen = pair[0] is not None and pair[1] is not None and _is_pair(pair[0], pair[1])
    centres = [eye for eye in pair if eye is not None] if eyes_seen else list(BOX_EYES)
    first, second = ((x + across * width, y + down * width) for across, down in centres)
    return Face(eyes=(first, second), box=box, eyes_seen=eyes_seen)


def _eye_boxes(upper: NDArray[np.uint8], cascade: str) -> list[Box]:
    """Return what a cascade takes for eyes in the upper part of a face."""
    boxes = _cascade(cascade).detectMultiScale(
        upper, scaleFactor=1.05, minNeighbors=4, minSize=_EYE_SIZES[0], maxSize=_EYE_SIZES[1]
    )
    return [(int(left), int(top), int(width), int(height)) for left, top, width, height in boxes]


def _find_eye(boxes_of: Callable[[str], list[Box]], shift: Point, usual: Point) -> Point | None:
    """Return the eye near ``usual`` in fractions of the box, the mean of what the better cascades see."""
    for cascades in _EYE_CASCADES:
        near = []
        for name, lift in cascades:
            centres = [
                (shift[0] + (left + width / 2) / _FACE_WIDTH, shift[1] + (top + height / 2) / _FACE_WIDTH + lift)
                for left, top, width, height in boxes_of(name)
            ]
            near += [centre for centre in centres if np.hypot(centre[0] - usual[0], centre[1] - usual[1]) < _EYE_REACH]
        if near:
            across, down = np.median(np.array(near), axis=0)
            return float(across), float(down)
    return None


def _is_pair(first: Point, second: Point) -> bool:
    """Return whether two places in fractions of the box can be one person's eyes."""
    across, down = second[0] - first[0], second[1] - first[1]
    tilt = abs(float(np.degrees(np.arctan2(down, across))))
    return _EYE_DISTANCE[0] < float(np.hypot(across, down)) < _EYE_DISTANCE[1] and tilt < _EYE_TILT


@functools.cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))
