"""Timeline of a long video: coded events, detected events, and the curve of the motion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from mevqa.reporting.charts.chart import LIGHT, Chart, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Width of the chart and its margins; heights of the legend, of the line that says what was not looked at, of a lane
#: of events, of the curve and of the times below it, CSS pixels.
WIDTH, LEFT, _RIGHT = 1100, 76, 34
_LEGEND, _REASONS, _LANE, _CURVE, _AXIS = 30, 24, 36, 58, 26
#: Height of an event's shape and its distance from the top of its lane, where its number stands.
_SHAPE, _HEAD = 16, 15
#: An event is drawn so wide at least, px: shorter ones could not be seen.
_LEAST = 7.0
#: Width of a letter of the reasons and of a digit of the numbers, px, a little more than it is.
_LETTER, _DIGIT = 7.0, 6.5
#: How dark the bands are that were not looked at.
_BAND = 0.28
#: A row is as long as this at most, s, so that a micro-expression (up to 0.5 s) is seen; a video is divided into rows
#: of a minute, or of more where these were more than ``_MOST_ROWS``.
_ONE_ROW = 90.0
_ROW_LENGTHS = (60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)
_MOST_ROWS = 12
#: Rows of an hour, at most; of more than a day, by its timestamps, rows are longer.
_MOST_LONG_ROWS = 24
_COLOURS = {"micro": "orange", "macro": "blue"}

#: Time in which nothing was looked for: begin and end, s, and the reason; a cut, across which nothing is compared,
#: begins where it ends.
Unseen: TypeAlias = tuple[float, float, str]


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
class Timeline:
    """A timeline of a video: lanes of events, the motion curve, and gaps.

    Attributes:
        coded: Coded events; None to leave their lane out.
        detected: Detected events; likewise.
        curve: (time in s, motion in percent of the eye distance) in the order of time.
        seconds: Length of the video.
        unseen: Where nothing was looked for.
    """

    coded: Sequence[DrawnEvent] | None
    detected: Sequence[DrawnEvent] | None
    curve: Sequence[tuple[float, float]]
    seconds: float
    unseen: Sequence[Unseen] = ()

    @property
    def lanes(self) -> list[tuple[str, Sequence[DrawnEvent]]]:
        """Lanes of events with their names."""
        return [(name, spans) for name, spans in (("coded", self.coded), ("found", self.detected)) if spans is not None]

    @property
    def row_height(self) -> float:
        """Height of a row without the times below it, px."""
        return len(self.lanes) * _LANE + (_CURVE if self.curve else 0)

    @property
    def height(self) -> float:
        """Height of the whole, px."""
        legends = _LEGEND + (_REASONS if self.unseen else 0)
        return legends + len(row_bounds(self.seconds)) * (self.row_height + _AXIS)

    def chart(self, label: str) -> Chart:
        """Draw it: micro-expressions as diamonds, macro-expressions as bars, hollow without a match.

        Args:
            label: What the chart shows.
        """
        return Chart(WIDTH, self.height, label, partial(draw_timeline, self))


def row_bounds(seconds: float) -> list[tuple[float, float]]:
    """Return begin and end of each row of a timeline, s; all but the last are equally long.

    Args:
        seconds: Length of the video.
    """
    if seconds <= _ONE_ROW:
        return [(0.0, seconds)]
    length = next((row_length for row_length in _ROW_LENGTHS if seconds <= _MOST_ROWS * row_length), _ROW_LENGTHS[-1])
    length = max(length, seconds / _MOST_LONG_ROWS)
    # Divided evenly, to the next 5 s: no row is nearly empty.
    length = 5 * math.ceil(seconds / math.ceil(seconds / length) / 5)
    return [(row * length, min((row + 1.0) * length, seconds)) for row in range(math.ceil(seconds / length))]


def draw_timeline(timeline: Timeline, figure: Figure, head: float = 0.0) -> None:
    """Draw a timeline on a figure of its width.

    Args:
        timeline: What is drawn.
        figure: The figure.
        head: Room that is left free above, px.
    """
    width, height = (72 * side for side in figure.get_size_inches())
    _draw_legends(timeline, figure, LEFT / width, lambda y: 1 - (head + y) / height)
    rows = row_bounds(timeline.seconds)
    length = rows[0][1] - rows[0][0] or 1.0
    span = width - LEFT - _RIGHT
    top = head + _LEGEND + (_REASONS if timeline.unseen else 0)
    for start, end in rows:
        bottom = top + timeline.row_height
        share = (end - start) / length or 1.0
        box = (LEFT / width, 1 - bottom / height, share * span / width, timeline.row_height / height)
        axes = figure.add_axes(box)
        axes.set(xlim=(start, end if end > start else start + 1), ylim=(timeline.row_height or 1, 0))
        _Row(axes, timeline, start, end, length / span).draw()
        top = bottom + _AXIS


def _draw_legends(timeline: Timeline, figure: Figure, left: float, at: Callable[[float], float]) -> None:
    """Draw the legend of shapes and colours, and that of the gaps: why and how long nothing was looked for."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    events = [event for _, lane in timeline.lanes for event in lane]
    legend: dict[str, Any] = {
        "loc": "upper left",
        "borderaxespad": 0,
        "borderpad": 0,
        "handlelength": 1.2,
        "handletextpad": 0.6,
        "ncols": 6,
        "columnspacing": 1.2,
    }
    plain: dict[str, Any] = {"linestyle": "", "markersize": 10}
    handles: list[Any] = [
        Line2D([], [], marker="d", color=LIGHT["orange"], label="micro-expression", **plain),
        Patch(color=LIGHT["blue"], label="macro-expression"),
    ]
    if any(event.kind not in _COLOURS for event in events):
        handles.append(Line2D([], [], color=LIGHT["purple"], linewidth=6, label="kind not known"))
    handles.append(Line2D([], [], marker="|", color=LIGHT["ink"], label="apex", **{**plain, "markersize": 16}))
    if any(event.matched is not None for event in events):
        handles.append(Patch(color=LIGHT["muted"], label="filled: coded and found, IoU 0.5 or more"))
        hollow: dict[str, Any] = {"facecolor": LIGHT["paper"], "edgecolor": LIGHT["muted"], "linewidth": 1.5}
        handles.append(Patch(label="hollow, red number: missed (coded) or false (found)", **hollow))
    figure.legend(handles=handles, bbox_to_anchor=(left, at(6)), **legend)
    total: dict[str, float] = {}
    for start, end, why in timeline.unseen:
        total[why] = total.get(why, 0.0) + end - start
    lasting = [f"{why} {seconds:.1f} s" for why, seconds in total.items() if seconds > 0]
    cuts = [why for start, end, why in timeline.unseen if end == start]
    handles = []
    if lasting:
        text = f"not looked at: {', '.join(lasting)}"
        handles.append(Patch(color=LIGHT["muted"], alpha=_BAND, linewidth=0, label=text))
    if cuts:
        times = f"{len(cuts)} times" if len(cuts) > 1 else "once"
        text = f"{cuts[0]} ({times}): nothing is compared across it"
        handles.append(Line2D([], [], color=LIGHT["red"], linewidth=1, linestyle="--", label=text))
    if handles:
        figure.legend(handles=handles, bbox_to_anchor=(left, at(_LEGEND + 4)), **legend)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a timeline, ``start`` to ``end`` s; x in s, y downwards in px.

    Attributes:
        axes: Where it is drawn.
        timeline: The timeline that the row belongs to.
        start: Begin, s.
        end: End, s.
        pixel: Seconds of a pixel.
    """

    axes: Axes
    timeline: Timeline
    start: float
    end: float
    pixel: float

    def draw(self) -> None:
        """Draw times, gaps, lanes and the curve."""
        from matplotlib.ticker import MaxNLocator

        # The distance of ticks is that of a whole row, also in a last one that is shorter.
        first, second, *_ = MaxNLocator(8, steps=(1, 2, 5, 10)).tick_values(0, self.pixel * (WIDTH - LEFT - _RIGHT))
        step = second - first
        numbers = range(math.ceil(self.start / step - 1e-6), math.floor(self.end / step + 1e-6) + 1)
        self.axes.set_xticks([step * number for number in numbers])
        self.axes.xaxis.set_major_formatter("{x:g} s")
        height = self.timeline.row_height
        self._line(height)
        for gap in self.timeline.unseen:
            self._draw_unseen(gap)
        for lane, (name, events) in enumerate(self.timeline.lanes):
            self._draw_lane(lane * _LANE + _HEAD + _SHAPE / 2, name, events)
        if self.timeline.curve:
            self._draw_curve(height)
        names = [name for name, _ in self.timeline.lanes] + ["motion"] * bool(self.timeline.curve)
        middles = [lane * _LANE + _HEAD + _SHAPE / 2 for lane in range(len(self.timeline.lanes))]
        self.axes.set_yticks([*middles, height - 38][: len(names)], names)
        self.axes.yaxis.grid(False)

    def _line(self, y: float, **style: Any) -> None:
        self.axes.plot((self.start, self.end), (y, y), color=LIGHT["grid"], linewidth=1, zorder=1, **style)

    def _text(self, x: float, y: float, text: str, colour: str = "muted", size: int = 11, **style: Any) -> None:
        self.axes.annotate(text, (x, y), color=LIGHT[colour], fontsize=size, annotation_clip=False, zorder=4, **style)

    def _holds(self, time: float) -> bool:
        """Whether a time belongs to this row and to no other."""
        time = min(max(time, 0.0), self.timeline.seconds)
        return self.start <= time < self.end or (time == self.end == self.timeline.seconds)

    def _inside(self, time: float) -> float:
        return min(max(time, self.start), self.end)

    def _draw_unseen(self, gap: Unseen) -> None:
        """Draw a gap, or a cut; its reason stands in it where there is room."""
        start, end, why = gap
        if end == start:
            if self.start <= start <= self.end:
                self.axes.axvline(start, color=LIGHT["red"], linewidth=1, linestyle="--")
            return
        if end <= self.start or start >= self.end:
            return
        left = self._inside(start)
        right = max(self._inside(end), left + 2 * self.pixel)
        band = self.axes.axvspan(left, right, color=LIGHT["muted"], alpha=_BAND, linewidth=0)
        describe(band, f"not looked at: {why}, {start:.2f} to {end:.2f} s")
        if _LETTER * len(why) + 8 <= (right - left) / self.pixel:
            self._text((left + right) / 2, self.timeline.row_height - 6, why, "ink", ha="center")

    def _draw_lane(self, middle: float, name: str, events: Sequence[DrawnEvent]) -> None:
        self._line(middle)
        if not events:
            self._text(self.start + 6 * self.pixel, middle - 10, f"none {name}")
        # The longest first: a short event lies on a long one and is not hidden by it.
        for event in sorted(events, key=lambda event: event.onset - event.offset):
            here = self._holds(event.middle)
            # A long event goes on in the next row; a micro-expression would be a splinter there.
            if not here and (event.kind == "micro" or event.offset <= self.start or event.onset >= self.end):
                continue
            self._draw_event(middle, event, f"{name} {_tooltip(event)}" if here else f"… {name} {_tooltip(event)}")
            if here and event.apex is not None:
                apex, reach = self._inside(event.apex), _SHAPE / 2 + 3
                line = (middle - reach, middle + reach)
                self.axes.plot((apex, apex), line, color=LIGHT["ink"], linewidth=1.3, zorder=3)
        self._draw_numbers(middle, [event for event in events if self._holds(event.middle)])

    def _draw_event(self, middle: float, event: DrawnEvent, tooltip: str) -> None:
        """Draw one event; its shape and colour show its kind."""
        colour = LIGHT[_COLOURS.get(event.kind or "", "purple")]
        at, least = self._inside(event.middle), self.pixel * _LEAST / 2
        left, right = min(self._inside(event.onset), at - least), max(self._inside(event.offset), at + least)
        half = _SHAPE / 2 - {"micro": 0, "macro": 2}.get(event.kind or "", 5)
        corners = [(left, -half), (right, -half), (right, half), (left, half)]
        if event.kind == "micro":
            corners = [(left, 0), (at, -half), (right, 0), (at, half)]
        fill = LIGHT["paper"] if event.matched is False else colour
        x, y = zip(*((x, middle + y) for x, y in corners), strict=True)
        (shape,) = self.axes.fill(x, y, facecolor=fill, edgecolor=colour, linewidth=1.5, zorder=2)
        describe(shape, tooltip)

    def _draw_numbers(self, middle: float, events: Sequence[DrawnEvent]) -> None:
        """Write the numbers of events above them, as far as there is room; red for those without a match."""
        free = -math.inf
        for event in sorted(events, key=lambda event: event.middle):
            at, half = self._inside(event.middle), self.pixel * _DIGIT * len(str(event.number)) / 2
            if event.number is None or at - half <= free:
                continue
            colour = "red" if event.matched is False else "muted"
            self._text(at, middle - _SHAPE / 2 - 5, str(event.number), colour, 10, ha="center")
            free = at + half + self.pixel

    def _draw_curve(self, bottom: float) -> None:
        """Draw the curve; the root lets small motions be seen beside large ones."""
        import numpy as np

        most = max(value for _, value in self.timeline.curve) or 1.0

        def y(value: Any) -> Any:
            return bottom - (_CURVE - 12) * np.sqrt(np.maximum(value, 0.0) / most)

        left = self.start - 8 * self.pixel
        self._text(left, bottom - 21, f"max {most:.1f} %", size=10, ha="right")
        self._text(left, bottom - 9, "root scale", size=10, ha="right")
        if most > 1.5:
            self._line(y(1.0), linestyle="--")
            self._text(self.end + 5 * self.pixel, y(1.0) + 4, "1 %", size=10)
        for piece in _pieces(self.timeline.curve, self.timeline.unseen):
            times, values = np.array(piece).T
            ends = [time for time in (self.start, self.end) if times[0] <= time <= times[-1]]
            inside = np.unique([*ends, *times[(times > self.start) & (times < self.end)]])
            if len(inside) > 1:
                self.axes.plot(inside, y(np.interp(inside, times, values)), color=LIGHT["green"], linewidth=1.3)


def _tooltip(event: DrawnEvent) -> str:
    number = "" if event.number is None else f"{event.number}: "
    apex = "" if event.apex is None else f", apex {event.apex:.2f} s"
    length = f"{1000 * (event.offset - event.onset):.0f} ms"
    note = f", {event.note}" if event.note else ""
    return f"{number}{event.kind or 'event'} {event.onset:.2f} to {event.offset:.2f} s ({length}){apex}{note}"


def _pieces(curve: Sequence[tuple[float, float]], unseen: Sequence[Unseen]) -> list[Sequence[tuple[float, float]]]:
    """Return the curve without what lies in gaps, cut at each gap and each cut."""
    gaps = sorted((start, end) for start, end, _ in unseen)
    pieces: list[list[tuple[float, float]]] = [[]]
    index, end = 0, -math.inf
    for time, value in curve:
        while index < len(gaps) and gaps[index][0] <= time:
            end = max(end, gaps[index][1])
            index += 1
            pieces.append([])
        if time >= end:
            pieces[-1].append((time, value))
    return [*filter(None, pieces)]
