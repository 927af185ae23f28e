"""Side of the face on which a motion is."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.regions import face_regions

#: A motion is on one side when the other side has less than this share of its energy.
_SIDE_SHARE = 0.2


def side_of(motion: NDArray[np.float64]) -> Literal["left", "right"] | None:
    """Return the subject's side on which nearly all of a motion is, None when both sides take part.

    Args:
        motion: [2 * regions] displacement right and down of ``face_regions()``, any scale.
    """
    energy = {"left": 0.0, "right": 0.0}
    for index, region in enumerate(face_regions()):
        for side in energy:
            if region.name.startswith(f"{side} "):
                energy[side] += float(motion[2 * index] ** 2 + motion[2 * index + 1] ** 2)
    if energy["left"] == energy["right"]:
        return None
    strong, weak = ("left", "right") if energy["left"] > energy["right"] else ("right", "left")
    return strong if energy[weak] < _SIDE_SHARE * energy[strong] else None  # type: ignore[return-value]
