"""Optical flow from onset to apex on the aligned face: horizontal and vertical motion, and optical strain.

Published recognisers compute it with TV-L1, which is in OpenCV's contributed modules and no dependency here: ours is
the dense inverse search of ``mevqa.video.motion.flow``. Lengths are percents of the distance between the eyes, so that
they mean the same at every resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mevqa.recognition.base import Array, picture
from mevqa.video.face.geometry import EYE_DISTANCE
from mevqa.video.face.regions import Region, face_regions
from mevqa.video.motion.flow import dense_flow, optical_strain

if TYPE_CHECKING:
    from mevqa.types import View

#: Region by whose motion the head's remaining motion is measured: expressions hardly move the bridge of the nose.
_RIGID = "nose bridge"

#: A box on the aligned face: left, top, right, bottom in whole pixels, the last two excluded.
Box = tuple[int, int, int, int]


def flow_and_strain(views: Sequence[View]) -> Array:
    """Return the motion from onset to apex of one clip.

    Args:
        views: Among them ``onset`` and ``apex``, aligned faces.

    Returns:
        [3, H, W]: horizontal (to the right) and vertical (down) motion in percents of the eye distance, and strain in
        percents.

    Raises:
        InputError: One of the two views is missing.
    """
    return steady_motion(dense_flow(picture(views, "onset"), picture(views, "apex")))


def steady_motion(flow: Array) -> Array:
    """Return a flow without the remaining motion of the head, and its strain.

    The median motion of the bridge of the nose is taken off.

    Args:
        flow: Displacement in px of the aligned face [H, W, 2].

    Returns:
        [3, H, W]: as ``flow_and_strain``.
    """
    left, top, right, bottom = box_of([_RIGID])
    flow = flow - np.median(flow[top:bottom, left:right], axis=(0, 1)).astype(np.float32)
    # A scaled field has a scaled strain: displacement per pixel has no unit.
    percent = 100 / EYE_DISTANCE * flow
    return np.stack([percent[..., 0], percent[..., 1], 100 * optical_strain(flow)]).astype(np.float32)


def box_of(names: Sequence[str]) -> Box:
    """Return the smallest box that holds some facial regions.

    Args:
        names: Of ``mevqa.video.face.regions.face_regions``.

    Raises:
        ValueError: There is no region of a name.
    """
    boxes = [region_box(region) for region in face_regions() if region.name in names]
    if len(boxes) != len(set(names)):
        raise ValueError(f"{', '.join(sorted(set(names)))}: not all of them are regions of the face")
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def region_box(region: Region) -> Box:
    """Return the box of a facial region in whole pixels of the aligned face."""
    left, top = (round(at - size / 2) for at, size in zip(region.centre, region.size, strict=True))
    return left, top, left + region.size[0], top + region.size[1]
