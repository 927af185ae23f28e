"""Motion records of made-up faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mevqa.spotting.features.types import MotionRecord
from mevqa.video.face.regions import network_regions

NAMES = tuple(region.name for region in network_regions())


def resting(times, **changes) -> MotionRecord:
    """A face that rests, at some times."""
    count = len(times)
    record = MotionRecord(
        video="made",
        fps=30.0,
        length=count,
        regions=NAMES,
        frames=np.arange(count),
        times_ms=np.asarray(times, np.float64),
        stretch=np.zeros(count, np.int32),
        displacement=np.zeros((count, len(NAMES), 2), np.float32),
        mismatch=np.full((count, len(NAMES)), 0.05, np.float32),
        placement=np.tile(np.eye(2, 3, dtype=np.float32), (count, 1, 1)),
        missing=np.zeros(count, np.uint8),
    )
    return replace(record, **changes)


def lost(record: MotionRecord, rows: slice, why: str = "no face") -> MotionRecord:
    """The record with a face that cannot be measured in some rows; the stretch goes on behind them."""
    missing, stretch = record.missing.copy(), record.stretch.copy()
    missing[rows], stretch[rows] = 1, -1
    return replace(record, missing=missing, stretch=stretch, reasons=("", why))
