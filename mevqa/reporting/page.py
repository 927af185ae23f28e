"""The page: everything about one or several runs in one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mevqa import __version__
from mevqa.reporting.charts.run_charts import run_panel
from mevqa.reporting.clips import ClipSection
from mevqa.reporting.leaderboard import Compared, Leaderboard, comparisons, leaderboard
from mevqa.reporting.reading import ReadRun
from mevqa.reporting.split import split
from mevqa.safe_text import PathShortener

_WEB = Path(__file__).parent / "web"


@dataclass(frozen=True, slots=True)
class Page:
    """A report that is ready to be written.

    Attributes:
        html: The page.
        charts: Files of every chart by suffix, by their name without it.
        folder: Folder of the pages of clips, where one page cannot hold them.
        parts: These pages, name and content, each made when it is asked for.
    """

    html: str
    charts: Mapping[str, Mapping[str, bytes]]
    folder: str = ""
    parts: Iterable[tuple[str, str]] = ()


def make_page(runs: Sequence[ReadRun], section: ClipSection, title: str, *, paired: Callable[..., Any] | None) -> Page:
    """Put a page together.

    Args:
        runs: The runs, the first is what others are compared with.
        section: The clips with their pictures and questions.
        title: Title of the page.
        paired: Compares two runs (``compare_answers`` with its settings); None to leave comparisons out.
    """
    panels = [run_panel(run, index) for index, run in enumerate(runs)]
    board: Leaderboard | None = leaderboard(runs)
    compared: Sequence[Compared] = comparisons(runs, paired) if paired is not None else ()
    charts = {f"{panel.key}_{name}": figure.chart for panel in panels for name, figure in panel.figures.items()}
    charts |= {
        f"difference_{number}": comparison.chart
        for number, comparison in enumerate(compared, 1)
        if comparison.chart is not None
    }
    files = {name: chart.files() for name, chart in charts.items()}  # Before the page: what is drawn for them, it has.
    shorten = path_shortener(runs)
    pages = split(replace(section, data=shorten.inside(section.data, _MAY_NAME_FILES)))
    render = partial(_template(shorten).render, title=title, runs=runs, version=__version__)
    html = render(panels=panels, leaderboard=board, compared=compared, section=pages.section, pages=pages, part=None)
    context = {"panels": (), "leaderboard": None, "compared": (), "pages": pages}
    parts = ((part.name, render(**context, section=part.section, part=part)) for part in pages.parts)
    return Page(html, files, pages.folder, parts)


def path_shortener(runs: Sequence[ReadRun]) -> PathShortener:
    """Return a shortener that takes the folders off paths in texts about runs, given their files and folders."""
    sources = [source for run in runs for source in run.sources]
    paths = [run.run.path for run in runs]
    for source in sources:
        paths += [*source.files, *source.pictures.values()]
        paths += [path for path in (source.media, source.annotations) if path is not None]
    return PathShortener(paths)


#: Fields of the clip browser's data that may name a file; what people and models wrote is left as it is.
_MAY_NAME_FILES = ("error", "warnings", "notes")


def _template(shorten: PathShortener) -> Any:
    """Return the template of all pages.

    Everything but our own style, script and charts is escaped, and no path is absolute.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shorten(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["drawn"] = lambda chart: Markup(chart.svg())
    script = (_WEB / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment.globals |= {
        "style": Markup((_WEB / "page.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        # The browser itself refuses every script but ours, and every address.
        "policy": Markup(
            f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    }
    return environment.get_template("page.html.j2")
