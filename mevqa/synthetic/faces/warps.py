"""Smooth maps between faces: thin-plate splines through landmarks, evaluated on coarse grids."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


class ThinPlate:
    """The smoothest map that takes one set of points to another.

    Bookstein, "Principal warps: thin-plate splines and the decomposition of deformations", IEEE TPAMI 11(6) 567-585
    (1989), equations 1 to 6; ``stiffness`` is added to the diagonal of K (Wahba, "Spline models", 1990), so that
    points that lie close together cannot fold the map.
    """

    def __init__(self, source: Points, target: Points, stiffness: float = 1e-3) -> None:
        """Fit the map.

        Args:
            source: [L, 2] points.
            target: [L, 2] where they go.
            stiffness: Weight of smoothness against exactness, dimensionless after scaling to unit spread.
        """
        self._centre = source.mean(axis=0)
        self._scale = float(source.std())
        points = (source - self._centre) / self._scale
        count = len(points)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(points, points) + stiffness * np.eye(count)
        system[:count, count] = system[count, :count] = 1.0
        system[:count, count + 1 :] = points
        system[count + 1 :, :count] = points.T
        self._points = points
        self._weights = np.linalg.solve(system, np.vstack([target, np.zeros((3, 2))]))

    def __call__(self, points: Points) -> Points:
        """Map points, [..., 2]."""
        flat = (points.reshape(-1, 2) - self._centre) / self._scale
        basis = np.hstack([_kernel(flat, self._points), np.ones((len(flat), 1)), flat])
        return (basis @ self._weights).reshape(points.shape)


def smooth_map(function: Callable[[Points], Points], width: int, height: int, step: int) -> NDArray[np.float32]:
    """Evaluate a smooth function of pixel places on a coarse grid and interpolate it.

    Args:
        function: Takes [..., 2] pixel places (x, y) and returns [..., C].
        width: Of the result, pixels.
        height: Of the result, pixels.
        step: Pixels between the nodes; the function must be smooth at that scale.

    Returns:
        [height, width, C] float32.
    """
    nodes = coarse_grid(width, height, step)
    return upsample(function(nodes).astype(np.float32), width, height, step)


def coarse_grid(width: int, height: int, step: int) -> Points:
    """Return the places of the nodes of ``smooth_map``, [rows, columns, 2], one node beyond each border."""
    x = (np.arange(-1, -(-width // step) + 1) + 0.5) * step - 0.5
    y = (np.arange(-1, -(-height // step) + 1) + 0.5) * step - 0.5
    return np.stack(np.meshgrid(x, y), axis=-1)


def upsample(nodes: NDArray[np.float32], width: int, height: int, step: int) -> NDArray[np.float32]:
    """Interpolate values at ``coarse_grid`` nodes to every pixel, [height, width, C]."""
    rows, columns = nodes.shape[:2]
    # cv2.resize puts node i at (i + 0.5) * step - 0.5, as coarse_grid does, counting from its first node.
    full = cv2.resize(nodes, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[step : step + height, step : step + width], np.float32)


def resample(
    picture: NDArray[np.float32], places: NDArray[np.float32], interpolation: int = cv2.INTER_LINEAR
) -> NDArray[np.float32]:
    """Sample ``picture`` at other pixel places; beyond its border, its border is repeated.

    Args:
        picture: [H, W, C] or [H, W].
        places: [h, w, 2] pixels (x, y).
        interpolation: OpenCV's constant.
    """
    empty = np.empty(0, np.float32)
    places = places.astype(np.float32, copy=False)
    result = cv2.remap(picture, places, empty, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, np.float32)


def _kernel(first: Points, second: Points) -> NDArray[np.float64]:
    """Return U(r) = r^2 log r^2 between all pairs."""
    squared = ((first[:, None, :] - second[None, :, :]) ** 2).sum(axis=-1)
    return squared * np.log(np.maximum(squared, 1e-20))
