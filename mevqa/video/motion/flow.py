"""Dense motion between two aligned faces, and how the field draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from mevqa.video.face.geometry import FACE_AXES, FACE_CENTRE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Gaussian blur in px before the search: takes the sensor noise off, costs under 0.02 px of a real motion.
_SIGMA_IMAGE = 1.0
# Gaussian blur in px of the found flow: skin has no motion detail finer than this.
_SIGMA_FLOW = 2.0

# Breadth in px, at a side of 256, over which the motion fades out at the edge of the face.
_EDGE = 8.0

# Largest distance from the median, in deviations, that `centre_channels` keeps apart: 4 leaves 99 % of the pixels of
# real motion maps unclipped.
_DEVIATIONS = 4.0
# Smallest deviation in grey levels, so that the quantisation of a flat channel is not blown up to full contrast.
_SMALLEST_DEVIATION = 1.0


def dense_flow(reference: NDArray[np.uint8], target: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far each point of ``reference`` has moved in ``target``.

    Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016) down to the full
    resolution. On portraits warped by smooth bumps of 0.5, 1, 2 and 3 % of the eye distance (0.5 to 3 px) with sensor
    noise of two grey levels its mean endpoint error in the moved regions is 0.05, 0.08, 0.12 and 0.16 px; Farneback's
    method as in ME-TST (window 15, 5 iterations, n 7, sigma 1.5) reaches 0.07, 0.14, 0.25 and 0.40 px, and the
    ``MEDIUM`` preset of OpenCV, which stops at half the resolution, 0.07, 0.16, 0.29 and 0.27 px.

    Args:
        reference: Aligned face, RGB [H, W, 3] or grey [H, W].
        target: Aligned face of the same size, later in time.

    Returns:
        Displacement in px [H, W, 2]: x positive to the right of the picture, y positive downwards.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    search.setGradientDescentIterations(12)
    start = np.zeros((*reference.shape[:2], 2), np.float32)
    flow = search.calc(_smooth_grey(reference), _smooth_grey(target), start)
    return np.asarray(cv2.GaussianBlur(flow, (0, 0), _SIGMA_FLOW), np.float32)


def within_face(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Still what lies outside the face of an aligned picture, and keep the motion inside.

    Background behind a stabilised head moves against it, and flow on plain walls is noise; either can be larger than
    a micro-expression and would take the whole range of a motion map. Outside the ellipse of ``geometry`` the flow
    becomes the face's own median.

    Args:
        flow: Displacement in px of a face aligned by its eyes [H, W, 2].

    Returns:
        Displacement of the same shape.
    """
    face = face_share(*flow.shape[:2])[..., None]
    median = np.median(flow[face[..., 0] > 0.5], axis=0)
    return (face * (flow - median) + median).astype(np.float32)


def face_share(height: int, width: int) -> NDArray[np.float64]:
    """Return how far each pixel of an aligned picture belongs to the face, 0 to 1, [H, W]."""
    y, x = np.mgrid[:height, :width]
    radius = np.hypot(
        ((x + 0.5) / width - FACE_CENTRE[0]) / FACE_AXES[0], ((y + 0.5) / height - FACE_CENTRE[1]) / FACE_AXES[1]
    )
    return np.asarray(1 / (1 + np.exp((radius - 1) * 256 / _EDGE)))


def optical_strain(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the magnitude of the optical strain, how much the skin is stretched or sheared at each point.

    With the infinitesimal strain tensor e = (grad u + grad u^T) / 2, the magnitude is
    sqrt(e_xx^2 + e_yy^2 + e_xy^2 + e_yx^2) (Shreve et al., "Macro- and micro-expression spotting in long videos using
    spatio-temporal strain", FG 2011, equations 3 to 5; the same in OFF-ApexNet and STSTNet).

    Args:
        flow: Displacement in px [H, W, 2].

    Returns:
        Strain, without unit, never negative [H, W].
    """
    horizontal_y, horizontal_x = np.gradient(flow[..., 0])
    vertical_y, vertical_x = np.gradient(flow[..., 1])
    shear = (horizontal_y + vertical_x) / 2
    return np.sqrt(horizontal_x**2 + vertical_y**2 + 2 * shear**2).astype(np.float32)


def motion_map(flow: NDArray[np.float32], size: int | None = None) -> Image.Image:
    """Draw a flow in the field's convention: red horizontal, green vertical, blue strain.

    Each channel is stretched over 0..255 by its own smallest and largest value in this clip, as in the published
    input of OFF-ApexNet (Gan et al. 2019) and STSTNet (Liong et al. 2019); a constant channel becomes 0. So zero
    motion has no fixed grey: see ``centre_channels``.

    Args:
        flow: Displacement in px [H, W, 2].
        size: Side of the picture in px; the channels are averaged down (or interpolated up) to it before they are
            stretched. None keeps the size of the flow.

    Returns:
        RGB picture.
    """
    channels = np.dstack([flow[..., 0], flow[..., 1], optical_strain(flow)])
    if size is not None:
        shrinks = size < min(channels.shape[:2])
        mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        channels = np.asarray(cv2.resize(channels, (size, size), interpolation=mode), np.float32)
    low = channels.min(axis=(0, 1))
    span = channels.max(axis=(0, 1)) - low
    stretched = (channels - low) / np.where(span > 0, span, 1) * 255
    return Image.fromarray(np.rint(stretched).astype(np.uint8))


def centre_channels(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move each channel's median to mid-grey and scale it by its deviation, so that zero motion has one grey.

    Most of a face does not move, so the median of a motion map is the zero (or the mean drift) that stretching each
    channel between its extremes has hidden. The deviation is the root mean square distance from that median: unlike
    the median absolute deviation it does not vanish on a map whose motion is confined to a small part (on real
    28 x 28 maps the two differ by a factor of up to 10).

    Args:
        rgb: Motion map [H, W, 3], any size.

    Returns:
        Map of the same shape: 128 is the median, 1 and 255 are four deviations below and above it, what lies
        further out is clipped. A flat channel is 128 everywhere.
    """
    values = rgb.astype(np.float32)
    distance = values - np.median(values, axis=(0, 1))
    deviation = np.sqrt((distance**2).mean(axis=(0, 1)))
    scale = 127 / (_DEVIATIONS * np.maximum(deviation, _SMALLEST_DEVIATION))
    return np.asarray(np.rint(128 + np.clip(distance * scale, -127, 127)), np.uint8)


def _smooth_grey(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luminance without the finest noise [H, W]."""
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) if face.ndim == 3 else face
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SIGMA_IMAGE), np.uint8)
