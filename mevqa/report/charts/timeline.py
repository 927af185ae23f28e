"""Events of a long video in time: coded ones, found ones, and the curve of the motion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.report.charts.drawing import Drawing
from mevqa.report.charts.forest import ticks

_WIDTH, _LEFT, _RIGHT = 1100, 76, 34
_LEGEND, _LANE, _CURVE, _AXIS = 30, 36, 58, 26
#: Height of the line that says what was not looked at, px, and how dark the bands are.
_REASONS, _BAND = 24, 0.28
#: Height of an event's shape and its distance from the top of its lane, where its number stands.
_SHAPE, _HEAD = 16, 15
#: An event is drawn so wide at least, px: shorter ones could not be seen.
_LEAST = 7.0
#: A row is as long as this at most, s, so that a micro-expression (up to 0.5 s) is seen; a video is divided into rows
#: of a minute, or of more where these were more than ``_MOST_ROWS``.
_ONE_ROW = 90.0
_ROW_LENGTHS = (60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)
_MOST_ROWS = 12
#: Rows of an hour, at most; of more than a day, by its timestamps, rows are longer.
_MOST_LONG_ROWS = 24
_COLOURS = {"micro": "orange", "macro": "blue"}
#: Width of a letter of size 11 and of a digit of size 10, px, a little more than it is.
_LETTER, _DIGIT = 6.1, 6.0


@dataclass(frozen=True, slots=True)
class DrawnEvent:
    """An event as a timeline draws it, times in seconds.

    Attributes:
        onset: Begin, s.
        offset: End, s.
        apex: Its largest extent, s; None when it is not known.
        kind: ``micro``, ``macro`` or None.
        note: What else is known.
        number: Its number among the events of its lane; None for none.
        matched: Whether an event of the other lane is the same; None when that is not known.
    """

    onset: float
    offset: float
    apex: float | None = None
    kind: str | None = None
    note: str = ""
    number: int | None = None
    matched: bool | None = None

    @property
    def middle(self) -> float:
        """Where it is, s."""
        return self.apex if self.apex is not None else (self.onset + self.offset) / 2


@dataclass(frozen=True, slots=True)
class Unseen:
    """Time in which nothing was looked for.

    Attributes:
        start: Begin, s.
        end: End, s; that of ``start`` for a cut, across which nothing is compared.
        why: The reason.
    """

    start: float
    end: float
    why: str


def timeline_chart(
    coded: Sequence[DrawnEvent] | None,
    found: Sequence[DrawnEvent] | None,
    curve: Sequence[tuple[float, float]],
    seconds: float,
    label: str,
    unseen: Sequence[Unseen] = (),
    *,
    head: float = 0.0,
    foot: float = 0.0,
) -> Drawing:
    """Draw a video's events: micro-expressions as diamonds, macro-expressions as bars, hollow without a match.

    Time in which nothing was looked for is a grey band with its reason; the curve is not drawn there.

    Args:
        coded: Events of the label file; None when there is none.
        found: Events that were found; None when nothing was looked for, which is not "none found".
        curve: (time in s, motion in percent of the eye distance) of the face.
        seconds: Length of the video.
        label: What the chart shows.
        unseen: Where nothing was looked for.
        head: Room that is left free above, px.
        foot: Room that is left free below, px.
    """
    lanes = [(name, spans) for name, spans in (("coded", coded), ("found", found)) if spans is not None]
    rows = row_bounds(seconds)
    height = len(lanes) * _LANE + (_CURVE if curve else 0) + _AXIS
    top_of_rows = head + _LEGEND + (_REASONS if unseen else 0)
    chart = Drawing(_WIDTH, top_of_rows + len(rows) * height + foot, label)
    _draw_legend(chart, [event for _, events in lanes for event in events], head)
    if unseen:
        _draw_reasons(chart, unseen, head + _LEGEND)
    most = max((value for _, value in curve), default=0.0) or 1.0
    for place, (start, end) in enumerate(rows):
        scale = _Scale(start, end, rows[0][1] - rows[0][0])
        top = top_of_rows + place * height
        bottom = top + height - _AXIS
        _draw_axis(chart, scale, top, bottom)
        for one in unseen:
            _draw_unseen(chart, scale, top, bottom, one)
        for lane, (name, events) in enumerate(lanes):
            _draw_lane(chart, scale, top + lane * _LANE, name, events, seconds)
        if curve:
            _draw_curve(chart, scale, bottom, curve, most, unseen)
    return chart


def row_bounds(seconds: float) -> list[tuple[float, float]]:
    """Return begin and end of each row of a timeline, s; all but the last are equally long.

    Args:
        seconds: Length of the video.
    """
    if seconds <= _ONE_ROW:
        return [(0.0, seconds)]
    length = next((one for one in _ROW_LENGTHS if seconds <= _MOST_ROWS * one), _ROW_LENGTHS[-1])
    length = max(length, seconds / _MOST_LONG_ROWS)
    # Divided evenly, to the next 5 s: no row is nearly empty.
    length = 5 * math.ceil(seconds / math.ceil(seconds / length) / 5)
    return [(place * length, min((place + 1.0) * length, seconds)) for place in range(math.ceil(seconds / length))]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time on the horizontal axis of one row, which shows ``start`` to ``end`` of ``length`` s."""

    start: float
    end: float
    length: float

    def __call__(self, time: float) -> float:
        share = (min(max(time, self.start), self.end) - self.start) / (self.length or 1.0)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    def holds(self, time: float, seconds: float) -> bool:
        """Whether a time belongs to this row and to no other."""
        time = min(max(time, 0.0), seconds)
        return self.start <= time < self.end or (time == self.end == seconds)


