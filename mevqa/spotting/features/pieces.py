"""Short pieces of a series: windows against their first frame, and statistics of snippets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mevqa.spotting.features.grid import STEP_MS, even_motion
from mevqa.spotting.features.types import FeatureSeries, MotionRecord
from mevqa.spotting.features.views import channel_names, layout_places, regional_channels

#: What a snippet says of each channel, in order.
SNIPPET_STATISTICS = ("mean", "deviation", "change")

#: Samples of a snippet, and from one snippet to the next: some 270 ms every 67 ms. Ours, for PESFormer's are not known;
#: LGSNet, which its authors built before, has a feature every second frame.
SNIPPET_LENGTH, SNIPPET_HOP = 8, 2


class RelativeWindows(NamedTuple):
    """Windows of a video, each against its first frame.

    Attributes:
        values: [windows, length, channels] displacement from the first sample of the window, eye distances; 0 where the
            two cannot be compared.
        begins: [windows] first sample of each in the series of ``regional_channels``.
        measured: [windows, length] whether a sample was measured and is of the stretch of the first one.
    """

    values: NDArray[np.float32]
    begins: NDArray[np.int64]
    measured: NDArray[np.bool_]


def relative_windows(
    record: MotionRecord, layout: str, length: int, hop: int | None = None, step_ms: float = STEP_MS
) -> RelativeWindows:
    """Return windows of a video, each against its first frame, as ME-TST reads them (arXiv 2508.08082, released code).

    The last window ends with the video, so that the tail is in one too; a video that is shorter than a window is one
    window, filled up with what counts as not measured.

    Args:
        record: The motion of a video.
        layout: Which regions, as for ``regional_channels``.
        length: Samples of a window (ME-TST: 50 for CAS(ME)^3, 30 for SAMM-LV).
        hop: Samples from one window to the next; None: half a window, as published.
        step_ms: Time between two samples.

    Raises:
        ValueError: There is no such layout, or the length, hop or step is not positive.
    """
    hop = max(length // 2, 1) if hop is None else hop
    if length < 1 or hop < 1:
        raise ValueError(f"the length and the hop of windows must be positive, not {length} and {hop}")
    even = even_motion(record, step_ms)
    places = layout_places(layout)
    channels = even.motion[:, places].reshape(len(even.times_ms), 2 * len(places))
    samples = len(channels)
    last = max(samples - length, 0)
    begins = np.unique(np.append(np.arange(0, last + 1, hop), last)) if samples else np.zeros(0, np.int64)
    rows = begins[:, None] + np.arange(length)
    inside = rows < samples
    rows = np.minimum(rows, max(samples - 1, 0))
    stretch = even.stretch[rows] if samples else np.zeros(rows.shape, np.int32)
    alike = inside & (stretch >= 0) & (stretch == stretch[:, :1])
    moved = channels[rows] - channels[rows[:, :1]] if samples else np.zeros((*rows.shape, channels.shape[1]))
    values = np.where(alike[..., None], moved, 0.0).astype(np.float32)
    return RelativeWindows(values, begins.astype(np.int64), alike & even.measured[rows] if samples else alike)


def snippets(
    record: MotionRecord,
    layout: str = "me-tst-plus",
    length: int = SNIPPET_LENGTH,
    hop: int = SNIPPET_HOP,
    step_ms: float = STEP_MS,
) -> FeatureSeries:
    """Return statistics of short pieces of each channel: PESFormer reads features of snippets (arXiv 2410.18695).

    Published snippets are described by a network for actions (I3D, 2048 values); what is read here are the mean, the
    deviation and the change from the first to the last sample of each channel. The choice is ours.

    Args:
        record: The motion of a video.
        layout: Which regions, as for ``regional_channels``.
        length: Samples of a snippet.
        hop: Samples from the middle of one snippet to that of the next.
        step_ms: Time between two samples of the channels.

    Returns:
        Values [snippets, 3 * channels] at the middles of the snippets (``snippet_names``); not measured, and 0, where
        less than half of a snippet is.

    Raises:
        ValueError: There is no such layout, or the length, hop or step is not positive.
    """
    if length < 1 or hop < 1:
        raise ValueError(f"the length and the hop of snippets must be positive, not {length} and {hop}")
    series = regional_channels(record, layout, step_ms)
    middles = np.arange(0, len(series.times_ms), hop)
    if not len(middles):
        return FeatureSeries(hop * step_ms, series.times_ms, series.frames, np.tile(series.values, 3), series.measured)
    around = (length // 2, length - 1 - length // 2)
    values = sliding_window_view(np.pad(series.values, (around, (0, 0)), mode="edge"), length, axis=0)[middles]
    known = sliding_window_view(np.pad(series.measured, around), length)[middles]
    weight = known[:, None, :] / np.maximum(known.sum(axis=1), 1)[:, None, None]
    mean = (values * weight).sum(axis=2)
    deviation = np.sqrt((((values - mean[..., None]) ** 2) * weight).sum(axis=2))
    first, last = known.argmax(axis=1), length - 1 - known[:, ::-1].argmax(axis=1)
    at = np.arange(len(middles))
    statistics = np.concatenate([mean, deviation, values[at, :, last] - values[at, :, first]], axis=1)
    measured = known.mean(axis=1) >= 0.5
    statistics[~measured] = 0.0
    return FeatureSeries(
        hop * step_ms, series.times_ms[middles], series.frames[middles], statistics.astype(np.float32), measured
    )


def snippet_names(layout: str = "me-tst-plus") -> tuple[str, ...]:
    """Return the names of the channels of ``snippets``.

    Raises:
        ValueError: There is no such layout.
    """
    return tuple(f"{what} of {channel}" for what in SNIPPET_STATISTICS for channel in channel_names(layout))
