"""The facial regions in which motion is measured, as boxes on the canonical aligned face."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE, EYES

Kind = Literal["face", "lid", "rigid", "overlapping"]

_TABLE = TABLES / "face_regions.yaml"


class _Row(StrictModel):
    name: str
    at: tuple[float, float]
    half: tuple[float, float]
    sides: bool
    kind: Kind


class _Table(StrictModel):
    regions: tuple[_Row, ...]
    of_networks: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """One box on the aligned face.

    Attributes:
        name: ``left cheek``, ``chin``; sides are the subject's own, their left is on the right of the picture.
        kind: ``face``, ``lid`` (blinks move it too), ``rigid`` (only the head moves it) or ``overlapping`` (it
            lies over regions of the kind ``face``).
        centre: (x, y) in pixels of the aligned face.
        size: (width, height) in whole pixels.
    """

    name: str
    kind: Kind
    centre: tuple[float, float]
    size: tuple[int, int]


@functools.cache
def face_regions() -> tuple[Region, ...]:
    """Return the regions that are looked at without a network, the two sides of a pair one after the other."""
    return _as_regions(read_yaml(_TABLE, _Table).regions)


@functools.cache
def network_regions() -> tuple[Region, ...]:
    """Return ``face_regions()`` and behind them those that only networks read."""
    return (*face_regions(), *_as_regions(read_yaml(_TABLE, _Table).of_networks))


def _as_regions(rows: Sequence[_Row]) -> tuple[Region, ...]:
    """Return the regions of rows of the table, those with sides twice."""
    regions: list[Region] = []
    for row in rows:
        sides = (("left ", 1), ("right ", -1)) if row.sides else (("", 1),)
        regions.extend(_as_region(f"{prefix}{row.name}", row, sign) for prefix, sign in sides)
    return tuple(regions)


def _as_region(name: str, row: _Row, sign: int) -> Region:
    """Return a row of the table on one side, in pixels."""
    middle = (EYES[0][0] + EYES[1][0]) / 2 * ALIGNED_SIZE, EYES[0][1] * ALIGNED_SIZE
    centre = middle[0] + sign * row.at[0] * EYE_DISTANCE, middle[1] + row.at[1] * EYE_DISTANCE
    size = round(2 * row.half[0] * EYE_DISTANCE), round(2 * row.half[1] * EYE_DISTANCE)
    return Region(name, row.kind, centre, size)