def _draw_legend(chart: Drawing, events: Sequence[DrawnEvent], y: float) -> None:
    """Tell shapes and colours below ``y``, and what hollow shapes mean where there are matches."""
    x = float(_LEFT)
    kinds = ["micro", "macro", *([None] if any(event.kind not in _COLOURS for event in events) else [])]
    for kind in kinds:
        _draw_shape(chart, DrawnEvent(0, 0, None, kind), x, x + 12, x + 6, y + 4, "")
        x = _say(chart, x + 18, y, f"{kind}-expression" if kind else "kind not known")
    chart.line([(x + 3, y + 2), (x + 3, y + 22)], "ink", width=1.3)
    x = _say(chart, x + 11, y, "apex") + 16
    if any(event.matched is not None for event in events):
        x = _say(chart, x, y, "filled: coded and found, IoU 0.5 or more")
        _say(chart, x, y, "hollow, red number: missed (coded) or false (found)")


def _say(chart: Drawing, x: float, y: float, text: str) -> float:
    """Write a part of the legend; return where the next begins."""
    chart.text(x, y + 16, text, size=11, fill="muted")
    return x + _LETTER * len(text) + 18


def _draw_reasons(chart: Drawing, unseen: Sequence[Unseen], y: float) -> None:
    """Tell what grey bands and dashed lines mean, with the reasons and how much time each has taken."""
    x = float(_LEFT)
    total: dict[str, float] = {}
    for one in unseen:
        total[one.why] = total.get(one.why, 0.0) + one.end - one.start
    lasting = [f"{why} {seconds:.1f} s" for why, seconds in total.items() if seconds > 0]
    if lasting:
        chart.rectangle(x, y + 6, 12, 12, "muted", opacity=_BAND)
        x = _say(chart, x + 18, y, f"not looked at: {', '.join(lasting)}")
    cuts = [one for one in unseen if one.end == one.start]
    if cuts:
        chart.line([(x + 3, y + 2), (x + 3, y + 22)], "red", dashed=True)
        times = f"{len(cuts)} times" if len(cuts) > 1 else "once"
        _say(chart, x + 11, y, f"{cuts[0].why} ({times}): nothing is compared across it")


def _draw_unseen(chart: Drawing, scale: _Scale, top: float, bottom: float, one: Unseen) -> None:
    """Draw one gap, or a cut, in a row; its reason stands in it where there is room."""
    if one.end == one.start:
        if scale.start <= one.start <= scale.end:
            chart.line([(scale(one.start), top), (scale(one.start), bottom)], "red", dashed=True)
        return
    if one.end <= scale.start or one.start >= scale.end:
        return
    left = scale(one.start)
    width = max(scale(one.end) - left, 2.0)
    said = f"not looked at: {one.why}, {one.start:.2f} to {one.end:.2f} s"
    chart.rectangle(left, top, width, bottom - top, "muted", opacity=_BAND, title=said)
    if _LETTER * len(one.why) + 8 <= width:
        chart.text(left + width / 2, bottom - 6, one.why, size=11, anchor="middle", fill="ink")


def _draw_axis(chart: Drawing, scale: _Scale, top: float, bottom: float) -> None:
    # The distance of ticks is that of a whole row, also in a last one that is shorter.
    whole = ticks(0, scale.length)
    step = whole[1] - whole[0] if len(whole) > 1 else 1.0
    first = math.ceil(scale.start / step - 1e-6)
    for number in range(first, math.floor(scale.end / step + 1e-6) + 1):
        x = scale(number * step)
        chart.line([(x, top), (x, bottom)], "grid")
        chart.text(x, bottom + 14, f"{number * step:g} s", size=11, anchor="middle", fill="muted")
    chart.line([(_LEFT, bottom), (scale(scale.end), bottom)], "grid")


