"""The neutral face of a person: two portraits warped to the person's shape, mixed, toned and given skin.

A face is painted once, as a large picture with coverage (the plate); every frame is then one smooth warp of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.identity import Identity, mirrored_landmarks
from mevqa.synthetic.faces.portraits import landmark_names, portraits
from mevqa.synthetic.faces.tone import Picture, blend, matched, toned
from mevqa.synthetic.faces.warps import Points, ThinPlate, resample, smooth_map

#: What the plate shows, eye distances from the point midway between the eyes: left, top, right, bottom.
PLATE_BOX = (-3.2, -2.4, 3.2, 3.0)

#: Nodes of the warp grid, eye distances apart; thin-plate splines of faces are smooth at that scale.
_GRID = 0.12

#: Places around the head that no change of the face moves, face coordinates.
_ANCHORS = np.array([[-1.9, -0.7], [1.9, -0.7], [-1.2, -1.8], [1.2, -1.8], [0, -2.2], [-2.4, 0.8], [2.4, 0.8],
                     [-2.4, 2.6], [2.4, 2.6], [0, 2.8]])  # fmt: skip


@dataclass(frozen=True)
class Plate:
    """A painted neutral face.

    Attributes:
        picture: [H, W, 4] float32, colours multiplied by the coverage, 0 to 255, and the coverage, 0 to 1.
        eye_distance: Pixels.
        identity: Whose face it is.
    """

    picture: Picture
    eye_distance: float
    identity: Identity

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert face coordinates (eye distances from the point midway between the eyes) to pixel places."""
        return (points - np.array(PLATE_BOX[:2])) * self.eye_distance - 0.5

    def landmark(self, name: str) -> NDArray[np.float64]:
        """Return the pixel place of a landmark, (x, y)."""
        return self.to_pixels(self.identity.shape[landmark_names().index(name)])


def paint(identity: Identity, eye_distance: float) -> Plate:
    """Paint a person's neutral face.

    Args:
        identity: The person.
        eye_distance: Pixels between the eye centres, which decides the size of the plate.
    """
    coordinates = _coordinates(eye_distance)
    base = _warped(identity.base, identity, eye_distance)
    other_name = "hopper" if identity.base == "collins" else "collins"
    other = _warped(other_name, identity, eye_distance)
    colours = base[..., :3]
    oval = _soft_ellipse(coordinates, (0.0, 0.55), (1.0, 1.25))
    donor = matched(other[..., :3], colours, oval)
    weight = _donor_weight(identity, coordinates, other_name)
    colours = blend(donor, colours, weight)
    skin = oval * _outside_eyes(coordinates)
    colours = toned(colours, skin, identity.skin, identity.other)
    colours = colours + _skin_texture(identity, coordinates, skin, eye_distance)
    # The cut of the photographs is generous by a pixel or two: draw the edge in.
    coverage = np.clip((base[..., 3:] / 255.0 - 0.3) / 0.6, 0.0, 1.0)
    picture = np.dstack([np.clip(colours, 0, 255) * coverage, coverage]).astype(np.float32)
    return Plate(picture, eye_distance, identity)


def _coordinates(eye_distance: float) -> NDArray[np.float32]:
    """Return the face coordinates of every pixel of a plate, [H, W, 2]."""
    left, top, right, bottom = PLATE_BOX
    width, height = round((right - left) * eye_distance), round((bottom - top) * eye_distance)
    x = (np.arange(width, dtype=np.float32) + 0.5) / eye_distance + left
    y = (np.arange(height, dtype=np.float32) + 0.5) / eye_distance + top
    return np.stack(np.meshgrid(x, y), axis=-1)


def _warped(name: str, identity: Identity, eye_distance: float) -> Picture:
    """Warp a portrait to the person's shape."""
    portrait = portraits()[name]
    picture, landmarks = portrait.picture, portrait.landmarks
    if identity.mirrored:
        landmarks = mirrored_landmarks(landmarks, picture.shape[1])
        picture = np.ascontiguousarray(picture[:, ::-1])
    warp = ThinPlate(*_anchored(identity.shape, landmarks))
    left, top, right, bottom = PLATE_BOX
    width, height = round((right - left) * eye_distance), round((bottom - top) * eye_distance)
    step = max(2, round(_GRID * eye_distance))
    places = smooth_map(lambda nodes: warp((nodes + 0.5) / eye_distance + np.array([left, top])), width, height, step)
    scale = eye_distance / float(np.linalg.norm(landmarks[0] - landmarks[landmark_names().index("left_eye")]))
    if scale < 0.7:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale), np.float32)
    warped = resample(picture, places, cv2.INTER_CUBIC)
    # Replicating the top row would draw hair to infinity; nothing of a person is above the photograph.
    warped[places[..., 1] < 0, 3] = 0.0
    return np.clip(warped, 0, 255)


