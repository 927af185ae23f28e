"""Motion and shading of action units as smooth fields on the canonical aligned face.

Each unit is a handful of axis-aligned Gaussian bumps read from ``mevqa/tables/action_unit_fields.yaml``. Lengths there
are eye distances from the point midway between the eyes, x to the right of the picture, y downwards ("face
coordinates" below); the subject's left side has positive x.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.video.face.geometry import EYES

if TYPE_CHECKING:
    from mevqa.facs import ActionUnit

_TABLE = TABLES / "action_unit_fields.yaml"

#: Relative change of brightness at a shading bump of strength 1, for each eye distance of motion: 6 % at the largest
#: micro-expression amplitude of 3 %. Chosen by eye; skin of real clips changes by 1 to 8 grey levels.
SHADING_GAIN = 2.0

#: Standard deviations of the random variation between people and between takes, with ``rng``. Gain and widths are
#: log-normal, place in eye distances, direction in radians.
GAIN_SPREAD = 0.25
ASYMMETRY_SPREAD = 0.25
WIDTH_SPREAD = 0.15
PLACE_SPREAD = 0.04
DIRECTION_SPREAD = 0.25


class _MotionBump(StrictModel):
    at: tuple[float, float]
    width: tuple[float, float]
    direction: tuple[float, float]


class _ShadingBump(StrictModel):
    at: tuple[float, float]
    width: tuple[float, float]
    strength: float


class UnitField(StrictModel):
    """The bumps of one unit on its own side, x outwards (``whole_face``: x to the right of the picture)."""

    whole_face: bool = False
    motion: tuple[_MotionBump, ...]
    shading: tuple[_ShadingBump, ...] = ()


class _Table(StrictModel):
    units: Mapping[int, UnitField]


@functools.cache
def unit_fields() -> Mapping[int, UnitField]:
    """Return the field of every unit that has one, by FACS number."""
    return read_yaml(_TABLE, _Table).units


@dataclass(frozen=True)
class FaceMotion:
    """One face's motion at unit amplitude, as bumps in face coordinates.

    Attributes:
        motion: [bumps, 6] float64: x, y, width across, width down, displacement right, displacement down.
        shading: [bumps, 5] float64: x, y, width across, width down, relative brightness.
    """

    motion: NDArray[np.float64]
    shading: NDArray[np.float64]

    def displacement(self, *, size: int = 256, amplitude: float = 0.02) -> NDArray[np.float32]:
        """Return where each pixel of the canonical face moves to.

        Args:
            size: Side of the picture in pixels.
            amplitude: Peak displacement of a bump of direction length 1, as a fraction of the eye distance.

        Returns:
            [size, size, 2] in pixels, x right and y down.
        """
        across, down = _profiles(self.motion, size)
        vectors = self.motion[:, 4:6] * amplitude * (EYES[1][0] - EYES[0][0]) * size
        return np.einsum("ky,kx,kc->yxc", down, across, vectors, optimize=True).astype(np.float32)

    def brightness(self, *, size: int = 256, amplitude: float = 0.02) -> NDArray[np.float32]:
        """Return the relative change of brightness, [size, size], to apply as ``picture * (1 + change)``.

        Args:
            size: Side of the picture in pixels.
            amplitude: As for ``displacement``; shading grows with it.
        """
        across, down = _profiles(self.shading, size)
        strengths = self.shading[:, 4] * amplitude * SHADING_GAIN
        return np.einsum("ky,kx,k->yx", down, across, strengths, optimize=True).astype(np.float32)


def draw_motion(
    units: Sequence[ActionUnit], rng: np.random.Generator | None = None, *, gains: Sequence[float] | None = None
) -> FaceMotion:
    """Lay the bumps of ``units`` on the face; those without a side act on both.

    Args:
        units: The contracting units.
        rng: Varies gain, asymmetry, width, place and direction of every bump; None gives the table's own values.
        gains: Relative strength of each unit, 1 when omitted.

    Raises:
        KeyError: A unit has no field in the table.
    """
    motion: list[NDArray[np.float64]] = []
    shading: list[NDArray[np.float64]] = []
    for unit, gain in zip(units, gains if gains is not None else [1.0] * len(units), strict=True):
        field = unit_fields()[unit.number]
        scale = gain * _log_normal(rng, GAIN_SPREAD)
        for sign in _signs(unit.side, field.whole_face):
            side_gain = scale * (1.0 if unit.side else _log_normal(rng, ASYMMETRY_SPREAD))
            motion += [
                np.array(
                    [*_bump_geometry(bump.at, bump.width, sign, rng), *(side_gain * _vector(bump.direction, sign, rng))]
                )
                for bump in field.motion
            ]
            shading += [
                np.array([*_bump_geometry(bump.at, bump.width, sign, rng), side_gain * bump.strength])
                for bump in field.shading
            ]
    return FaceMotion(np.array(motion).reshape(-1, 6), np.array(shading).reshape(-1, 5))


def displacement(
    units: Sequence[ActionUnit],
    *,
    size: int = 256,
    rng: np.random.Generator | None = None,
    amplitude: float = 0.02,
) -> NDArray[np.float32]:
    """Return the displacement of ``units`` on the canonical face, [size, size, 2] in pixels.

    Shorthand for ``draw_motion(units, rng).displacement(...)``; draw once and scale where a clip needs the same face
    at several amplitudes.
    """
    return draw_motion(units, rng).displacement(size=size, amplitude=amplitude)


def _signs(side: str | None, whole_face: bool) -> tuple[float, ...]:
    """Return the x signs that a unit acts on; the subject's left is on the right of the picture."""
    if whole_face:
        return (1.0,)
    return {"left": (1.0,), "right": (-1.0,), None: (1.0, -1.0)}[side]


def _log_normal(rng: np.random.Generator | None, spread: float) -> float:
    return 1.0 if rng is None else float(np.exp(rng.normal(0.0, spread)))


def _bump_geometry(
    at: tuple[float, float], width: tuple[float, float], sign: float, rng: np.random.Generator | None
) -> NDArray[np.float64]:
    """Return x, y and both widths of a bump, varied."""
    geometry = np.array([sign * at[0], at[1], *width])
    if rng is not None:
        geometry[:2] += rng.normal(0.0, PLACE_SPREAD, 2)
        geometry[2:] *= np.exp(rng.normal(0.0, WIDTH_SPREAD, 2))
    return geometry


def _vector(direction: tuple[float, float], sign: float, rng: np.random.Generator | None) -> NDArray[np.float64]:
    """Return a bump's displacement, turned a little."""
    x, y = sign * direction[0], direction[1]
    if rng is None:
        return np.array([x, y])
    angle = rng.normal(0.0, DIRECTION_SPREAD)
    return np.array([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)])


def _profiles(bumps: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bumps' Gaussian profiles across and down the canonical picture, [bumps, size] each."""
    unit = EYES[1][0] - EYES[0][0]
    centre_x, centre_y = (EYES[0][0] + EYES[1][0]) / 2, (EYES[0][1] + EYES[1][1]) / 2
    pixels = (np.arange(size) + 0.5) / size
    x, y = (pixels - centre_x) / unit, (pixels - centre_y) / unit
    across = np.exp(-0.5 * ((x[None] - bumps[:, 0:1]) / bumps[:, 2:3]) ** 2)
    down = np.exp(-0.5 * ((y[None] - bumps[:, 1:2]) / bumps[:, 3:4]) ** 2)
    return across, down
