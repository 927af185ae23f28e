"""Crops of faces in square motion maps: the product's own geometry, close crops, and any others.

Published maps are stretched crops from the brows to the chin. Read off their mean energy without labels (brows, lids
and mouth corners stand out), the eyes of CASME II and of SMIC are .6 of the side apart and lie .26 below the top, and
heights are squeezed to .75 of widths; the product's own crops have .40, .36 and 1. Training covers a range around both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.geometry import EYES

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Crops:
    """Crops of several faces, lengths as fractions of the picture's side, each [faces, 1].

    Attributes:
        centre_x: Place of the point midway between the eyes.
        centre_y: The same, downwards.
        across: Length of one eye distance across.
        down: Length of one eye distance downwards: square pictures of upright faces are squeezed.
    """

    centre_x: Column
    centre_y: Column
    across: Column
    down: Column


def draw_crops(faces: int, canonical: float, tight: float, rng: np.random.Generator) -> Crops:
    """Draw the crops of some faces.

    Args:
        faces: How many.
        canonical: Share in the product's own geometry.
        tight: Share that is cropped closely.
        rng: Decides everything.
    """

    def uniform(low: float, high: float) -> Column:
        return rng.uniform(low, high, (faces, 1))

    kind = rng.random((faces, 1))
    aligned, close = kind < canonical, (kind >= canonical) & (kind < canonical + tight)
    across = np.where(close, uniform(0.5, 0.7), uniform(0.33, 0.54))
    centre_y = np.where(close, uniform(0.2, 0.34), uniform(0.2, 0.45))
    aspect = np.where(close, uniform(0.62, 0.95), uniform(0.75, 1.2))
    across = np.where(aligned, EYES[1][0] - EYES[0][0], across)
    centre_y = np.where(aligned, EYES[0][1] + rng.normal(0, 0.012, (faces, 1)), centre_y)
    centre_x = 0.5 + rng.normal(0, 0.012, (faces, 1)) * np.where(aligned, 1, np.where(close, 2, 3))
    return Crops(centre_x, centre_y, across, across * np.where(aligned, 1.0, aspect))