def _anchored(shape: Points, landmarks: Points) -> tuple[Points, Points]:
    """Add points far around the head that follow the face as a whole: hair and clothes keep their own shape."""
    centred = [points - points.mean(axis=0) for points in (shape, landmarks)]
    # The least-squares similarity (Umeyama, IEEE TPAMI 13(4) 376-380, 1991) in complex numbers.
    first, second = (points[:, 0] + 1j * points[:, 1] for points in centred)
    factor = np.vdot(first, second) / np.vdot(first, first)
    moved = [(complex(x, y) - complex(*shape.mean(axis=0))) * factor for x, y in _ANCHORS]
    goals = np.array([[point.real, point.imag] for point in moved]) + landmarks.mean(axis=0)
    return np.vstack([shape, _ANCHORS]), np.vstack([landmarks, goals])


def _donor_weight(identity: Identity, coordinates: NDArray[np.float32], donor: str) -> Picture:
    """Return the weight of the donor portrait at each pixel, [H, W], 0 to 1."""
    eyes = _soft_ellipse(coordinates, (0.0, 0.08), (1.02, 0.56), power=4.0)
    mouth = _soft_ellipse(coordinates, (0.0, 1.12), (0.85, 0.47), power=3.0)
    inner = _soft_ellipse(coordinates, (0.0, 0.55), (0.85, 1.05))
    weight = identity.mix * inner
    for region, source in ((eyes, identity.eyes), (mouth, identity.mouth)):
        weight = weight * (1 - region) + region * float(source == donor)
    return weight.astype(np.float32)


def _soft_ellipse(
    coordinates: NDArray[np.float32], centre: tuple[float, float], radii: tuple[float, float], power: float = 2.0
) -> Picture:
    """Return 1 inside a (super-)ellipse in face coordinates, falling smoothly to 0 at 1.25 times its radii."""
    x = np.abs((coordinates[..., 0] - centre[0]) / radii[0])
    y = np.abs((coordinates[..., 1] - centre[1]) / radii[1])
    radius = (x**power + y**power) ** (1.0 / power)
    ramp = np.clip((1.25 - radius) / 0.35, 0.0, 1.0)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def _skin_texture(identity: Identity, coordinates: NDArray[np.float32], skin: Picture, eye_distance: float) -> Picture:
    """Return pores and freckles to add, [H, W, 1] grey levels: the photographs are too smooth when enlarged."""
    rng = np.random.default_rng(identity.seed)
    height, width = skin.shape
    texture = np.zeros((height, width), np.float32)
    for size, share in ((0.008, 0.6), (0.016, 0.7), (0.04, 0.5)):
        noise = rng.standard_normal((height, width), dtype=np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), max(0.6, size * eye_distance))
        texture += share * smooth / float(smooth.std())
    texture *= identity.pores
    for _ in range(identity.freckles):
        x, y = rng.uniform(-0.85, 0.85), rng.uniform(-0.5, 1.5)
        radius, depth = rng.uniform(0.008, 0.022), rng.uniform(8.0, 30.0)
        column, row = int((x - PLATE_BOX[0]) * eye_distance), int((y - PLATE_BOX[1]) * eye_distance)
        reach = int(np.ceil(3 * radius * eye_distance))
        window = np.s_[row - reach : row + reach + 1, column - reach : column + reach + 1]
        squared = np.square(coordinates[window] - np.array([x, y], np.float32)).sum(axis=-1)
        texture[window] -= depth * np.exp(-0.5 * squared / radius**2)
    return (texture * skin)[..., None]


def _outside_eyes(coordinates: NDArray[np.float32]) -> Picture:
    """Return 0 on the eyeballs, 1 elsewhere: eyes have no pores."""
    keep = np.ones(coordinates.shape[:2], np.float32)
    for x in (-0.5, 0.5):
        keep *= 1 - _soft_ellipse(coordinates, (x, 0.0), (0.2, 0.07))
    return keep