def _draw_lane(
    chart: Drawing, scale: _Scale, y: float, name: str, events: Sequence[DrawnEvent], seconds: float
) -> None:
    chart.text(_LEFT - 8, y + _HEAD + 12, name, anchor="end")
    middle = y + _HEAD + _SHAPE / 2
    chart.line([(_LEFT, middle), (scale(scale.end), middle)], "grid")
    if not events:
        chart.text(_LEFT + 6, y + _HEAD - 2, f"none {name}", size=11, fill="muted")
    # The longest first: a short event lies on a long one and is not hidden by it.
    for event in sorted(events, key=lambda one: one.onset - one.offset):
        here = scale.holds(event.middle, seconds)
        # A long event goes on in the next row; a micro-expression would be a splinter there.
        if not here and (event.kind == "micro" or event.offset <= scale.start or event.onset >= scale.end):
            continue
        at = scale(event.middle)
        said = f"{name} {_told(event)}"
        _draw_shape(chart, event, scale(event.onset), scale(event.offset), at, y + _HEAD, said if here else f"… {said}")
        if here and event.apex is not None:
            chart.line([(at, y + _HEAD - 3), (at, y + _HEAD + _SHAPE + 3)], "ink", width=1.3)
    _draw_numbers(chart, scale, y, [event for event in events if scale.holds(event.middle, seconds)])


def _draw_numbers(chart: Drawing, scale: _Scale, y: float, events: Sequence[DrawnEvent]) -> None:
    """Write the numbers of events above them, as far as there is room; red for those without a match."""
    free = 0.0
    for event in sorted(events, key=lambda one: one.middle):
        at, half = scale(event.middle), _DIGIT * len(str(event.number)) / 2
        if event.number is None or at - half <= free:
            continue
        fill = "red" if event.matched is False else "muted"
        chart.text(at, y + _HEAD - 5, str(event.number), size=10, anchor="middle", fill=fill)
        free = at + half + 1


def _draw_shape(chart: Drawing, event: DrawnEvent, left: float, right: float, at: float, y: float, said: str) -> None:
    """Draw one event between two places: form and colour tell the kind."""
    colour = _COLOURS.get(event.kind or "", "purple")
    fill, outline = ("paper", colour) if event.matched is False else (colour, colour)
    left, right = min(left, at - _LEAST / 2), max(right, at + _LEAST / 2)
    if event.kind == "micro":
        diamond = [(left, y + _SHAPE / 2), (at, y), (right, y + _SHAPE / 2), (at, y + _SHAPE)]
        chart.polygon(diamond, fill, title=said, outline=outline)
        return
    inset = 2 if event.kind == "macro" else 5
    chart.rectangle(left, y + inset, right - left, _SHAPE - 2 * inset, fill, title=said, outline=outline)


def _told(event: DrawnEvent) -> str:
    number = "" if event.number is None else f"{event.number}: "
    apex = "" if event.apex is None else f", apex {event.apex:.2f} s"
    length = f"{1000 * (event.offset - event.onset):.0f} ms"
    note = f", {event.note}" if event.note else ""
    return f"{number}{event.kind or 'event'} {event.onset:.2f} to {event.offset:.2f} s ({length}){apex}{note}"


def _draw_curve(
    chart: Drawing,
    scale: _Scale,
    bottom: float,
    curve: Sequence[tuple[float, float]],
    most: float,
    unseen: Sequence[Unseen],
) -> None:
    """Draw one row of the curve; the root lets small motions be seen beside large ones."""

    def y(value: float) -> float:
        return bottom - (_CURVE - 12) * math.sqrt(max(value, 0.0) / most)

    chart.text(_LEFT - 8, bottom - 34, "motion", anchor="end")
    chart.text(_LEFT - 8, bottom - 21, f"max {most:.1f} %", size=10, anchor="end", fill="muted")
    chart.text(_LEFT - 8, bottom - 9, "root scale", size=10, anchor="end", fill="muted")
    if most > 1.5:
        chart.line([(_LEFT, y(1.0)), (scale(scale.end), y(1.0))], "grid", dashed=True)
        chart.text(scale(scale.end) + 5, y(1.0) + 4, "1 %", size=10, fill="muted")
    for piece in _pieces(curve, unseen):
        chart.line([(scale(time), y(value)) for time, value in _cut(piece, scale.start, scale.end)], "green", width=1.3)


def _pieces(curve: Sequence[tuple[float, float]], unseen: Sequence[Unseen]) -> list[Sequence[tuple[float, float]]]:
    """Return the curve without what lies in gaps, cut at each gap and each cut."""
    gaps = sorted((one.start, one.end) for one in unseen)
    pieces: list[list[tuple[float, float]]] = [[]]
    place, end = 0, -math.inf
    for time, value in curve:
        while place < len(gaps) and gaps[place][0] <= time:
            end = max(end, gaps[place][1])
            place += 1
            pieces.append([])
        if time >= end:
            pieces[-1].append((time, value))
    return [*filter(None, pieces)]


def _cut(curve: Sequence[tuple[float, float]], start: float, end: float) -> list[tuple[float, float]]:
    """Return the part of a curve between two times, with its values there."""
    part: list[tuple[float, float]] = []
    for (time, value), (later, next_value) in zip(curve, curve[1:], strict=False):
        if later <= start or time >= end or later <= time:
            continue
        slope = (next_value - value) / (later - time)
        ends = [(at, value + slope * (at - time)) for at in (max(time, start), min(later, end))]
        part += ends[1:] if part else ends
    return part
