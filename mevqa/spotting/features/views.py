"""Channels of a motion record that published networks read: ten, thirty-six, twelve nodes, lips.

They are pure functions of the record, at even steps of time and in eye distances. The published systems measure dense
flow in boxes around landmarks of one frame, in pixels; here each region's displacement is registered
(``mevqa.video.motion.regional_motion``), and which region stands for which published one is a table
(``mevqa/tables/motion_channels.yaml``). Units, even steps and the level of rest are choices of ours.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.spotting.features.grid import STEP_MS, EvenMotion, even_motion
from mevqa.spotting.features.types import FeatureSeries, MotionRecord
from mevqa.video.face.regions import network_regions

_TABLE = TABLES / "motion_channels.yaml"


class _Row(StrictModel):
    published: str
    region: str


class _Table(StrictModel):
    layouts: dict[str, tuple[_Row, ...]]


@functools.cache
def channel_layouts() -> dict[str, tuple[str, ...]]:
    """Return the regions of each layout of channels by its name, in order; each region is two channels."""
    table = read_yaml(_TABLE, _Table)
    return {name: tuple(row.region for row in rows) for name, rows in table.layouts.items()}


def channel_names(layout: str) -> tuple[str, ...]:
    """Return the names of the channels of a layout: each region's motion to the right, and down.

    Raises:
        ValueError: There is no such layout.
    """
    return tuple(f"{name} {axis}" for name in _layout(layout) for axis in ("right", "down"))


def regional_channels(record: MotionRecord, layout: str = "me-tst-plus", step_ms: float = STEP_MS) -> FeatureSeries:
    """Return the displacement of regions from where the face usually is, without head and blinks, eye distances.

    Args:
        record: The motion of a video.
        layout: Which regions: ``me-tst`` (10 channels), ``me-tst-plus`` (36), ``nodes`` (24, of twelve) or ``lips``.
        step_ms: Time between two samples.

    Returns:
        Values [samples, 2 * regions]: to the right and down of each region in turn.

    Raises:
        ValueError: There is no such layout, or the step is not positive.
    """
    regions = layout_places(layout)
    even = even_motion(record, step_ms)
    values = even.from_rest()[:, regions].reshape(len(even.times_ms), 2 * len(regions))
    return _series(even, values)


def _series(even: EvenMotion, values: NDArray[np.float64]) -> FeatureSeries:
    return FeatureSeries(even.step_ms, even.times_ms, even.frames, values.astype(np.float32), even.measured)


def _layout(name: str) -> tuple[str, ...]:
    layouts = channel_layouts()
    if name not in layouts:
        raise ValueError(f"layouts of channels are {', '.join(layouts)}, not {name!r}")
    return layouts[name]


def layout_places(layout: str) -> list[int]:
    """Return the places of a layout's regions in a record.

    Raises:
        ValueError: There is no such layout.
    """
    names = [region.name for region in network_regions()]
    return [names.index(name) for name in _layout(layout)]
