"""The pages of the published systems show the figures of the comparison, and every system has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mevqa.recognition.registry import recogniser_names
from mevqa.spotting.registry import spotter_names

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "systems").glob("*.md"))}
ROW = re.compile(r"^\| .*\|$", re.MULTILINE)


def tables(text: str) -> list[list[str]]:
    """The cells of all rows of tables, without the lines below headings."""
    rows = [[cell.strip() for cell in row[0].strip("|").split("|")] for row in ROW.finditer(text)]
    return [row for row in rows if not set(row[0]) <= set("-: ") or row[0] == ""]


def by_system(rows: list[list[str]]) -> dict[str, list[str]]:
    return {name[1]: row for row in rows if (name := re.match(r"`([\w-]+)`", row[0]))}


#: Row of each system in the comparison, and the headings of its columns.
PUBLISHED = tables((DOCS / "spotting" / "published.md").read_text(encoding="utf-8"))
HEADINGS = next(row for row in PUBLISHED if row[0] == "system")
COMPARED = by_system(PUBLISHED)


def figures(text: str) -> dict[str, list[str]]:
    """The row of each system on its own page, where the table of figures stands turned."""
    after = text.split("## Measured here")[1:]
    rows = tables(after[0].split("\n## ")[0]) if after else []
    assert not rows or [row[0] for row in rows[1:]] == HEADINGS[1:]
    return by_system([list(column) for column in zip(*rows, strict=True)][1:])


def test_every_system_has_a_page_that_the_index_links():
    index = TEXTS["index"]
    assert [stem for stem in TEXTS if stem != "index" and f"({stem}.md)" not in index] == []
    assert {*spotter_names(), *recogniser_names()} == set(COMPARED)


@pytest.mark.parametrize("page", [stem for stem in TEXTS if stem != "index"])
def test_a_page_shows_the_row_of_the_comparison(page):
    page_figures = figures(TEXTS[page])
    assert page_figures == {name: COMPARED[name] for name in page_figures}
    assert page_figures or page == "physiology", "no figures"


def test_the_readme_shows_the_same_figures():
    rows = tables((DOCS.parent / "README.md").read_text(encoding="utf-8"))
    readme_rows = {name[1]: row for row in rows if (name := re.match(r"\[([\w-]+)\]\(docs/systems/", row[0]))}
    assert readme_rows.pop("mmme")[3] == "" and list(readme_rows) == list(COMPARED)  # It goes with any of them.
    for name, row in readme_rows.items():
        assert row[2] == COMPARED[name][1] and row[3] == COMPARED[name][2].split()[0], name


def test_every_compared_system_stands_on_one_page():
    systems = sorted(name for text in TEXTS.values() for name in figures(text))
    assert systems == sorted(COMPARED)


def test_every_page_names_its_paper_our_changes_and_known_weaknesses():
    for stem, text in TEXTS.items():
        if stem != "index":
            assert re.search(r"^## What is the (paper|field)'s, and what is ours$", text, re.MULTILINE), stem
            assert "## Known weaknesses" in text and "**Paper:**" in text, stem
