"""The page: everything about one or several runs in one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.report.clips import ClipSection
from mevqa.report.drawing import Drawing
from mevqa.report.panels import Panel, run_panel
from mevqa.report.reading import ReadRun
from mevqa.report.standing import Compared, Standing, comparisons, standing
from mevqa.safe_text import PathShortener

_WEB = Path(__file__).parent / "web"


@dataclass(frozen=True, slots=True)
class Page:
    """A report that is ready to be written.

    Attributes:
        html: The page.
        charts: Every chart by file name without ending.
    """

    html: str
    charts: Mapping[str, Drawing]


def make_page(runs: Sequence[ReadRun], section: ClipSection, title: str, *, paired: Callable[..., Any] | None) -> Page:
    """Put a page together.

    Args:
        runs: The runs, the first is what others are compared with.
        section: The clips with their pictures and questions.
        title: Title of the page.
        paired: Compares two runs (``compare_answers`` with its settings); None to leave comparisons out.
    """
    panels = [run_panel(run, place) for place, run in enumerate(runs)]
    found: Standing | None = standing(runs)
    compared: Sequence[Compared] = comparisons(runs, paired) if paired is not None else ()
    charts = {f"{panel.key}_{name}": figure.drawing for panel in panels for name, figure in panel.figures.items()}
    charts |= {f"difference_{place}": one.drawing for place, one in enumerate(compared, 1)}
    return Page(_render(title, runs, panels, found, compared, section), charts)


def path_shortener(runs: Sequence[ReadRun]) -> PathShortener:
    """Return what takes the folders off paths in texts about runs, whose own files and folders it knows."""
    sources = [source for run in runs for source in run.sources]
    known = [run.run.path for run in runs]
    for source in sources:
        known += [*source.files, *source.pictures.values()]
        known += [path for path in (source.media, source.annotations) if path is not None]
    return PathShortener(known)


#: Fields of the clip browser's data that may name a file; what people and models wrote is left as it is.
_MAY_NAME_FILES = ("error", "warnings", "notes")


def _render(
    title: str,
    runs: Sequence[ReadRun],
    panels: Sequence[Panel],
    found: Standing | None,
    compared: Sequence[Compared],
    section: ClipSection,
) -> str:
    """Fill the template; everything but our own style, script and drawings is escaped, and no path is absolute."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from mevqa import __version__

    shorten = path_shortener(runs)
    environment = Environment(
        loader=FileSystemLoader(_WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shorten(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["drawn"] = lambda drawing: Markup(drawing.svg())
    script = (_WEB / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return environment.get_template("page.html.j2").render(
        title=title,
        runs=runs,
        panels=panels,
        standing=found,
        compared=compared,
        section=section,
        data=shorten.inside(section.data, _MAY_NAME_FILES),
        version=__version__,
        style=Markup((_WEB / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        # The browser itself refuses every script but ours, and every address.
        policy=Markup(
            f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )
