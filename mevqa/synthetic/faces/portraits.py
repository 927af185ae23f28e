"""The two portraits that every synthetic face is made from, and their hand-placed landmarks."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.files.strict_yaml import StrictModel, read_yaml

_FOLDER = Path(__file__).parent / "portraits"


class _PortraitEntry(StrictModel):
    picture: str
    mask: str
    glasses: bool
    landmarks: Mapping[str, tuple[float, float]]


class _PortraitTable(StrictModel):
    portraits: Mapping[str, _PortraitEntry]


class _Shape(StrictModel):
    landmarks: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Portrait:
    """A person cut out of a photograph.

    Attributes:
        name: Name in ``portraits.yaml``.
        picture: [H, W, 4] float32: red, green, blue and coverage (255 = person), 0 to 255.
        landmarks: [L, 2] pixels, in the order of ``landmark_names()``.
        glasses: Whether the person wears glasses.
    """

    name: str
    picture: NDArray[np.float32]
    landmarks: NDArray[np.float64]
    glasses: bool


@functools.cache
def landmark_names() -> tuple[str, ...]:
    """Return the names of the landmarks, subject's own sides."""
    return tuple(_mean_shape_table().landmarks)


@functools.cache
def mean_shape() -> NDArray[np.float64]:
    """Return the average face, [L, 2] in eye distances from the point midway between the eyes, y downwards.

    It is the face that the fields of the action units are laid on.
    """
    return np.array(list(_mean_shape_table().landmarks.values()))


@functools.cache
def mirror_order() -> NDArray[np.intp]:
    """Return, for each landmark, the index of its namesake on the other side."""
    names = landmark_names()
    swap = {"right": "left", "left": "right"}
    return np.array([names.index("_".join(swap.get(part, part) for part in name.split("_"))) for name in names])


@functools.cache
def portraits() -> Mapping[str, Portrait]:
    """Return the portraits by name."""
    table = read_yaml(_FOLDER / "portraits.yaml", _PortraitTable)
    return {name: _load(name, entry) for name, entry in table.portraits.items()}


@functools.cache
def _mean_shape_table() -> _Shape:
    return read_yaml(_FOLDER / "mean_shape.yaml", _Shape)


def _load(name: str, entry: _PortraitEntry) -> Portrait:
    picture = cv2.imread(str(_FOLDER / entry.picture), cv2.IMREAD_COLOR)
    mask = cv2.imread(str(_FOLDER / entry.mask), cv2.IMREAD_GRAYSCALE)
    if picture is None or mask is None:
        raise FileNotFoundError(f"the portrait {name} is missing from this installation of mevqa")
    rgba = np.dstack([picture[..., ::-1], mask]).astype(np.float32)
    landmarks = np.array([entry.landmarks[landmark] for landmark in landmark_names()])
    return Portrait(name, rgba, landmarks, entry.glasses)
