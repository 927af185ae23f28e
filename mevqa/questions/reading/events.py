"""Read answers about the events of a long video, officially worded or free: intervals and descriptions."""

from __future__ import annotations

import re
from typing import cast

from mevqa.events import Event, Kind
from mevqa.facs import ActionUnit, unit_number
from mevqa.types import Parts

_KIND = r"\b(micro|macro)"
_SPAN = re.compile(
    r"(?<![\d.])(\d{1,9})(?![\d.]*\.\d)\s*(?:-|\u2013|\u2014|\bto\b|\bthrough\b|\buntil\b)\s*(?:frame\s+)?(\d{1,9})(?!\.?\d)"
    r"(?!\s*(?:s|secs?|seconds?|ms)\b)(?:\s*[(\[]\s*(micro|macro)|\s+(?:is|are|was)\s+an?\s+(micro|macro))?"
)
_NOTHING = re.compile(r"none\b|\bno (?:\w+ ){0,2}?(?:micro|macro|expression|event)|\bnot (?:any|a single)\b")


def read_spans(text: str) -> tuple[Event, ...] | None:
    """Return the intervals of frames that a text names, in its order, each once.

    The kind stands in brackets after an interval, or before it ("micro-expressions: 12-30, 80-99"). Times in seconds
    are no frames.

    Args:
        text: What was written.

    Returns:
        The intervals; empty when the text says that there is none, None when it names no interval.
    """
    simple = " ".join(text.lower().split())
    spans: dict[tuple[int, int], Event] = {}
    before: str | None = None
    end = 0
    for match in _SPAN.finditer(simple):
        kinds = re.findall(_KIND, simple[end : match.start()])
        before = kinds[-1] if kinds else before
        kind = match[3] or match[4] or before
        first, last = sorted((int(match[1]), int(match[2])))
        spans.setdefault((first, last), Event(onset=first, offset=last, kind=cast("Kind | None", kind)))
        end = match.end()
    if spans:
        return tuple(spans.values())
    return () if _NOTHING.search(simple) else None


def read_described(text: str, parts: Parts) -> Event | None:
    """Return the event that a text describes; None when it names no frame, kind, unit or class of one.

    Args:
        text: What was written.
        parts: The units and classes that it names.
    """
    simple = " ".join(text.lower().split())
    kind = re.search(_KIND, simple)
    stated_kind = re.search(r"\bis an? (micro|macro)", simple) or kind
    spans = read_spans(simple)
    onset, apex, offset = (_frame(name, simple) for name in ("onset", "apex", "offset"))
    if spans:
        onset, offset = spans[0].onset, spans[0].offset
    if onset is None or offset is None or onset > offset:
        onset = offset = None
    fine = parts.fine
    if "coarse" in simple and not re.search(r"\bfine\b", simple):
        # "The coarse class is surprise" names no fine class.
        fine = None
    units = tuple(ActionUnit(unit_number(name)) for name in parts.units)
    event = Event(
        onset, apex, offset, units, fine, parts.coarse, cast("Kind | None", stated_kind[1] if stated_kind else None)
    )
    return None if event == Event(kind=None) else event


def speaks_of_events(text: str) -> bool:
    """Whether a text mentions expressions or events at all: the least that a summary does."""
    return re.search(r"\b(?:micro|macro|(?:expression|event)s?\b)", text.lower()) is not None


def _frame(name: str, text: str) -> int | None:
    """Return the frame that follows a name: "apex at frame 20", "onset: 12"."""
    linked = r"(?: frame)?(?:\s+(?:is|at|in|on|of))*\s*[:=]?\s*(?:the\s+)?(?:frame\s+)?"
    match = re.search(rf"\b{name}{linked}(\d{{1,9}})\b(?!\.\d)", text)
    return int(match[1]) if match else None
