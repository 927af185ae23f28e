"""Motion in a motion map besides the expression: of the head after alignment, of the eyelids, and at the border.

Motions are relative to the peak of an action unit of strength 1. Places are in face coordinates (eye distances from the
point midway between the eyes, x to the right of the picture, y downwards) but for the border's, which are in pictures.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mevqa.synthetic.faces.fields import unit_fields

Axis = NDArray[np.float32]
Array = NDArray[np.float64]

#: FACS number of the blink, whose first bump is the upper lid.
_BLINK = 45
#: Least and most strength of a lid's motion, drawn evenly on a logarithmic scale: in published maps the lids are often
#: all that is seen at first sight, the expression being many times weaker.
_LID_GAIN = (0.7, 6.0)
#: Share of opening lids, log deviation between both eyes, deviation of the lid's place, range of its width.
_OPENING, _LID_ASYMMETRY, _LID_PLACE, _LID_WIDTH = 0.3, 0.2, 0.03, (0.55, 0.9)
#: Deviation of the sideways motion of each lid as a share of its motion down.
_LID_SIDEWAYS = 0.2
#: The nose stands out of the face: place down, width across and down; rough adult proportions, set by hand.
_NOSE, _NOSE_WIDTH = 0.55, (0.25, 0.35)
#: Turns to the side as a share of nods: published maps are more alike on both sides than up and down.
_SIDEWAYS_TURN = 0.5
#: How far the face falls back towards the ears at x = 1, as a share of how far the nose stands out.
_FALL_BACK = 0.4


def affine_motion(x: Axis, y: Axis, drift: float, affine: float, rng: np.random.Generator) -> torch.Tensor:
    """Return the head's motion that remains after alignment: drift and an affine field.

    Args:
        x: [faces, columns] face coordinates of the pixel columns.
        y: [faces, rows] of the rows.
        drift: Standard deviation of the global translation.
        affine: Standard deviation of the affine motion at the border of the face.
        rng: Decides everything.

    Returns:
        [faces, 2, rows, columns].
    """
    faces = len(x)
    moved = rng.normal(0, drift, (faces, 2, 1, 1)) * (rng.random((faces, 1, 1, 1)) < 0.7)
    slopes = rng.normal(0, affine, (faces, 2, 2, 1, 1)) * (rng.random((faces, 1, 1, 1, 1)) < 0.6)
    grid_x, grid_y = x[:, None, None, :], y[:, None, :, None] - 0.5
    return torch.from_numpy((moved + slopes[:, 0] * grid_x + slopes[:, 1] * grid_y).astype(np.float32))


def depth_motion(x: Axis, y: Axis, deviation: float, rng: np.random.Generator) -> torch.Tensor:
    """Return the parallax of a small turn of the head: the nose, nearer the camera, moves against the cheeks.

    No alignment in the plane takes it away. The depth is a bump at the nose on a face that falls back to its sides.

    Args:
        x: [faces, columns] face coordinates of the pixel columns.
        y: [faces, rows] of the rows.
        deviation: Standard deviation of the motion at the tip of the nose; half of the faces do not turn.
        rng: Decides everything.

    Returns:
        [faces, 2, rows, columns].
    """
    across, down = x[:, None, :], y[:, :, None]
    nose = np.exp(-0.5 * (across / _NOSE_WIDTH[0]) ** 2 - 0.5 * ((down - _NOSE) / _NOSE_WIDTH[1]) ** 2)
    depth = nose - _FALL_BACK * across**2
    deviations = deviation * np.array([_SIDEWAYS_TURN, 1.0])[:, None, None]
    turn = rng.normal(0, deviations, (len(x), 2, 1, 1)) * (rng.random((len(x), 1, 1, 1)) < 0.5)
    return torch.from_numpy((depth[:, None] * turn).astype(np.float32))


def eyelid_motion(x: Axis, y: Axis, share: float, rng: np.random.Generator) -> torch.Tensor:
    """Return lids that close or open, often much stronger than the expression, in compact blobs.

    Args:
        x: [faces, columns] face coordinates of the pixel columns.
        y: [faces, rows] of the rows.
        share: Of the faces whose lids move.
        rng: Decides everything.

    Returns:
        [faces, 2, rows, columns].
    """
    faces = len(x)
    lid = unit_fields()[_BLINK].motion[0]
    low, high = np.log(_LID_GAIN)
    gain = np.exp(rng.uniform(low, high, (faces, 1))) * (rng.random((faces, 1)) < share)
    gain = gain * np.where(rng.random((faces, 1)) < _OPENING, -1, 1)
    gain = gain * np.exp(rng.normal(0, _LID_ASYMMETRY, (faces, 2)))
    widths = np.array(lid.width) * rng.uniform(*_LID_WIDTH, size=(faces, 1, 2))
    places = np.array([[-lid.at[0], lid.at[1]], [lid.at[0], lid.at[1]]])
    places = places + rng.normal(0, _LID_PLACE, (faces, 1, 2)) * np.array([0, 1])
    vectors = np.stack([gain * rng.normal(0, _LID_SIDEWAYS, (faces, 2)), gain], -1)
    return _bumps(x, y, places, widths, vectors)


def border_blobs(faces: int, side: int, share: float, rng: np.random.Generator) -> torch.Tensor:
    """Return blobs of wrong motion near the border: hair, background, collar.

    Args:
        faces: How many.
        side: Of the picture, pixels.
        share: Probability of each of three blobs.
        rng: Decides everything.

    Returns:
        [faces, 2, side, side].
    """
    pixels = ((np.arange(side) + 0.5) / side)[None]
    angle = rng.uniform(0, 2 * np.pi, (faces, 3))
    radius = rng.uniform(0.5, 0.75, (faces, 3))
    places = 0.5 + radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    widths = rng.uniform(0.04, 0.12, (faces, 3, 2))
    vectors = rng.normal(0, 0.7, (faces, 3, 2)) * (rng.random((faces, 3, 1)) < share)
    return _bumps(pixels, pixels, places, widths, vectors)


def _bumps(
    x: NDArray[np.floating], y: NDArray[np.floating], places: Array, widths: Array, vectors: Array
) -> torch.Tensor:
    """Return Gaussian bumps of motion, [faces, 2, rows, columns].

    Args:
        x: [faces or 1, columns] coordinates of the pixel columns.
        y: [faces or 1, rows] of the rows.
        places: [faces, bumps, 2] centres (x, y).
        widths: [faces, bumps, 2] standard deviations across and down.
        vectors: [faces, bumps, 2] motion at the centres, right and down.
    """
    across = np.exp(-0.5 * ((x[:, None] - places[..., :1]) / widths[..., :1]) ** 2)
    down = np.exp(-0.5 * ((y[:, None] - places[..., 1:]) / widths[..., 1:]) ** 2)
    return torch.from_numpy(np.einsum("bky,bkx,bkc->bcyx", down, across, vectors, optimize=True).astype(np.float32))
