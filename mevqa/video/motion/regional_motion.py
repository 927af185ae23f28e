"""Displacement of each facial region from a reference picture, to a fraction of a pixel.

A region's displacement is one number pair, so it is solved for directly from all of its pixels (Lucas and Kanade 1981,
in the inverse compositional form of Baker and Matthews 2004) instead of averaging a dense flow field: noise averages
out over thousands of pixels. Gain and offset of the brightness are solved for together with the displacement, so
that flicker and passing shadows are not taken for motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.geometry import EYE_DISTANCE
from mevqa.video.face.regions import Region

Array = NDArray[np.float64]

#: Deviation of the blur before registration, pixels of the aligned face: motions up to twice this converge.
_BLUR = 2.0

#: Steps of registration; a micro-expression needs two, what is left of head motion a third and fourth.
_STEPS = 4

#: Displacements beyond this are a failed registration (a blink, a hand), pixels; larger ones are cut to it.
_FARTHEST = 12.0


@dataclass(frozen=True, slots=True)
class RegionalMotion:
    """Motion of one frame against the reference.

    Attributes:
        displacement: [regions, 2] to the right and downwards, in eye distances.
        mismatch: [regions] what motion and brightness do not explain, deviation relative to the region's contrast.
    """

    displacement: Array
    mismatch: Array


@dataclass(frozen=True, slots=True)
class _Template:
    """One region of the reference, prepared."""

    region: Region
    weight: NDArray[np.float32]
    pixels: NDArray[np.float32]
    descent: NDArray[np.float32]
    inverse: Array
    contrast: float
    weighed: np.float32
    centred: NDArray[np.float32]


class MotionMeter:
    """Measures aligned faces against a reference.

    Args:
        reference: Aligned faces of one moment, uint8 [256, 256, 3] or grey [256, 256]; their mean is taken.
        regions: Where to measure.
    """

    def __init__(self, reference: Sequence[np.ndarray], regions: Sequence[Region]) -> None:
        mean = np.mean([blurred_grey(face) for face in reference], axis=0).astype(np.float32)
        across, down = np.gradient(mean, axis=1), np.gradient(mean, axis=0)
        self.regions = tuple(regions)
        self._templates = [self._prepare(region, mean, across, down) for region in regions]

    @staticmethod
    def _prepare(region: Region, mean: np.ndarray, across: np.ndarray, down: np.ndarray) -> _Template:
        """Return one region's pixels with the steepest-descent pictures of motion, gain and offset."""
        width, height = region.size
        weight = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32).ravel()
        patches = [_patch(picture, region.size, region.centre) for picture in (mean, across, down)]
        pixels = patches[0]
        columns = np.stack([patches[1], patches[2], pixels - pixels.mean(), np.ones_like(pixels)])  # [4, pixels]
        descent = columns * weight
        normal = descent.astype(np.float64) @ columns.T.astype(np.float64)
        # A region without texture (a saturated or black picture) has no motion rather than an endless one.
        normal[np.arange(2), np.arange(2)] += 1e-3 * weight.sum()
        normal[2, 2] += 1e-3
        average = float(np.average(pixels, weights=weight))
        contrast = float(np.sqrt(np.average((pixels - average) ** 2, weights=weight)))
        inverse = np.asarray(np.linalg.inv(normal), dtype=np.float64)
        return _Template(region, weight, pixels, descent, inverse, max(contrast, 1.0), weight.sum(), columns[2])

    def __call__(self, face: np.ndarray) -> RegionalMotion:
        """Return the motion of one aligned face, [256, 256, 3] or grey [256, 256], against the reference."""
        grey = blurred_grey(face)
        measured = [self._register(template, grey) for template in self._templates]
        displacement = np.array([[across, down] for across, down, _ in measured]) / EYE_DISTANCE
        return RegionalMotion(displacement, np.array([mismatch for _, _, mismatch in measured]))

    @staticmethod
    def _register(template: _Template, grey: np.ndarray) -> tuple[float, float, float]:
        """Return displacement in pixels and the mismatch of one region."""
        across = down = 0.0
        x, y = template.region.centre
        centred = template.centred
        gain = offset = 0.0
        for _ in range(_STEPS):
            patch = _patch(grey, template.region.size, (x + across, y + down))
            error = patch - template.pixels - gain * centred - offset
            step = template.inverse @ (template.descent @ error).astype(np.float64)
            across = _cut(across - float(step[0]))
            down = _cut(down - float(step[1]))
            gain, offset = gain + float(step[2]), offset + float(step[3])
            if abs(step[0]) + abs(step[1]) < 2e-3:
                break
        patch = _patch(grey, template.region.size, (x + across, y + down))
        error = patch - template.pixels - gain * centred - offset
        mismatch = np.sqrt((error**2 * template.weight).sum() / template.weighed) / template.contrast
        return across, down, float(mismatch)


def _cut(displacement: float) -> float:
    """Return a displacement that is no larger than a registration can find."""
    return -_FARTHEST if displacement < -_FARTHEST else _FARTHEST if displacement > _FARTHEST else displacement


def blurred_grey(face: np.ndarray) -> NDArray[np.float32]:
    """Return the blurred grey picture of a face, RGB or grey."""
    grey = (cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) if face.ndim == 3 else face).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _BLUR), dtype=np.float32)


def _patch(picture: np.ndarray, size: tuple[int, int], centre: tuple[float, float]) -> NDArray[np.float32]:
    """Return a box of the picture, bilinear, as a row of pixels."""
    box = cv2.getRectSubPix(picture.astype(np.float32, copy=False), size, centre)
    return np.asarray(box, dtype=np.float32).ravel()
