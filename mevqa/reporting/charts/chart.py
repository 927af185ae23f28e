"""Charts drawn by matplotlib: SVG for the page; SVG, PNG and PDF files for papers and slides."""

from __future__ import annotations

import io
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from rich.cells import cell_len, set_cell_size

from mevqa.safe_text import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from PIL.Image import Image

#: The colours of charts by meaning. The hues differ in lightness too: they can be told apart by readers with any colour
#: vision and in grey print. These are the light values; ``web/page.css`` gives the page's light and dark ones.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2430",
    "muted": "#596274",
    "grid": "#e4e7ec",
    "blue": "#2462cf",
    "orange": "#d9730d",
    "green": "#187a4e",
    "purple": "#7a5bd0",
    "red": "#c93a3a",
}

#: Colours of runs, kinds of counts and the like, in order.
SERIES = ("blue", "orange", "green", "purple")

#: matplotlib's unit is a point, 1/72 inch: at this resolution a point is one CSS pixel.
_POINTS = 72

#: Letters that DejaVu Sans lacks are taken from the first of these fonts that is installed and has them.
_FURTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "Arial Unicode MS",
)
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # Texts stay texts.
    "svg.hashsalt": "mevqa",  # The same chart is the same file each time.
    "text.parse_math": False,  # Dollar signs in names are dollar signs.
    "font.size": 12,
    "text.color": LIGHT["ink"],
    "figure.facecolor": LIGHT["paper"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": LIGHT["muted"],
    "axes.labelsize": 11,
    **{f"axes.spines.{side}": False for side in ("left", "right", "top", "bottom")},
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 1,
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["ink"],
    "xtick.labelsize": 11,
    "legend.frameon": False,
    "legend.fontsize": 11,
    "legend.labelcolor": LIGHT["muted"],
}
#: One chart at a time: matplotlib's settings belong to the whole process.
_LOCK = threading.RLock()

#: Prefix of the ids of SVG groups that hold the tooltip of a shape.
_TITLE = "title:"
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
#: What XML cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
#: The page and the file choose the family of fonts; the size stays.
_FAMILY = re.compile(r"font-family: [^;]*(; |$)|(?<=px) '[^;]*")
#: The style of paths and texts, their first attribute; texts cannot hold a sign that opens a tag.
_STYLES = re.compile('(?<=<path style=")[^"]*|(?<=<text style=")[^"]*')
_COLOUR = re.compile("#[0-9a-f]{6}")
_VARIABLES = {value: f"var(--{name})" for name, value in LIGHT.items()}


@dataclass
class Chart:
    """A chart that is drawn when it is needed.

    Attributes:
        width: Width, CSS pixels.
        height: Height, CSS pixels.
        label: What it shows, for those who cannot see it.
        draw: Draws it on an empty figure of this size, with matplotlib's settings for charts; may be called again.
    """

    width: float
    height: float
    label: str
    draw: Callable[[Figure], None]
    _svg: str = field(default="", init=False, repr=False)

    def svg(self, *, alone: bool = False) -> str:
        """Return the chart as SVG, every text escaped.

        Args:
            alone: For a file of its own, with its (light) colours; else the page's style sheet colours it.
        """
        if not self._svg:
            with self._figure() as figure:
                self._svg = self._slim_svg(figure)
        if not alone:
            return _STYLES.sub(lambda style: _COLOUR.sub(_variable, style[0]), self._svg)
        title = ElementTree.Element("title")
        title.text = _plain(self.label)
        style = "<style>text{font-family:system-ui,sans-serif}</style>"
        paper = f'<rect width="{self.width:g}" height="{self.height:g}" fill="{LIGHT["paper"]}"/>'
        head, shapes = self._svg.split(">", 1)
        return f"{head}>{ElementTree.tostring(title, encoding='unicode')}{style}{paper}{shapes}\n"

    def picture(self, *, pixels: int = 2) -> Image:
        """Return the chart as an RGB picture with so many pixels a unit."""
        with self._figure() as figure:
            return _picture_of(figure, pixels)

    def pdf(self) -> bytes:
        """Return the chart as a PDF file of one page."""
        with self._figure() as figure:
            return _pdf_of(figure, _plain(self.label))

    def files(self) -> dict[str, bytes]:
        """Return the chart as SVG, PDF and PNG by suffix, drawn once; ``svg`` does not draw it again."""
        png = io.BytesIO()
        with self._figure() as figure:
            self._svg = self._slim_svg(figure)
            pdf = _pdf_of(figure, _plain(self.label))
            _picture_of(figure, 2).save(png, "PNG")
        return {".svg": self.svg(alone=True).encode(), ".pdf": pdf, ".png": png.getvalue()}

    def _slim_svg(self, figure: Figure) -> str:
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        content = io.StringIO()
        figure.set_facecolor("none")
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
        figure.set_facecolor(LIGHT["paper"])
        drawn = ElementTree.fromstring(_FORBIDDEN.sub("\ufffd", content.getvalue()))
        markers = {name: shape for shape in drawn.iter(f"{_SVG}path") if (name := shape.get("id"))}
        size = {"viewBox": f"0 0 {self.width:g} {self.height:g}", "width": f"{self.width:g}"}
        size |= {
            "height": f"{self.height:g}",
            "role": "img",
            "stroke-linejoin": "round",
            "aria-label": _plain(self.label),
        }
        root = ElementTree.Element("svg", {"xmlns": _SVG.strip("{}"), **size})
        root.extend(_slim(drawn, markers))
        return ElementTree.tostring(root, encoding="unicode")

    @contextmanager
    def _figure(self) -> Iterator[Figure]:
        """Draw on a new figure, one chart at a time; it is to be written inside the context."""
        import matplotlib as mpl
        from matplotlib import style
        from matplotlib.figure import Figure

        logging.getLogger(mpl.__name__).setLevel(logging.ERROR)
        with _LOCK, warnings.catch_warnings(), style.context(["default", {**_STYLE, "font.family": _fonts()}]):
            warnings.simplefilter("ignore", UserWarning)  # No font has a letter, or a name leaves no room.
            figure = Figure((self.width / _POINTS, self.height / _POINTS), dpi=_POINTS)
            self.draw(figure)
            for artist in figure.findobj():
                artist.set_clip_on(False)
            if (engine := figure.get_layout_engine()) is not None:
                # Once for all forms: each would lay it out twice.
                engine.execute(figure)
                figure.set_layout_engine("none")
            yield figure


