"""One drawing, two forms: SVG for the page and for papers, PNG for everything else.

A chart is a list of rectangles, lines, circles and texts. Writing those few shapes as SVG and painting them with
Pillow, which is a dependency anyway, takes fewer lines than steering a plotting library that would have to be
installed, and the page, the SVG file and the PNG file are the same chart. Colours are named by what they mean; the
page's style sheet gives each a light and a dark value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from mevqa.report.charts.palette import LIGHT, mixed

if TYPE_CHECKING:
    from PIL import ImageFont
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

#: PNG files have this many pixels a unit, painted twice as large and reduced, which smooths lines.
PIXELS = 2
_OVERSAMPLING = 2

#: Width of outlines, units.
_OUTLINE = 1.5

#: Pillow's own font has Latin letters and general punctuation (U+2000 to U+206F); others are looked for in these fonts
#: of Linux, macOS and Windows.
_FIRST_FOREIGN = 0x250
_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "Arial Unicode.ttf",
)

#: Place of a text relative to its point, and Pillow's name of it (both on the base line).
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Rectangle:
    x: float
    y: float
    width: float
    height: float
    fill: str
    opacity: float
    title: str
    choose: Mapping[str, str] | None
    outline: str

    def svg(self) -> str:
        box = f'x="{self.x:g}" y="{self.y:g}" width="{max(self.width, 0):.5g}" height="{max(self.height, 0):.5g}"'
        shape = f'<rect {box} rx="2" {_filled(self.fill, self.outline)}{_opacity(self.opacity)}'
        if self.choose is None:
            return f"{shape}{_titled('rect', self.title)}"
        chosen = escape(json.dumps(dict(self.choose)), quote=True)
        button = f'tabindex="0" role="button" aria-label="{escape(self.title, quote=True)}" data-choose="{chosen}"'
        return f"{shape} {button}{_titled('rect', self.title)}"

    def paint(self, draw: ImageDraw, scale: float) -> None:
        if self.width > 0 and self.height > 0:
            corners = (self.x * scale, self.y * scale, (self.x + self.width) * scale, (self.y + self.height) * scale)
            stroke = LIGHT[self.outline] if self.outline else None
            width = round(_OUTLINE * scale) if self.outline else 0
            draw.rounded_rectangle(
                corners, radius=2 * scale, fill=mixed(self.fill, self.opacity), outline=stroke, width=width
            )


@dataclass(frozen=True, slots=True)
class _Polygon:
    points: Sequence[Point]
    fill: str
    title: str
    outline: str

    def svg(self) -> str:
        path = " ".join(f"{x:.5g},{y:.5g}" for x, y in self.points)
        return f'<polygon points="{path}" {_filled(self.fill, self.outline)}{_titled("polygon", self.title)}'

    def paint(self, draw: ImageDraw, scale: float) -> None:
        points = [(x * scale, y * scale) for x, y in self.points]
        draw.polygon(points, fill=LIGHT[self.fill])
        if self.outline:
            draw.line([*points, *points[:2]], fill=LIGHT[self.outline], width=round(_OUTLINE * scale), joint="curve")


@dataclass(frozen=True, slots=True)
class _Line:
    points: Sequence[Point]
    stroke: str
    width: float
    dashed: bool

    def svg(self) -> str:
        path = " ".join(f"{x:.5g},{y:.5g}" for x, y in self.points)
        dash = ' stroke-dasharray="4 4"' if self.dashed else ""
        return f'<polyline points="{path}" fill="none" class="s-{self.stroke}" stroke-width="{self.width:g}"{dash}/>'

    def paint(self, draw: ImageDraw, scale: float) -> None:
        points = [(x * scale, y * scale) for x, y in self.points]
        for piece in _dashes(points, 4 * scale) if self.dashed else [points]:
            draw.line(piece, fill=LIGHT[self.stroke], width=max(1, round(self.width * scale)), joint="curve")


@dataclass(frozen=True, slots=True)
class _Circle:
    x: float
    y: float
    radius: float
    fill: str
    opacity: float
    title: str

    def svg(self) -> str:
        place = f'cx="{self.x:.5g}" cy="{self.y:.5g}" r="{self.radius:.4g}"'
        return f'<circle {place} class="f-{self.fill}"{_opacity(self.opacity)}{_titled("circle", self.title)}'

    def paint(self, draw: ImageDraw, scale: float) -> None:
        x, y, radius = self.x * scale, self.y * scale, self.radius * scale
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=mixed(self.fill, self.opacity))


@dataclass(frozen=True, slots=True)
class _Text:
    x: float
    y: float
    text: str
    size: float
    anchor: str
    fill: str
    bold: bool

    def svg(self) -> str:
        weight = ' font-weight="600"' if self.bold else ""
        where = f'x="{self.x:.5g}" y="{self.y:.5g}" text-anchor="{self.anchor}" font-size="{self.size:g}"'
        return f'<text {where} class="f-{self.fill}"{weight}>{escape(self.text)}</text>'

    def paint(self, draw: ImageDraw, scale: float) -> None:
        stroke = 0.02 * self.size * scale if self.bold else 0
        draw.text(
            (self.x * scale, self.y * scale),
            self.text,
            fill=LIGHT[self.fill],
            font=_font(self.text, self.size * scale),
            anchor=_ANCHORS[self.anchor],
            stroke_width=stroke,
            stroke_fill=LIGHT[self.fill],
        )


@dataclass
class Drawing:
    """A chart under construction; x to the right and y downwards, in CSS pixels.

    Attributes:
        width: Width of the chart.
        height: Height of the chart.
        label: What it shows, for those who cannot see it.
    """

    width: float
    height: float
    label: str
    _shapes: list[_Rectangle | _Polygon | _Line | _Circle | _Text] = field(default_factory=list)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        opacity: float = 1.0,
        title: str = "",
        choose: Mapping[str, str] | None = None,
        outline: str = "",
    ) -> None:
        """Add a filled rectangle.

        Args:
            x: Left side.
            y: Upper side.
            width: Its width; nothing is drawn for 0.
            height: Its height.
            fill: Name of a colour.
            opacity: 0 to 1.
            title: What a pointer resting on it is told.
            choose: Filters of the clip browser that a click sets.
            outline: Name of the colour of its edge; empty for none.
        """
        self._shapes.append(_Rectangle(x, y, width, height, fill, opacity, title, choose, outline))

    def polygon(self, points: Sequence[Point], fill: str, *, title: str = "", outline: str = "") -> None:
        """Add a filled polygon; title and outline are those of a rectangle."""
        self._shapes.append(_Polygon(tuple(points), fill, title, outline))

    def line(self, points: Sequence[Point], stroke: str, *, width: float = 1.0, dashed: bool = False) -> None:
        """Add a line through points; fewer than two make none."""
        if len(points) > 1:
            self._shapes.append(_Line(tuple(points), stroke, width, dashed))

    def circle(self, x: float, y: float, radius: float, fill: str, *, opacity: float = 1.0, title: str = "") -> None:
        """Add a filled circle around (x, y)."""
        self._shapes.append(_Circle(x, y, radius, fill, opacity, title))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        anchor: str = "start",
        fill: str = "ink",
        bold: bool = False,
    ) -> None:
        """Add a text; (x, y) is the ``start``, ``middle`` or ``end`` of its base line."""
        self._shapes.append(_Text(x, y, text, size, anchor, fill, bold))

    def svg(self, *, alone: bool = False) -> str:
        """Return the drawing as SVG, every text escaped.

        Args:
            alone: For a file of its own, with its (light) colours; else the page's style sheet colours it.
        """
        size = f'viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}"'
        name = escape(self.label, quote=True)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{name}">'
        if any(isinstance(shape, _Rectangle) and shape.choose is not None for shape in self._shapes) and not alone:
            head = head.replace('role="img"', 'role="group"')
        shapes = "".join(shape.svg() for shape in self._shapes)
        if not alone:
            return f"{head}{shapes}</svg>"
        rules = "".join(f".f-{name}{{fill:{value}}}.s-{name}{{stroke:{value}}}" for name, value in LIGHT.items())
        style = f"<style>text{{font-family:system-ui,sans-serif}}{rules}</style>"
        paper = f'<rect width="{self.width:g}" height="{self.height:g}" class="f-paper"/>'
        return f"{head}<title>{name}</title>{style}{paper}{shapes}</svg>\n"

    def picture(self) -> Image:
        """Return the drawing as an RGB picture with two pixels a unit."""
        from PIL import Image, ImageDraw

        scale = PIXELS * _OVERSAMPLING
        canvas = Image.new("RGB", (round(self.width * scale), round(self.height * scale)), LIGHT["paper"])
        draw = ImageDraw.Draw(canvas)
        for shape in self._shapes:
            shape.paint(draw, scale)
        size = (round(self.width * PIXELS), round(self.height * PIXELS))
        return canvas.resize(size, Image.Resampling.LANCZOS)


def _font(text: str, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings, or the one of the system's that has most letters of the text."""
    from PIL import ImageFont

    own = ImageFont.load_default(size)
    if all(ord(letter) < _FIRST_FOREIGN or 0x2000 <= ord(letter) < 0x2070 for letter in text):
        return own
    best: tuple[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = (0, own)
    for name in _SYSTEM_FONTS:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:
            continue
        unknown = bytes(font.getmask("\U0010fffd"))
        known = sum(letter.isspace() or bytes(font.getmask(letter)) != unknown for letter in text)
        if known > best[0]:
            best = (known, font)
    return best[1]


def _filled(fill: str, outline: str) -> str:
    return f'class="f-{fill} s-{outline}" stroke-width="{_OUTLINE:g}"' if outline else f'class="f-{fill}"'


def _opacity(value: float) -> str:
    return f' fill-opacity="{value:.3g}"' if value < 1 else ""


def _titled(tag: str, title: str) -> str:
    return f"><title>{escape(title)}</title></{tag}>" if title else "/>"


def _dashes(points: Sequence[Point], length: float) -> list[list[Point]]:
    """Cut a line into dashes of ``length`` with gaps as long."""
    pieces: list[list[Point]] = []
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        whole = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        for step in range(0, int(whole / length) + 1, 2):
            start, end = step * length / (whole or 1), min(1.0, (step + 1) * length / (whole or 1))
            pieces.append(
                [(x1 + (x2 - x1) * start, y1 + (y2 - y1) * start), (x1 + (x2 - x1) * end, y1 + (y2 - y1) * end)]
            )
    return pieces


def plain(value: Any) -> str:
    """Return a number as a chart says it: ``53`` below one, else with one decimal."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
