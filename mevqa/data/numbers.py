"""Numbers in the cells of tables."""

from __future__ import annotations

import math
from collections.abc import Callable


def finite_number(text: str, name: str, complain: Callable[[str], None]) -> float | None:
    """Return the number in a cell, None for an empty one.

    Args:
        text: The cell.
        name: What it is called in a complaint.
        complain: Is told what is wrong with a cell that holds no number, an infinite one or NaN; then None is returned.
    """
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    complain(f"{name} must be a number, not {text!r}")
    return None
