"""Turning frames upright: the display matrix of MP4 and MOV files (phones film sideways and say so here)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Fixed-point one of the linear part (16.16, ISO/IEC 14496-12, 8.3.2).
_ONE = 1 << 16


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways a picture can lie: transpose first, then flip.

    Attributes:
        transpose: Swap rows and columns.
        flip_rows: Turn upside down, after the transposition.
        flip_columns: Mirror left and right, after the transposition.
    """

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Return ``image`` ``[H, W, 3]`` upright, as a contiguous array."""
        if self.transpose:
            image = image.swapaxes(0, 1)
        if self.flip_rows:
            image = image[::-1]
        if self.flip_columns:
            image = image[:, ::-1]
        return np.ascontiguousarray(image)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) of the upright picture."""
        return (height, width) if self.transpose else (width, height)


UPRIGHT = Orientation()


def orientation_of(matrix: bytes | None) -> Orientation:
    """Read a display matrix: nine int32 ``[a b u c d v x y w]`` that send (x, y) to (ax + cy, bx + dy).

    Raises:
        ValueError: A rotation by something else than quarter turns.
    """
    if matrix is None:
        return UPRIGHT
    values = np.frombuffer(matrix, dtype=np.int32, count=9)
    a, b, c, d = (round(float(values[i]) / _ONE) for i in (0, 1, 3, 4))
    if abs(a) == abs(d) == 1 and b == c == 0:
        return Orientation(flip_rows=d < 0, flip_columns=a < 0)
    if abs(b) == abs(c) == 1 and a == d == 0:
        return Orientation(transpose=True, flip_rows=b < 0, flip_columns=c < 0)
    raise ValueError("its rotation metadata is not a multiple of 90 degrees; re-encode it upright")
