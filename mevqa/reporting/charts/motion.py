"""The curve of facial motion over time as a picture, with onset, apex and offset."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mevqa.reporting.charts.chart import LIGHT, Chart, fitted
from mevqa.video.motion.localise import Curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

#: Size of the picture and margins (left, top, right, bottom), px.
_SIZE = (900, 340)
_MARGINS = (64, 40, 24, 50)
_CURVE, _BLINK = "#1f5aa0", "#ececf6"
#: Share of the width that the name of a key frame takes.
_EDGE = 0.08
#: Colour of a key frame's line, and how its name leans away from that of its neighbour.
_ROLES = {"onset": ("#1e8c50", "right", -4), "apex": ("#c83228", "center", 0), "offset": ("#be7814", "left", 4)}


def plot_curve(curve: Curve, marks: Mapping[str, float], title: str) -> Image:
    """Draw the motion of the face in time.

    Args:
        curve: What was measured.
        marks: Times of onset, apex and offset, ms.
        title: What stands above.
    """
    return Chart(*_SIZE, f"Motion of the face in {title}", partial(_draw, curve, marks, title)).picture(pixels=1)


def _draw(curve: Curve, marks: Mapping[str, float], title: str, figure: Figure) -> None:
    (width, height), (left, top, right, bottom) = _SIZE, _MARGINS
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    axes = figure.subplots()
    times, percent = curve.times_ms, 100 * curve.motion
    ends = [*times[[0, -1]], *marks.values()]
    low, high = min(0.0, float(percent.min())), max(0.1, float(percent.max()))
    axes.set(
        xlim=(min(ends), max(max(ends), min(ends) + 1)), ylim=(low - 0.05 * (high - low), high + 0.12 * (high - low))
    )
    half = float(np.median(np.diff(times))) / 2 if len(times) > 1 else 1.0
    above = axes.get_xaxis_transform()
    for ms in times[curve.blinking]:
        axes.axvspan(max(ms - half, min(ends)), min(ms + half, max(ends)), color=_BLINK, linewidth=0)
    if curve.blinking.any():
        axes.text(float(times[curve.blinking].mean()), 0.88, "blink", transform=above, ha="center")
    axes.plot(times, percent, "o-", color=_CURVE, linewidth=2, markersize=4)
    for role, ms in marks.items():
        colour, side, shift = _ROLES[role]
        first, last = axes.get_xlim()
        share = (ms - first) / (last - first)
        if side != "center" and (share < _EDGE if side == "right" else share > 1 - _EDGE):
            side, shift = "left" if side == "right" else "right", -shift  # It would leave the chart.
        axes.axvline(ms, color=colour, linewidth=2)
        style: dict[str, Any] = {"xycoords": above, "textcoords": "offset points", "ha": side, "va": "top"}
        if role == "apex":  # Its name lies on its line.
            style["bbox"] = {"facecolor": LIGHT["paper"], "edgecolor": "none", "pad": 1}
        axes.annotate(role, (ms, 1), (shift, -2), color=colour, **style)
    axes.set_title(f"{fitted(title, 80)} (motion, % of the eye distance)", loc="left", fontsize=13)
    axes.set_xlabel("ms", loc="right", color=LIGHT["ink"])
    axes.tick_params(labelsize=12, labelcolor=LIGHT["ink"])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
