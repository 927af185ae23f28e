"""Largest frames and ready-made pictures that are read; a header of a few bytes can claim more than memory holds."""

from __future__ import annotations

from pathlib import Path

from mevqa.errors import MediaError

#: Most pixels of a frame or a ready-made picture: 8K video (7680 x 4320) and a little more, 108 MB in RGB.
MOST_PIXELS = 36_000_000

#: Longest side, pixels: OpenCV remaps pictures by 16-bit coordinates (``cv::remap``).
MOST_SIDE = 32_000


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture that is too large, by its header.

    Raises:
        MediaError: It has more than ``MOST_PIXELS`` pixels or a side longer than ``MOST_SIDE``.
    """
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        most = f"{MOST_PIXELS / 1e6:.0f} million pixels and {MOST_SIDE} a side"
        raise MediaError(path, f"is too large: {width}x{height} pixels, at most {most} are read; make it smaller")
