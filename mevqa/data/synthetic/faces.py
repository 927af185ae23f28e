"""The neutral face of a person: two portraits warped to the person's shape, mixed, toned and given skin.

A face is painted once, as a large picture with coverage (the plate); every frame is then one smooth warp of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.data.synthetic.identity import Identity, mirrored_landmarks
from mevqa.data.synthetic.portraits import landmark_names, portraits
from mevqa.data.synthetic.warps import ThinPlate, smooth_map

Picture = NDArray[np.float32]

#: What the plate shows, eye distances from the point midway between the eyes: left, top, right, bottom.
PLATE_BOX = (-3.2, -2.4, 3.2, 3.0)

#: Nodes of the warp grid, eye distances apart; thin-plate splines of faces are smooth at that scale.
_GRID = 0.12


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
    donor = _matched(other[..., :3], colours, oval)
    weight = _donor_weight(identity, coordinates, other_name)
    colours = _blend(donor, colours, weight)
    colours = _toned(colours, identity, oval)
    colours = colours + _skin_texture(identity, coordinates, oval, eye_distance)
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
    warp = ThinPlate(identity.shape, landmarks)
    left, top, right, bottom = PLATE_BOX
    width, height = round((right - left) * eye_distance), round((bottom - top) * eye_distance)
    step = max(2, round(_GRID * eye_distance))
    places = smooth_map(lambda nodes: warp((nodes + 0.5) / eye_distance + np.array([left, top])), width, height, step)
    scale = eye_distance / float(np.linalg.norm(landmarks[0] - landmarks[landmark_names().index("left_eye")]))
    if scale < 0.7:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    warped = cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    # Replicating the top row would draw hair to infinity; nothing of a person is above the photograph.
    warped[places[..., 1] < 0, 3] = 0.0
    return np.clip(warped, 0, 255)


def _donor_weight(identity: Identity, coordinates: NDArray[np.float32], donor: str) -> Picture:
    """Return how much of the donor portrait is seen where, [H, W], 0 to 1."""
    eyes = _soft_ellipse(coordinates, (0.0, 0.08), (1.12, 0.56), power=4.0)
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


def _matched(donor: Picture, target: Picture, weight: Picture) -> Picture:
    """Give the donor the target's mean and spread of each L*a*b* channel, weighted (Reinhard et al., 2001)."""
    donor_lab, target_lab = _to_lab(donor), _to_lab(target)
    total = float(weight.sum())
    for channel in range(3):
        moments = []
        for lab in (donor_lab, target_lab):
            mean = float((lab[..., channel] * weight).sum()) / total
            spread = float((np.square(lab[..., channel] - mean) * weight).sum() / total) ** 0.5
            moments.append((mean, max(spread, 1.0)))
        (mean, spread), (goal, goal_spread) = moments
        gain = np.clip(goal_spread / spread, 0.7, 1.4)
        donor_lab[..., channel] = (donor_lab[..., channel] - mean) * gain + goal
    return _to_rgb(donor_lab)


def _blend(first: Picture, second: Picture, weight: Picture, levels: int = 5) -> Picture:
    """Blend two pictures band by band so that no seam shows (Burt and Adelson, ACM TOG 2(4) 217-236, 1983)."""
    bands: list[Picture] = []
    for _ in range(levels):
        smaller = [cv2.pyrDown(image) for image in (first, second)]
        size = first.shape[1::-1]
        details = [image - cv2.pyrUp(low, dstsize=size) for image, low in zip((first, second), smaller, strict=True)]
        bands.append(details[0] * weight[..., None] + details[1] * (1 - weight[..., None]))
        (first, second), weight = smaller, cv2.pyrDown(weight)
    blended = first * weight[..., None] + second * (1 - weight[..., None])
    for band in reversed(bands):
        blended = cv2.pyrUp(blended, dstsize=band.shape[1::-1]) + band
    return np.clip(blended, 0, 255)


def _toned(colours: Picture, identity: Identity, oval: Picture) -> Picture:
    """Change the tone of the skin, and separately that of hair and clothes."""
    lab = _to_lab(colours)
    total = float(oval.sum())
    a, b = (float((lab[..., channel] * oval).sum()) / total for channel in (1, 2))
    distance = np.square((lab[..., 1] - a) / 11.0) + np.square((lab[..., 2] - b) / 13.0)
    skin = cv2.GaussianBlur(np.exp(-0.5 * distance), (0, 0), 3.0)
    skin = np.maximum(skin, oval * 0.6)
    lightness, shift_a, shift_b = identity.skin
    lab[..., 0] *= skin * lightness + (1 - skin) * identity.hair
    lab[..., 1] += skin * shift_a
    lab[..., 2] += skin * shift_b
    return _to_rgb(lab)


def _skin_texture(identity: Identity, coordinates: NDArray[np.float32], oval: Picture, eye_distance: float) -> Picture:
    """Return pores and freckles to add, [H, W, 1] grey levels: the photographs are too smooth when enlarged."""
    rng = np.random.default_rng(identity.seed)
    height, width = oval.shape
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
    return (texture * oval * _outside_eyes(identity, coordinates))[..., None]


def _outside_eyes(identity: Identity, coordinates: NDArray[np.float32]) -> Picture:
    """Return 0 on the eyeballs, 1 elsewhere: eyes have no pores."""
    keep = np.ones(coordinates.shape[:2], np.float32)
    for x in (-0.5, 0.5):
        keep *= 1 - _soft_ellipse(coordinates, (x, 0.0), (0.2, 0.07))
    return keep


def _to_lab(colours: Picture) -> Picture:
    return cv2.cvtColor(np.clip(colours, 0, 255).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)


def _to_rgb(lab: Picture) -> Picture:
    return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0.0, 1.0) * 255.0
