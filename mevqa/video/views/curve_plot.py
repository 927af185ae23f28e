"""The curve of facial motion over time as a picture, with onset, apex and offset."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mevqa.video.motion.localise import Curve

#: Size of the picture and margins (left, top, right, bottom), px.
_SIZE = (900, 340)
_MARGINS = (64, 40, 24, 50)

#: The picture is drawn this many times larger and reduced, which smooths its lines.
_OVERSAMPLING = 2

_PAPER = (255, 255, 255)
_INK = (40, 40, 40)
_FAINT = (225, 225, 225)
_BLINK = (236, 236, 246)
_CURVE = (31, 90, 160)
_ROLES = {"onset": (30, 140, 80), "apex": (200, 50, 40), "offset": (190, 120, 20)}


def plot_curve(curve: Curve, marks: Mapping[str, float], title: str) -> Image.Image:
    """Draw the motion of the face in time.

    Args:
        curve: What was measured.
        marks: Times of onset, apex and offset, ms.
        title: What stands above.
    """
    plot = _Plot(curve, marks)
    plot.axes(title)
    plot.blinks(curve)
    plot.marks(marks)
    plot.line(curve)
    return plot.image.reduce(_OVERSAMPLING)


class _Plot:
    """A drawing with axes; x in ms, y in percent of the eye distance."""

    def __init__(self, curve: Curve, marks: Mapping[str, float]) -> None:
        width, height = (side * _OVERSAMPLING for side in _SIZE)
        self.image = Image.new("RGB", (width, height), _PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.left, self.top, right, bottom = (margin * _OVERSAMPLING for margin in _MARGINS)
        self.right, self.bottom = width - right, height - bottom
        self.percent = 100 * curve.motion
        times = [*curve.times_ms[[0, -1]], *marks.values()]
        self.x_range = (float(min(times)), float(max(times)))
        low, high = min(0.0, float(self.percent.min())), max(0.1, float(self.percent.max()))
        self.y_range = (low - 0.05 * (high - low), high + 0.12 * (high - low))
        self.font = ImageFont.load_default(13 * _OVERSAMPLING)

    def x(self, ms: float) -> float:
        """Return the column of a time."""
        first, last = self.x_range
        return self.left + (ms - first) / max(last - first, 1e-9) * (self.right - self.left)

    def y(self, percent: float) -> float:
        """Return the row of a displacement."""
        low, high = self.y_range
        return self.bottom - (percent - low) / (high - low) * (self.bottom - self.top)

    def axes(self, title: str) -> None:
        """Draw the frame, ticks, units and title."""
        for ms in _ticks(*self.x_range, 8):
            self.draw.line([(self.x(ms), self.top), (self.x(ms), self.bottom)], _FAINT, _OVERSAMPLING)
            self.draw.text((self.x(ms), self.bottom + 10), f"{ms:g}", _INK, self.font, anchor="mt")
        for percent in _ticks(*self.y_range, 5):
            self.draw.line([(self.left, self.y(percent)), (self.right, self.y(percent))], _FAINT, _OVERSAMPLING)
            self.draw.text((self.left - 12, self.y(percent)), f"{percent:g}", _INK, self.font, anchor="rm")
        self.draw.text((self.left, 12), f"{title} (motion, % of the eye distance)", _INK, self.font)
        self.draw.text((self.right, self.image.height - 10), "ms", _INK, self.font, anchor="rb")

    def blinks(self, curve: Curve) -> None:
        """Shade the times at which an eye moves."""
        half = float(np.median(np.diff(curve.times_ms))) / 2 if len(curve.times_ms) > 1 else 1.0
        for ms in curve.times_ms[curve.blinking]:
            box = (max(self.x(ms - half), self.left), self.top, min(self.x(ms + half), self.right), self.bottom)
            self.draw.rectangle(box, _BLINK)
        if curve.blinking.any():
            at = (self.x(float(curve.times_ms[curve.blinking].mean())), self.top + 40)
            self.draw.text(at, "blink", _INK, self.font, anchor="mt")

    def marks(self, marks: Mapping[str, float]) -> None:
        """Draw a line at each key frame."""
        for role, ms in marks.items():
            self.draw.line([(self.x(ms), self.top), (self.x(ms), self.bottom)], _ROLES[role], 2 * _OVERSAMPLING)
            # Names of neighbouring lines lean away from each other.
            anchor = {"onset": "rt", "apex": "mt", "offset": "lt"}[role]
            shift = {"onset": -8, "apex": 0, "offset": 8}[role]
            if role == "apex":
                name = self.draw.textbbox((self.x(ms), self.top + 2), role, self.font, anchor="mt")
                self.draw.rectangle(name, _PAPER)
            self.draw.text((self.x(ms) + shift, self.top + 2), role, _ROLES[role], self.font, anchor=anchor)

    def line(self, curve: Curve) -> None:
        """Draw the curve with its samples."""
        points = [(self.x(ms), self.y(value)) for ms, value in zip(curve.times_ms, self.percent, strict=True)]
        self.draw.line(points, _CURVE, 2 * _OVERSAMPLING, joint="curve")
        for x, y in points:
            self.draw.ellipse((x - 4, y - 4, x + 4, y + 4), _CURVE)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers from low to high, no more than ``most`` and one."""
    rough = max(high - low, 1e-9) / most
    power = 10 ** np.floor(np.log10(rough))
    step = float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
    return [round(number * step, 10) for number in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
