"""Curves of made-up expressions."""

from __future__ import annotations

import numpy as np

from mevqa.intervals import iou_matrix, match
from mevqa.spotting.decoding import LabelledCurve, ScoreCurve
from mevqa.spotting.tracking.curves import Curves
from mevqa.video.face.regions import face_regions

REGIONS = [region.name for region in face_regions()]


def column(region: str, axis: int) -> int:
    """Column of a region's motion to the right (0) or down (1)."""
    return 2 * REGIONS.index(region) + axis


def bump(times: np.ndarray, onset: float, apex: float, offset: float) -> np.ndarray:
    """Raised cosine, 0 at onset and offset and 1 at the apex."""
    up = np.clip((times - onset) / (apex - onset), 0, 1)
    down = np.clip((offset - times) / (offset - apex), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down))


class CurveMaker:
    """Builds the curves of one stretch.

    Attributes:
        times: [samples] ms.
        motion: [samples, channels] eye distances.
    """

    def __init__(self, seconds: float, fps: float = 30.0, noise: float = 2e-4, seed: int = 0) -> None:
        self.times = np.arange(round(seconds * fps)) * 1000.0 / fps
        shape = (len(self.times), 2 * len(REGIONS))
        self.motion = noise * np.random.default_rng(seed).standard_normal(shape)
        self.blinking = np.zeros(len(self.times), dtype=bool)

    def add(self, onset: float, apex: float, offset: float, **moved: float) -> CurveMaker:
        """Add an expression that moves regions down, named with underscores."""
        for name, size in moved.items():
            self.motion[:, column(name.replace("_", " "), 1)] += size * bump(self.times, onset, apex, offset)
        return self

    def done(self) -> Curves:
        """Return the curves."""
        mismatch = np.full((len(self.times), len(REGIONS)), 0.05)
        return Curves(self.times, self.motion, mismatch, self.blinking, 0)


def random_videos(rng, channels=1):
    """Return three videos with random scores, of which many are equal, and random intervals."""
    videos = []
    for number in range(3):
        scores = rng.integers(0, 21, (150, channels)) / 20
        onsets = rng.integers(0, 110, 4)
        intervals = tuple((float(onset), float(onset + rng.integers(4, 40))) for onset in onsets)
        curve = ScoreCurve(f"v{number}", f"s{number}", np.arange(150), scores if channels > 1 else scores[:, 0])
        videos.append(LabelledCurve(curve, intervals, talking=np.arange(150) < 75))
    return videos


def f1_of_decoding(videos, decoder, half, threshold):
    """Return the F1 at IoU 0.5 of what a decoder returns at a threshold."""
    hits = count = 0
    for video in videos:
        detections = decoder.decode(video.curve.scores, half, threshold)
        detected = np.array([(detection.onset, detection.offset) for detection in detections], float).reshape(-1, 2)
        marked, scores = np.array(video.intervals), np.array([detection.score for detection in detections])
        hits += len(match(iou_matrix(detected, marked), 0.5, "score", detected, marked, scores))
        count += len(detections) + len(marked)
    return 2 * hits / count
