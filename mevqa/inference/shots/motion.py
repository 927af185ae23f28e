"""Motion features by which clips are compared: the centred motion map from onset to apex, averaged to a coarse grid.

Which features and which distance is our choice: the map is what all clips have, also those of which only a ready-made
map exists; 14 x 14 means of its three channels (horizontal, vertical, strain), each standardised over the training
clips, compared by the Euclidean distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.types import View

Array = NDArray[np.float64]

#: The view that is compared.
MOTION_VIEW = "motion-centred"

#: Cells of the grid along each side.
_CELLS = 14

#: Least deviation of a cell, grey levels: what hardly varies says nothing.
_LEAST = 2.0


def motion_features(views: Sequence[View]) -> Array:
    """Return the features of one clip, [588].

    Args:
        views: Among them ``motion-centred``.

    Raises:
        StopIteration: It is not there.
    """
    picture = next(view.image for view in views if view.name == MOTION_VIEW)
    cells = cv2.resize(np.asarray(picture.convert("RGB"), np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float64).ravel()


class MotionIndex:
    """Training clips by their motion.

    Args:
        features: [clips, 588].
    """

    def __init__(self, features: Array) -> None:
        self._mean = features.mean(axis=0)
        self._spread = np.maximum(features.std(axis=0), _LEAST)
        self._clips = (features - self._mean) / self._spread

    def distances(self, features: Array) -> Array:
        """Return the distance of each training clip from one clip, [clips]."""
        return np.asarray(np.linalg.norm(self._clips - (features - self._mean) / self._spread, axis=1))