def _picture_of(figure: Figure, pixels: int) -> Image:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(_POINTS * pixels)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _pdf_of(figure: Figure, title: str) -> bytes:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    content = io.BytesIO()
    FigureCanvasPdf(figure).print_pdf(content, metadata={"CreationDate": None, "Title": title})
    return content.getvalue()


def describe(artist: Artist, text: str) -> None:
    """Set the tooltip of a shape, which is also its text for readers who cannot see it."""
    artist.set_gid(_TITLE + text)


def fitted(name: str, most: int = 30) -> str:
    """Return a name in one line that is at most so many letters wide; those of East Asia count double."""
    name = _plain(name)
    return name if cell_len(name) <= most else set_cell_size(name, most - 1).rstrip() + "…"


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", visible(" ".join(text.split())))


@cache
def _fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FURTHER_FONTS if name in installed)]


def _slim(element: ElementTree.Element, markers: Mapping[str, ElementTree.Element]) -> list[ElementTree.Element]:
    """Return the shapes and texts of what matplotlib wrote, without empty groups, names, fonts and long numbers.

    Args:
        element: A group.
        markers: Shapes that are used in several places, by name; each place gets its own.
    """
    shapes = []
    for child in element:
        tag, name = child.tag.removeprefix(_SVG), child.get("id", "")
        attributes: dict[str, str] = {
            key: _short(child.attrib[key]) for key in ("style", "transform", "d") if key in child.attrib
        }
        if tag == "g":
            inside = _slim(child, markers)
            if name.startswith(_TITLE) and inside:
                if len(inside) > 1:
                    group = ElementTree.Element("g")
                    group.extend(inside)
                    inside = [group]
                ElementTree.SubElement(inside[0], "title").text = name.removeprefix(_TITLE)
            shapes += inside
        elif tag == "use":
            attributes["d"] = _short(markers[child.get(_HREF, "")[1:]].get("d", ""))
            attributes["transform"] = _short(f"translate({child.get('x', 0)} {child.get('y', 0)})")
            shapes.append(ElementTree.Element("path", attributes))
        elif tag == "path" and attributes.get("style") != "fill: none":
            shapes.append(ElementTree.Element("path", attributes))
        elif tag == "text":
            if attributes.get("transform", "").startswith("rotate(-0 "):
                del attributes["transform"]
            attributes |= {key: _short(child.attrib[key]) for key in ("x", "y") if key in child.attrib}
            shapes.append(ElementTree.Element("text", attributes))
            shapes[-1].text = child.text
    return shapes


def _variable(colour: re.Match[str]) -> str:
    return _VARIABLES.get(colour[0], colour[0])


def _short(value: str) -> str:
    rounded = _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value)
    return " ".join(_FAMILY.sub("", rounded).split()).removesuffix(";")
