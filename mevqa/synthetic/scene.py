"""Scene of a recording: framing, background, light, camera and head pose."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.profiles import drift

Picture = NDArray[np.float32]

#: Face of the pose model: an ellipsoid with a nose, radii in eye distances (half breadth, half height, depth).
_HEAD_RADII = (1.15, 1.6, 0.8)
_NOSE = 0.25


@dataclass(frozen=True)
class Scene:
    """Everything of one recording that stays the same over its frames, without the face.

    Attributes:
        width: Of the frame, pixels.
        height: Of the frame, pixels.
        eye_distance: Pixels between the eye centres.
        centre: Place of the point midway between the eyes, pixels.
        roll: Tilt of the head, radians, clockwise in the picture.
        background: [H, W, 3], 0 to 255.
        light: [H, W, 3] factor: direction, colour and strength of the light.
        grey: Whether the camera is monochrome.
        noise: Standard deviation of the sensor noise at mid-grey, grey levels.
        flicker: Relative amplitude of the brightness flicker.
        flicker_hertz: Its frequency.
        crf: Constant rate factor of the H.264 compression; lower is finer.
    """

    width: int
    height: int
    eye_distance: float
    centre: tuple[float, float]
    roll: float
    background: Picture
    light: Picture
    grey: bool
    noise: float
    flicker: float
    flicker_hertz: float
    crf: int


@dataclass(frozen=True)
class Pose:
    """Pose of the head relative to its pose at the first frame.

    Attributes:
        shift: Translation, pixels (right, down).
        roll: Radians, clockwise in the picture.
        scale: Size factor.
        yaw: Radians; the parallax of turning sideways.
        pitch: Radians; the parallax of nodding.
        turn: Radians to the right of the picture and downwards: a large turn, beside the small ones above.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    roll: float = 0.0
    scale: float = 1.0
    yaw: float = 0.0
    pitch: float = 0.0
    turn: tuple[float, float] = (0.0, 0.0)


def draw_scene(
    rng: np.random.Generator, width: int, height: int, *, grey: bool | None = None, crf: int | None = None
) -> Scene:
    """Draw a recording.

    Args:
        rng: Decides everything that is not given.
        width: Of the frame, pixels.
        height: Of the frame, pixels.
        grey: Monochrome as in SAMM; None: one in four.
        crf: Compression; None: 8 to 18.
    """
    eye_distance = float(rng.uniform(0.23, 0.285)) * min(width, height)
    monochrome = bool(rng.random() < 0.25) if grey is None else grey
    background, light = _background(rng, width, height), _light(rng, width, height)
    if monochrome:
        background, light = (np.repeat(_luma(picture)[..., None], 3, axis=2) for picture in (background, light))
    drawn_crf = int(rng.integers(8, 19))
    return Scene(
        width=width,
        height=height,
        eye_distance=eye_distance,
        centre=(
            (width - 1) / 2 + float(rng.uniform(-0.12, 0.12)) * eye_distance,
            height * float(rng.uniform(0.38, 0.44)),
        ),
        roll=float(rng.normal(0.0, 0.03)),
        background=background,
        light=light,
        grey=monochrome,
        noise=float(rng.uniform(0.6, 2.2)),
        flicker=float(rng.uniform(0.0, 0.008)),
        flicker_hertz=float(rng.uniform(0.3, 12.0)),
        crf=drawn_crf if crf is None else crf,
    )


def draw_poses(rng: np.random.Generator, frames: int, fps: float, eye_distance: float) -> list[Pose]:
    """Draw how a head that tries to keep still moves: breathing, swaying, small turns.

    Args:
        rng: Decides everything.
        frames: Number of frames.
        fps: Frames per second.
        eye_distance: Pixels.
    """
    extent = float(np.exp(rng.uniform(np.log(0.002), np.log(0.02))))
    pace = float(rng.uniform(0.25, 0.8)) * fps
    right, down = (drift(rng, frames, pace, extent * eye_distance) for _ in range(2))
    roll = drift(rng, frames, pace, extent * 0.4)
    scale = drift(rng, frames, pace, extent * 0.2)
    yaw, pitch = (drift(rng, frames, pace, extent * 0.3) for _ in range(2))
    return [
        Pose((float(right[i]), float(down[i])), float(roll[i]), float(np.exp(scale[i])), float(yaw[i]), float(pitch[i]))
        for i in range(frames)
    ]


def head_depth(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the face stands out at places given in face coordinates, [...], eye distances.

    It is the lever by which small turns of the head move the picture.
    """
    x, y = face[..., 0] / _HEAD_RADII[0], (face[..., 1] - 0.4) / _HEAD_RADII[1]
    dome = _HEAD_RADII[2] * np.sqrt(np.clip(1 - x**2 - y**2, 0.0, None) + 0.02)
    nose = _NOSE * np.exp(-0.5 * ((face[..., 0] / 0.16) ** 2 + ((face[..., 1] - 0.5) / 0.22) ** 2))
    return dome + nose


def _background(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Draw a wall or a curtain: a colour, a gradient, soft blotches, now and then folds."""
    colour = np.clip(rng.normal(rng.uniform(60, 200), 18, 3), 10, 245)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = rng.normal(0.0, 25.0, 2)
    plane = slope[0] * (x / width - 0.5) + slope[1] * (y / height - 0.5)
    blotches = cv2.resize(
        rng.standard_normal((6, 8)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    ) * rng.uniform(0.0, 10.0)
    folds = np.zeros_like(x)
    if rng.random() < 0.3:
        period, phase = rng.uniform(0.08, 0.3) * width, rng.uniform(0, 6.28)
        folds = rng.uniform(4.0, 15.0) * np.sin(2 * np.pi * x / period + phase + 0.3 * np.sin(y / height * 3))
    shade = (plane + blotches + folds).astype(np.float32)
    return np.clip(colour.astype(np.float32) + shade[..., None], 0, 255)


def _light(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Draw the light: strength, colour temperature, a side from which it comes, vignetting."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.5
    slope = rng.normal(0.0, 0.3, 2)
    vignette = 1 - rng.uniform(0.0, 0.5) * (x * x + y * y)
    strength = rng.uniform(0.75, 1.1) * np.exp(slope[0] * x + slope[1] * y) * vignette
    warmth = float(rng.normal(0.0, 0.05))
    return (strength[..., None] * np.array([1 + warmth, 1.0, 1 - warmth])).astype(np.float32)


def _luma(picture: Picture) -> Picture:
    """Return ITU-R BT.601 luma, [H, W]."""
    return picture @ np.array([0.299, 0.587, 0.114], np.float32)
