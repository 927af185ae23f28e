"""Colour of painted faces: matching one photograph to another, blending without a seam, tones of skin and hair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

#: Factor on the lightness, shifts of a and b (CIE L*a*b*).
Shift = tuple[float, float, float]

#: Spread of the colour of skin in a and b of CIE L*a*b*, measured generously on the two portraits.
_SKIN_SPREAD = (11.0, 13.0)

#: Least a and b of the face, as shares of their means.
_LEAST_COLOUR = 0.7


def matched(donor: Picture, target: Picture, weight: Picture) -> Picture:
    """Give the donor the target's skin colour: mean and spread of the lightness, mean of a and b (CIE L*a*b*).

    Reinhard, Ashikhmin, Gooch and Shirley, "Color transfer between images", IEEE CG&A 21(5) 34-41 (2001), equations 10
    and 11 for the lightness. The colour is scaled, not shifted, so that white highlights stay white.

    Args:
        donor: [H, W, 3] RGB, 0 to 255.
        target: [H, W, 3] RGB.
        weight: [H, W], where the colours are measured; skin, whose a and b are positive.
    """
    donor_lab, target_lab = _to_lab(donor), _to_lab(target)
    weights = weight / weight.sum()
    means, goals = ((lab * weights[..., None]).sum(axis=(0, 1)) for lab in (donor_lab, target_lab))
    spread, wanted = (
        float((np.square(lab[..., 0] - mean[0]) * weights).sum()) ** 0.5
        for lab, mean in ((donor_lab, means), (target_lab, goals))
    )
    gain = float(np.clip(wanted / max(spread, 1.0), 0.7, 1.2))
    donor_lab[..., 0] = (donor_lab[..., 0] - means[0]) * gain + goals[0]
    donor_lab[..., 1:] *= np.clip(goals[1:] / np.maximum(means[1:], 1.0), 0.5, 2.0)
    return _to_rgb(donor_lab)


def blend(first: Picture, second: Picture, weight: Picture, levels: int = 5) -> Picture:
    """Blend two pictures band by band so that no seam shows (Burt and Adelson, ACM TOG 2(4) 217-236, 1983).

    Args:
        first: [H, W, 3], 0 to 255.
        second: [H, W, 3].
        weight: [H, W], 1 where the first is seen.
        levels: Bands.
    """
    bands: list[Picture] = []
    for _ in range(levels):
        smaller = [np.asarray(cv2.pyrDown(image), np.float32) for image in (first, second)]
        size = first.shape[1::-1]
        details = [image - cv2.pyrUp(low, dstsize=size) for image, low in zip((first, second), smaller, strict=True)]
        bands.append(details[0] * weight[..., None] + details[1] * (1 - weight[..., None]))
        (first, second), weight = smaller, np.asarray(cv2.pyrDown(weight), np.float32)
    blended = first * weight[..., None] + second * (1 - weight[..., None])
    for band in reversed(bands):
        blended = cv2.pyrUp(blended, dstsize=band.shape[1::-1]) + band
    return np.clip(blended, 0, 255)


def toned(colours: Picture, face: Picture, skin: Shift, other: Shift) -> Picture:
    """Change the tone of the skin, and separately that of hair and clothes.

    Args:
        colours: [H, W, 3] RGB, 0 to 255.
        face: [H, W], 1 on the face without the eyes; its mean colour is that of the skin.
        skin: Change of the skin.
        other: Change of everything else.
    """
    lab = _to_lab(colours)
    total = float(face.sum())
    a, b = (float((lab[..., channel] * face).sum()) / total for channel in (1, 2))
    distance = np.square((lab[..., 1] - a) / _SKIN_SPREAD[0]) + np.square((lab[..., 2] - b) / _SKIN_SPREAD[1])
    likeness = np.asarray(cv2.GaussianBlur(np.exp(-0.5 * distance), (0, 0), 3.0), np.float32)
    is_skin = np.maximum(likeness, face * 0.6)
    for channel, mean in ((1, a), (2, b)):
        # Flash highlights on the cheeks have no colour; darkened, they would look like blue bruises.
        floor = _LEAST_COLOUR * mean * face
        lab[..., channel] = np.maximum(lab[..., channel], np.where(face > 0.05, floor, -np.inf))
    lab[..., 0] *= is_skin * skin[0] + (1 - is_skin) * other[0]
    for channel in (1, 2):
        lab[..., channel] += is_skin * skin[channel] + (1 - is_skin) * other[channel]
    return _to_rgb(lab)


def _to_lab(colours: Picture) -> Picture:
    scaled = (np.clip(colours, 0, 255) / 255.0).astype(np.float32)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32)


def _to_rgb(lab: Picture) -> Picture:
    colours = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(colours, 0.0, 1.0) * 255.0, np.float32)
