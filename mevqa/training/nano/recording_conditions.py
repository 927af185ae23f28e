"""Recording conditions of rendered pairs: dim light, and flow methods besides the product's own.

Published maps come from many cameras and methods; maps that were all measured in one way teach that way's errors.
Methods are those of OpenCV proper, in ranges around what published systems have; patches of constant motion
(``flow_patches``) stand in for TV-L1, which it lacks. Shares and ranges are ours.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.video.motion.flow import dense_flow

Frame = NDArray[np.uint8]

#: Share of the pairs in dim light, how much of the light is left, and the noise of a sensor at mid-grey in full light,
#: grey levels: shot noise goes with the root of the light (Poisson), so that amplifying what is left brings it out.
_DIM, _LIGHT, _SHOT_NOISE = 0.3, (0.15, 0.6), 1.0
#: Share of the pairs that the product's own method measures.
_OWN = 0.4
#: Smallest and largest window of Farneback's method, pixels; ME-TST has 15.
_WINDOW = (9, 24)
#: Sides of the aligned face that is measured, pixels: MEAN has 128, the product 256.
_SIDES = (128, 256)
_PRESETS = (
    cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    cv2.DISOPTICAL_FLOW_PRESET_FAST,
    cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
)


def draw_light(frames: tuple[Frame, Frame], rng: np.random.Generator) -> tuple[Frame, Frame]:
    """Return two frames [H, W, 3] as a camera sees them: now and then in dim light, amplified with its noise."""
    if rng.random() >= _DIM:
        return frames
    light = rng.uniform(*_LIGHT)
    first, second = (_amplified(frame, light, rng) for frame in frames)
    return first, second


def draw_flow(onset: Frame, apex: Frame, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the flow between two aligned faces, measured by a method that is drawn.

    Args:
        onset: Aligned face, RGB [256, 256, 3].
        apex: The same, later.
        rng: Decides method and settings.

    Returns:
        Displacement in px [256, 256, 2].
    """
    if rng.random() < _OWN:
        return dense_flow(onset, apex)
    full = onset.shape[0]
    side = int(rng.choice(_SIDES))
    first, second = (
        cv2.resize(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (side, side), interpolation=cv2.INTER_AREA)
        for face in (onset, apex)
    )
    start = np.zeros((side, side, 2), np.float32)
    if rng.random() < 0.5:
        window, iterations = int(rng.integers(*_WINDOW, endpoint=True)), int(rng.integers(2, 6))
        # Neighbourhood and sigma go together in OpenCV's documentation: 5 with 1.1, 7 with 1.5.
        neighbours, sigma = ((5, 1.1), (7, 1.5))[int(rng.integers(2))]
        flow = cv2.calcOpticalFlowFarneback(
            first, second, start, 0.5, 3, window, iterations, neighbours, sigma, flags=0
        )
    else:
        flow = cv2.DISOpticalFlow.create(_PRESETS[int(rng.integers(len(_PRESETS)))]).calc(first, second, start)
    return np.asarray(cv2.resize(flow, (full, full), interpolation=cv2.INTER_LINEAR) * (full / side), np.float32)


def _amplified(frame: Frame, light: float, rng: np.random.Generator) -> Frame:
    """Return a frame taken with a share of the light and amplified to its brightness, noise and steps included."""
    dim = frame.astype(np.float32) * light
    noise = rng.standard_normal(frame.shape, dtype=np.float32) * _SHOT_NOISE * np.sqrt(dim / 128)
    return np.clip(np.rint(dim + noise) / light, 0, 255).astype(np.uint8)
