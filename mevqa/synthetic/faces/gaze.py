"""Eyes that look aside: the eyeball turns between the lids, which stay where they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.faces.eyelids import measure_eyes
from mevqa.synthetic.faces.neutral_face import Plate
from mevqa.synthetic.faces.warps import resample


class Gaze:
    """The eyeballs of a painted face."""

    def __init__(self, plate: Plate) -> None:
        self._eye_distance = plate.eye_distance
        self._eyes = measure_eyes(plate)

    def turned(self, picture: NDArray[np.float32], across: float, down: float) -> NDArray[np.float32]:
        """Return the plate's picture with the eyes turned.

        Args:
            picture: [H, W, C], any picture with the plate's geometry.
            across: How far the pupil goes to the right of the picture, eye distances.
            down: How far it goes down.
        """
        if across == 0.0 and down == 0.0:
            return picture
        result = picture.copy()
        for eye in self._eyes:
            # The corners of the eye hold still; the white between them and the iris stretches.
            share = np.sqrt(eye.bulge)[None] * np.float32(self._eye_distance)
            places = np.dstack([eye.columns - share * across, eye.rows - share * down]).astype(np.float32)
            moved = resample(picture[eye.window], places)
            inside = np.minimum(eye.rows - eye.upper, eye.lower - eye.rows)
            open_here = np.clip(inside + 0.5, 0.0, 1.0)[..., None]
            result[eye.window] = moved * open_here + picture[eye.window] * (1.0 - open_here)
        return result
