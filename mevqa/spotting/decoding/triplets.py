"""Start, apex and end of an expression from three curves (AUW-GCN, Causal-Ex: arXiv 2503.09098).

A network says of every sample how likely an expression starts, is at its apex and ends there. An apex that is likely
enough takes the likeliest start before it and the likeliest end behind it within the usual lengths.
"""

from __future__ import annotations

import numpy as np

from mevqa.spotting.decoding.suppression import suppress
from mevqa.spotting.decoding.types import Array, Detection

#: Nearest start or end, as a share of the farthest (published: 2 to 7 samples of 28.6 a second).
_NEAREST = 2 / 7

#: Detections that overlap by more than this are one; the published value could not be read, this is ours.
_OVERLAP = 0.2


def start_apex_end(
    start: Array, apex: Array, end: Array, half_length: int, threshold: float = 0.5, most: int = 5
) -> list[Detection]:
    """Return the expressions of a video, in the order of time; the score is the product of the three.

    Args:
        start: [samples] probability that an expression starts.
        apex: [samples] that it is at its apex.
        end: [samples] that it ends.
        half_length: Farthest start or end from an apex, samples.
        threshold: Least probability of an apex, not reached but passed (published: 0.5).
        most: How many expressions a video has at most, the surest ones (published: 5 of each kind).

    Raises:
        ValueError: The curves are not of one length.
    """
    if not len(start) == len(apex) == len(end):
        raise ValueError(f"start, apex and end have {len(start)}, {len(apex)} and {len(end)} samples")
    near = max(1, round(_NEAREST * half_length))
    detections = []
    for peak in map(int, np.flatnonzero(apex > threshold)):
        before = start[max(peak - half_length, 0) : max(peak - near + 1, 0)]
        behind = end[peak + near : peak + half_length + 1]
        if not len(before) or not len(behind):
            continue
        onset = max(peak - half_length, 0) + int(before.argmax())
        offset = peak + near + int(behind.argmax())
        detections.append(Detection(onset, peak, offset, float(start[onset] * apex[peak] * end[offset])))
    surest = sorted(suppress(detections, _OVERLAP), key=lambda detection: (-detection.score, detection.onset))[:most]
    return sorted(surest)
