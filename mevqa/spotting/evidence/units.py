"""From the motion of facial regions to action units: which units, on which side, would move them like that.

Every unit's motion field (``mevqa/tables/action_unit_fields.yaml``) is averaged over the boxes in which motion is
measured, for each side of the face; a matching pursuit without negative parts explains what was seen by few of them.
These are candidates for a coder or a model to confirm: regions cannot tell all units apart.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mevqa.facs import ActionUnit, Side
from mevqa.spotting.events import UnitCandidate
from mevqa.synthetic.faces.fields import displacement, unit_fields
from mevqa.video.face.geometry import EYE_DISTANCE
from mevqa.video.face.head_motion import without_head
from mevqa.video.face.regions import face_regions

Array = NDArray[np.float64]

#: At most so many sides of units explain an expression, each at least this share of its energy.
_MOST = 8
_LEAST_GAIN = 0.04

#: A unit is on one side when the other side's part is smaller than this share of it.
_ONE_SIDED = 0.35


def unit_candidates(motion: Array) -> tuple[UnitCandidate, ...]:
    """Return the units that explain a motion, the one that explains most first.

    Args:
        motion: [2 * regions] displacement right and down, without head, any scale.
    """
    return explain(motion)[0]


def explain(motion: Array) -> tuple[tuple[UnitCandidate, ...], float]:
    """Return the units that explain a motion, the one that explains most first, and the share of its energy they do.

    Args:
        motion: [2 * regions] displacement right and down, without head, any scale.
    """
    sides, atoms = _atoms()
    direction = motion / max(float(np.linalg.norm(motion)), 1e-12)
    chosen: list[int] = []
    weights = np.zeros(0)
    left = direction
    for _ in range(_MOST):
        gain = atoms.T @ left
        gain[chosen] = 0.0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        tried = [*chosen, best]
        parts = nnls(atoms[:, tried], direction)[0]
        after = direction - atoms[:, tried] @ parts
        if float(left @ left - after @ after) < _LEAST_GAIN:
            break
        chosen, weights, left = tried, parts, after
    units = _merge([(*sides[which], float(weight)) for which, weight in zip(chosen, weights, strict=True)])
    return units, float(direction @ direction - left @ left)


def by_region(motion: Array) -> dict[str, tuple[float, float]]:
    """Return a motion, [2 * regions], as displacement right and down by the name of each region."""
    pairs = motion.reshape(-1, 2)
    return {region.name: (float(x), float(y)) for region, (x, y) in zip(face_regions(), pairs, strict=True)}


def _merge(parts: list[tuple[int, Side | None, float]]) -> tuple[UnitCandidate, ...]:
    """Return units with both sides joined."""
    by_unit: dict[int, dict[Side | None, float]] = {}
    for number, side, weight in parts:
        if weight > 0:
            by_unit.setdefault(number, {})[side] = weight
    total = sum(weight**2 for weights in by_unit.values() for weight in weights.values())
    candidates = []
    for number, by_side in by_unit.items():
        share = sum(weight**2 for weight in by_side.values()) / total
        strongest = max(by_side, key=lambda side: by_side[side])
        other = by_side.get("right" if strongest == "left" else "left", 0.0)
        side = strongest if other < _ONE_SIDED * by_side[strongest] else None
        candidates.append(UnitCandidate(ActionUnit(number, side), share))
    return tuple(sorted(candidates, key=lambda candidate: -candidate.share))


@functools.cache
def _atoms() -> tuple[list[tuple[int, Side | None]], Array]:
    """Return number and side of every atom, and their motions of length 1, [2 * regions, atoms]."""
    regions = face_regions()
    names: list[tuple[int, Side | None]] = []
    columns = []
    for number, unit in sorted(unit_fields().items()):
        sides: tuple[Side | None, ...] = (None,) if unit.whole_face else ("left", "right")
        for side in sides:
            field = displacement([ActionUnit(number, side)], amplitude=1.0).astype(np.float64) / EYE_DISTANCE
            moved = np.array([_mean(field, region.centre, region.size) for region in regions])
            steady = without_head(moved[None], regions)[0].ravel()
            names.append((number, side))
            columns.append(steady / max(float(np.linalg.norm(steady)), 1e-12))
    return names, np.stack(columns, axis=1)


def _mean(field: Array, centre: tuple[float, float], size: tuple[int, int]) -> Array:
    """Return the mean of a field [256, 256, 2] over a box, weighed like the measurement."""
    left, top = round(centre[0] - size[0] / 2), round(centre[1] - size[1] / 2)
    weight = np.outer(np.hanning(size[1] + 2)[1:-1], np.hanning(size[0] + 2)[1:-1])
    rows = slice(max(top, 0), top + size[1])
    box = field[rows, left : left + size[0]]
    weight = weight[-box.shape[0] :, : box.shape[1]]
    return np.asarray((box * weight[..., None]).sum(axis=(0, 1)) / weight.sum())
