"""Numbers in the cells of tables."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Sequence

from mevqa.files.tables.headers import TIME_MENDS

#: A number with a decimal comma, as spreadsheet programs write it in most of Europe.
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
#: A time of day or of a recording.
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?")
#: Median of offset - onset below which moments with fractions are seconds: frames of the slowest data sets (25 a
#: second) are at least 6 even for a short micro-expression, and seconds at most 4 for most macro-expressions.
_SHORTEST_IN_FRAMES = 5.0

#: Largest frame number that is read: beyond it a float no longer holds every whole number.
LARGEST_FRAME = 2**53


def read_number(text: str) -> float:
    """Return the number that a cell holds, with a decimal point or a decimal comma; NaN when it holds none."""
    # Python reads 1_1 as 11.
    if "_" in text:
        return math.nan
    try:
        return float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        return math.nan


def finite_number(text: str, name: str, complain: Callable[[str], None]) -> float | None:
    """Return the number in a cell, None for an empty one.

    Args:
        text: The cell.
        name: What it is called in a complaint.
        complain: Called with the problem's text where a cell holds no number, an infinite one or NaN; then None is
            returned.
    """
    if not text:
        return None
    number = read_number(text)
    if math.isfinite(number):
        return number
    complain(f"{name} must be a number, not {text!r}")
    return None


def times_message(moments: Iterable[tuple[int, Sequence[str]]], *, whole_frames: bool = True) -> tuple[int, str] | None:
    """Return the line and the text of a complaint when the moments of a table are times and not frames.

    They are seconds when half of them at least have fractions and the events are short, or when they are written as
    times; milliseconds when as many have fractions and the events are as long as events in frames.

    Args:
        moments: 1-based line and cells (onset, apex, offset) of each event; cells that are no numbers do not count.
        whole_frames: Whether frames must be whole, so that fractions of long events tell milliseconds.
    """
    fractions = whole = clocks = 0
    lengths: list[float] = []
    example: tuple[int, str] | None = None
    for line, cells in moments:
        numbers = [number for cell in cells if math.isfinite(number := read_number(cell))]
        timed = [cell for cell in cells if _CLOCK.fullmatch(cell)]
        parts = [number for number in numbers if number != int(number)]
        fractions, whole, clocks = fractions + len(parts), whole + len(numbers) - len(parts), clocks + len(timed)
        if len(numbers) > 1:
            lengths.append(max(numbers) - min(numbers))
        if example is None and (parts or timed):
            example = line, ", ".join(cell for cell in cells if cell)
    if example is None:
        return None
    short = not lengths or statistics.median(lengths) < _SHORTEST_IN_FRAMES
    clocked, parted = clocks > fractions + whole, fractions >= max(whole, 2)
    if not clocked and not (parted and (short or whole_frames)):
        return None
    unit = "seconds" if clocked or short else "milliseconds"
    line, shown = example
    return line, f"onset, apex and offset look like {unit} ({shown}) and must be frames: {TIME_MENDS[unit]}"
