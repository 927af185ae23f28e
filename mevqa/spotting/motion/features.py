"""Features by which a candidate is judged: a short list of numbers, none of which depends on the frame rate."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.evidence.units import explain
from mevqa.video.face.regions import face_regions

if TYPE_CHECKING:
    from mevqa.spotting.motion.detect import Candidate

Array = NDArray[np.float64]

#: The features in their order, and what each is.
FEATURES: dict[str, str] = {
    "strength": "logarithm of the strength, in deviations of the video's own noise",
    "duration": "logarithm of the time from onset to offset over 500 ms",
    "rise": "time from onset to apex as a share of the duration",
    "filter": "logarithm of the duration over that of the filter that answered most, without its sign",
    "motion": "logarithm of the largest displacement of a region, eye distances",
    "spread": "logarithm of the number of regions among which the energy is shared (inverse Simpson index)",
    "unlike": "how much the regions that move differ from the reference beyond motion and brightness",
    "blinking": "share of its time in which the eyes blink",
    "brows": "share of the energy in brows and glabella",
    "eyes": "share of the energy in the lids",
    "mouth": "share of the energy in mouth, lips and chin",
    "one_sided": "energy of the stronger side less that of the weaker one, over both",
    "units": "number of action units that explain the motion",
    "fit": "share of the motion's energy that these units explain",
}

#: Words of a region's name by the feature that its energy belongs to.
_PARTS = {"brows": ("brow", "glabella"), "eyes": ("lid",), "mouth": ("mouth", "lip", "chin")}

#: Nothing is divided by less, and no logarithm taken of less.
_LEAST = 1e-9


def features(candidate: Candidate) -> Array:
    """Return the numbers of ``FEATURES`` for one candidate, [features]."""
    course = candidate.course
    duration = max(course.offset_ms - course.onset_ms, 1.0)
    energy = candidate.motion[0::2] ** 2 + candidate.motion[1::2] ** 2
    total = max(float(energy.sum()), _LEAST**2)
    sides, parts = _masks()
    left, right = (float(energy[side].sum()) for side in sides)
    units, fit = explain(candidate.motion)
    values = {
        "strength": np.log(max(candidate.strength, _LEAST)),
        "duration": np.log(duration / 500.0),
        "rise": (course.apex_ms - course.onset_ms) / duration,
        "filter": abs(np.log(duration / candidate.duration_ms)),
        "motion": np.log(max(float(np.sqrt(energy.max())), _LEAST)),
        "spread": np.log(max(total**2 / max(float((energy**2).sum()), _LEAST**4), _LEAST)),
        "unlike": candidate.unlike,
        "blinking": candidate.blinking,
        **{name: float(energy[mask].sum()) / total for name, mask in parts.items()},
        "one_sided": abs(left - right) / max(left + right, _LEAST**2),
        "units": len(units),
        "fit": fit,
    }
    return np.array([values[name] for name in FEATURES], dtype=np.float64)


@functools.cache
def _masks() -> tuple[tuple[NDArray[np.bool_], ...], dict[str, NDArray[np.bool_]]]:
    """Return which regions are left and right, and which belong to each part of the face."""
    names = [region.name for region in face_regions()]
    sides = tuple(np.array([name.startswith(side) for name in names]) for side in ("left ", "right "))
    parts = {part: np.array([any(word in name for word in words) for name in names]) for part, words in _PARTS.items()}
    return sides, parts
