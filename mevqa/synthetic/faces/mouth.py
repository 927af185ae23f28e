"""A mouth that opens: the lips part along their line, the lower lip goes down, teeth and dark are seen between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.neutral_face import Plate
from mevqa.synthetic.faces.tone import Picture
from mevqa.synthetic.faces.warps import resample

#: Share of the opening by which the upper lip rises; the lower jaw does the rest.
_UPPER_SHARE = 0.15

#: Skin that stretches above the upper lip and is pushed together below the lower one, eye distances.
_ABOVE = 0.14
_BELOW = 0.42

#: The inside of the mouth as a share of the colour of the lips, the upper teeth as one of their brightness; red, green
#: and blue.
_INSIDE = np.array([0.38, 0.25, 0.25], np.float32)
_TEETH = np.array([1.05, 1.0, 0.9], np.float32)
#: Height of the teeth that can be seen, eye distances, and the largest share of the opening.
_TEETH_HEIGHT = 0.05
_TEETH_SHARE = 0.4


class Mouth:
    """The lips of a painted face."""

    def __init__(self, plate: Plate, *, grey: bool) -> None:
        """Measure the lips' line and take the colours from the lips.

        Args:
            plate: The face.
            grey: Whether the pictures have luma and coverage alone.
        """
        self._eye_distance = plate.eye_distance
        right, left = (plate.landmark(f"{side}_mouth_corner") for side in ("right", "left"))
        meet, top, bottom = (plate.landmark(name) for name in ("lips_meet", "upper_lip_top", "lower_lip_bottom"))
        x0, x1 = int(right[0]) - 1, int(np.ceil(left[0])) + 2
        y0 = int(top[1] - _ABOVE * plate.eye_distance) - 2
        y1 = int(bottom[1] + _BELOW * plate.eye_distance) + 2
        self._window = np.s_[y0:y1, x0:x1]
        x = np.arange(x0, x1, dtype=np.float64)
        position = (x - (right[0] + left[0]) / 2) / ((left[0] - right[0]) / 2)
        bulge = np.clip(1 - position**2, 0.0, None)
        corners = np.interp(x, [right[0], left[0]], [right[1], left[1]])
        line = corners + bulge * (float(meet[1]) - float(corners[len(x) // 2]))
        self._columns, self._rows = np.meshgrid(
            np.arange(x1 - x0, dtype=np.float32), np.arange(y1 - y0, dtype=np.float32)
        )
        self._bulge = bulge.astype(np.float32)
        self._line = (line - y0).astype(np.float32)
        self._bottom = np.float32(y1 - y0 - 2)
        row, column = np.rint((bottom + meet) / 2).astype(int)[::-1]
        lips = plate.picture[row - 2 : row + 3, column - 4 : column + 5, :3].mean(axis=(0, 1))
        # Half of the hue of light and camera is in the teeth too.
        hue = np.sqrt(np.maximum(lips, 1.0) / max(float(lips.mean()), 1.0))
        self._inside = _coloured(_INSIDE * lips, grey)
        self._teeth = _coloured(_TEETH * hue * lips.mean(), grey)

    def opened(self, picture: Picture, opening: float, narrowness: float = 0.0) -> Picture:
        """Return the plate's picture with the mouth open.

        Args:
            picture: [H, W, C], any picture with the plate's geometry.
            opening: Between the lips in the middle, eye distances.
            narrowness: 0: the lips part up to the corners; 1: in the middle only, as for "oo".
        """
        if opening * self._eye_distance < 0.1:
            return picture
        shape = self._bulge ** np.float32(0.8 + 1.5 * narrowness)
        gap = np.float32(opening * self._eye_distance) * shape
        upper, lower = self._line - _UPPER_SHARE * gap, self._line + (1 - _UPPER_SHARE) * gap
        rows = self._rows
        above = rows * (self._line / upper)
        below = self._bottom - (self._bottom - rows) * ((self._bottom - self._line) / (self._bottom - lower))
        source = np.where(rows < (upper + lower) / 2, np.minimum(above, self._line), np.maximum(below, self._line))
        source = np.where(rows > self._bottom, rows, source)
        window = picture[self._window]
        skin = resample(window, np.dstack([self._columns, source.astype(np.float32)]))
        # The edges cover part of a pixel, so that they do not jump from row to row.
        between = np.clip(np.minimum(rows - upper, lower - rows) + 0.5, 0.0, 1.0)
        between = (between * np.clip(gap, 0.0, 1.0))[..., None]
        height = np.minimum(_TEETH_SHARE * gap, _TEETH_HEIGHT * self._eye_distance)
        teeth = np.clip(upper + height - rows + 0.5, 0.0, 1.0) * shape
        inside = self._inside + (self._teeth - self._inside) * teeth[..., None]
        result = picture.copy()
        result[self._window] = skin
        result[self._window][..., :-1] = skin[..., :-1] * (1.0 - between) + inside * between
        return result


def _coloured(colour: NDArray[np.float32], grey: bool) -> NDArray[np.float32]:
    """Return a colour, or its ITU-R BT.601 luma."""
    return np.array([colour @ np.array([0.299, 0.587, 0.114], np.float32)], np.float32) if grey else colour
