"""Large turns of the head: the face goes round the axis of the neck as a curved surface that is seen from afar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The face as a shallow dome with a nose: half breadth, half height, depth over the axis, eye distances. Shallow enough
#: that nothing of it hides behind itself up to 25 degrees, so that the warp stays smooth.
_RADII = (1.35, 1.75, 0.95)
_NOSE = 0.22

#: The turn fades from the chin down to the shoulders, which stay, eye distances below the eyes.
_NECK = (1.55, 2.5)

#: Height of the axis of nodding below the eyes, eye distances.
_NOD_AXIS = 0.8

#: Steps of the inversion; each divides the error by two at the border of the face, by five within.
_STEPS = 6

Places = NDArray[np.float64]


def turned(places: Places, yaw: float, pitch: float) -> Places:
    """Return where places of the face are seen after a turn.

    Args:
        places: [..., 2] face coordinates.
        yaw: Radians, to the right of the picture.
        pitch: Radians, downwards.
    """
    yaws, pitches = _faded(places, yaw), _faded(places, pitch)
    x, y, depth = places[..., 0], places[..., 1] - _NOD_AXIS, _depth(places)
    behind = depth * np.cos(yaws) - x * np.sin(yaws)
    return np.stack(
        [x * np.cos(yaws) + depth * np.sin(yaws), y * np.cos(pitches) + behind * np.sin(pitches) + _NOD_AXIS], axis=-1
    )


def unturned(places: Places, yaw: float, pitch: float) -> Places:
    """Return the places of the face that are seen at some places after a turn; the inverse of ``turned``.

    Args:
        places: [..., 2] face coordinates in the picture.
        yaw: Radians, to the right of the picture.
        pitch: Radians, downwards.
    """
    source = places
    for _ in range(_STEPS):
        source = source + (places - turned(source, yaw, pitch))
    return source


def _depth(places: Places) -> NDArray[np.float64]:
    """Return how far the face stands out over the axis, eye distances."""
    x, y = places[..., 0], places[..., 1] - 0.4
    dome = np.clip(1.0 - (x / _RADII[0]) ** 2 - (y / _RADII[1]) ** 2, 0.0, None)
    nose = _NOSE * np.exp(-0.5 * ((x / 0.2) ** 2 + ((places[..., 1] - 0.5) / 0.25) ** 2))
    return np.asarray(_RADII[2] * dome + nose)


def _faded(places: Places, angle: float) -> NDArray[np.float64]:
    """Return the angle by which each place turns."""
    share = np.clip((_NECK[1] - places[..., 1]) / (_NECK[1] - _NECK[0]), 0.0, 1.0)
    return np.asarray(angle * share * share * (3.0 - 2.0 * share))
