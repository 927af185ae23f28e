"""Blinks: the upper lid's skin is stretched down over the eye, which stays where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.neutral_face import Plate
from mevqa.synthetic.faces.portraits import portraits
from mevqa.synthetic.faces.warps import resample

#: Skin above the lid's edge that stretches, eye distances; less where the rim of glasses stands.
_SKIN_ABOVE = 0.15
_SKIN_UNDER_GLASSES = 0.07

#: How far over the lower edge the closed lid comes, as a share of the opening.
_OVERLAP = 0.1


@dataclass(frozen=True)
class Eye:
    """One eye's window in the plate; the rows and curves are pixels of the window.

    Attributes:
        window: Rows and columns of the plate.
        columns: [h, w] column of each pixel.
        rows: [h, w] row of each pixel.
        skin_top: [h, w] row above which no skin stretches.
        upper: [h, w] row of the upper lid's edge in that column.
        lower: [h, w] row of the lower lid's edge.
        bulge: [w] 1 in the middle of the eye, 0 from its corners on.
    """

    window: tuple[slice, slice]
    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    skin_top: NDArray[np.float32]
    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    bulge: NDArray[np.float32]


class Eyelids:
    """The lids of a painted face."""

    def __init__(self, plate: Plate) -> None:
        self._picture = plate.picture
        self._eyes = measure_eyes(plate)

    def closed(self, picture: NDArray[np.float32], closure: float) -> NDArray[np.float32]:
        """Return the plate's picture with the lids closed.

        Args:
            picture: [H, W, C], any picture with the plate's geometry.
            closure: 0 is as photographed, 1 is shut.
        """
        if closure <= 0.0:
            return picture
        result = picture.copy()
        for eye in self._eyes:
            edge = eye.upper + closure * (1 + _OVERLAP) * (eye.lower - eye.upper)
            stretched = eye.skin_top + (eye.rows - eye.skin_top) * (eye.upper - eye.skin_top) / (edge - eye.skin_top)
            source = np.where(eye.rows > eye.skin_top, np.minimum(stretched, eye.upper), eye.rows).astype(np.float32)
            lid = resample(picture[eye.window], np.dstack([eye.columns, source]))
            # The edge covers part of a pixel, so that it does not jump from row to row.
            covered = np.clip(edge - eye.rows + 0.5, 0.0, 1.0)[..., None]
            result[eye.window] = lid * covered + picture[eye.window] * (1.0 - covered)
        return result


def measure_eyes(plate: Plate) -> list[Eye]:
    """Measure both eyes of a painted face, the subject's right one first."""
    glasses = portraits()[plate.identity.eyes].glasses
    return [_eye(plate, side, glasses) for side in ("right", "left")]


def _eye(plate: Plate, side: str, glasses: bool) -> Eye:
    """Measure one eye: its lids' edges as parabolas through the corners and the middle."""
    inner, outer, top, bottom = (
        plate.landmark(f"{side}_{part}") for part in ("eye_inner", "eye_outer", "lid_top", "lid_bottom")
    )
    reach = _SKIN_UNDER_GLASSES if glasses else _SKIN_ABOVE
    left, right = sorted((float(inner[0]), float(outer[0])))
    x0, x1 = int(left) - 2, int(right) + 3
    y0 = int(min(inner[1], outer[1], top[1]) - 1.5 * reach * plate.eye_distance) - 2
    y1 = int(max(inner[1], outer[1], bottom[1]) + 0.1 * plate.eye_distance) + 2
    x = np.arange(x0, x1, dtype=np.float64)
    line = np.interp(x, [left, right], [inner[1], outer[1]] if inner[0] < outer[0] else [outer[1], inner[1]])
    position = (x - (left + right) / 2) / ((right - left) / 2)
    bulge = np.clip(1 - position**2, 0.0, None)
    middle = float((inner[1] + outer[1]) / 2)
    upper = line + bulge * min(float(top[1]) - middle, -1.0)
    lower = line + bulge * max(float(bottom[1]) - middle, 1.0)
    skin_top = upper - reach * plate.eye_distance
    columns, rows = np.meshgrid(np.arange(x1 - x0, dtype=np.float32), np.arange(y1 - y0, dtype=np.float32))
    top_row, upper_row, lower_row = (
        np.broadcast_to(curve - y0, rows.shape).astype(np.float32) for curve in (skin_top, upper, lower)
    )
    window = (slice(y0, y1), slice(x0, x1))
    return Eye(window, columns, rows, top_row, upper_row, lower_row, bulge.astype(np.float32))
