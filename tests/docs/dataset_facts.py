"""Tables of facts on the pages of the data sets, made from the YAML of each and put between two comments of the page.

`python tests/docs/dataset_facts.py` writes them anew into all pages, after a YAML was changed; look at them and commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mevqa.datasets.definition import DatasetDefinition
from mevqa.datasets.label_layout import LabelLayout, Numbering
from mevqa.datasets.registry import datasets
from mevqa.facs import coarse_of

PAGES = Path(__file__).resolve().parents[2] / "docs" / "datasets"
_FACTS = re.compile(r"<!-- facts: (?P<name>\S+) -->\n(?P<facts>.*?)<!-- end of facts -->", re.DOTALL)
#: Data sets without a release, which have no page.
WITHOUT_PAGE = ("synthetic",)
_RULES = {
    "half-second": "at most 500 ms from onset to offset",
    "quarter-second-apex": "at most 250 ms from onset to apex",
}


def page_facts(text: str) -> tuple[str, str]:
    """Name of the data set that a page is about, and the tables of facts in the page."""
    match = _FACTS.search(text)
    assert match, "no <!-- facts: NAME --> ... <!-- end of facts -->"
    return match["name"], match["facts"]


def facts(name: str) -> str:
    """Tables of facts that the page of a data set must hold."""
    dataset = next(dataset for dataset in datasets() if dataset.name == name)
    parts = [_table(("", "what mevqa knows"), list(_definition_rows(dataset)))]
    for layout in dataset.labels:
        parts += [f"### Label file of {layout.title}", _table(("", "what the file has"), list(_label_file(layout)))]
        if mended := list(_mended(layout)):
            heading = ("where", "what is wrong", "what is read instead", "who says so")
            parts += [f"### Known mistakes in the label file of {layout.title}", _table(heading, mended)]
    return "\n" + "\n\n".join(parts) + "\n\n"


def _definition_rows(dataset: DatasetDefinition) -> Iterator[tuple[str, ...]]:
    yield (
        "name",
        f"`{dataset.name}`; also {', '.join(f'`{name}`' for name in dataset.aliases)}"
        if dataset.aliases
        else f"`{dataset.name}`",
    )
    if dataset.fps:
        yield "frames a second", f"{dataset.fps:g}"
    if dataset.classes:
        yield (
            "fine classes, the most frequent first",
            ", ".join(f"{fine} ({coarse_of(fine)})" for fine in dataset.classes),
        )
    else:
        yield "fine classes", "none; positive, negative, surprise are coded"
    if dataset.kind_rule:
        yield "micro-expression", f"{_RULES[dataset.kind_rule]} ({dataset.sources.get('kind_rule', '')})"
    if dataset.prior:
        for level in ("coarse", "fine"):
            if counts := getattr(dataset.prior.counts, level):
                frequencies = ", ".join(f"{label} {count}" for label, count in counts.items())
                yield f"{level} answers that were counted", f"{frequencies} ({dataset.prior.source})"
    yield "folders that are searched", "<br>".join(f"`{path}`" for path in dataset.clip_paths)


def _label_file(layout: LabelLayout) -> Iterator[tuple[str, ...]]:
    if layout.headerless:
        yield "columns, without a header", ", ".join(_field(name) for name in layout.headerless)
    else:
        others = [name for name in layout.columns if name not in layout.required]
        for what, names in (("known by its columns", layout.required), ("read where they are there", others)):
            if names:
                yield what, "<br>".join(f"{_field(name)}: {_spellings(layout.columns[name])}" for name in names)
    if layout.file_names:
        yield "names of the clips", f"as `{layout.file_names_example}`"
    if layout.fps_by_file:
        exceptions = ", ".join(
            f"{fps:g} where the name of the file has the word {word}" for word, fps in layout.fps_by_file.items()
        )
        yield "frames a second", f"{layout.fps:g}; {exceptions}"
    kinds = {**layout.kind_by_file}
    if "kind" in (*layout.columns, *layout.headerless):
        yield "micro or macro", "a column tells"
    else:
        exceptions = "".join(f"; {kind} where the name of the file has the word {word}" for word, kind in kinds.items())
        yield "micro or macro", f"all {layout.kind}{exceptions}"
    yield (
        "it is about",
        " and ".join(
            word
            for word, template in (("short clips", layout.names.clip), ("long videos", layout.names.video))
            if template
        ),
    )
    yield "frame numbers", _numbers(layout.numbering, "first" in layout.columns)


def _numbers(numbering: Numbering, by_row: bool) -> str:
    if numbering.names == "time":
        return "the time at which a frame was taken, as in its name; only folders of frames"
    names = "those in the names of the images"
    if by_row:
        return f"{names}; a column tells the first image of a clip"
    return (
        f"{names}; a video file begins with number {numbering.first}"
        if numbering.video
        else f"{names}; only folders of frames"
    )


def _mended(layout: LabelLayout) -> Iterator[tuple[str, ...]]:
    fixups = layout.fixups
    for entry in fixups.not_coded:
        yield (
            ", ".join(map(_field, entry.fields)),
            f"`{entry.text}` is no frame",
            "nothing: it is not coded",
            entry.source,
        )
    for entry in fixups.substitutions:
        less = f" or less than the {entry.below}" if entry.below else ""
        yield f"{entry.field} of `{entry.text}`{less}", entry.note, f"the {entry.read}", entry.source
    for entry in fixups.corrections:
        rows = ", ".join(f"{row}: {value}" for row, value in entry.rows.items())
        guards = [f"the {entry.missing} is missing" if entry.missing else "",
                  f"the cell has the word “{entry.contains}”" if entry.contains else "",
                  f"the file has {entry.file_rows} rows" if entry.file_rows else ""]  # fmt: skip
        where = f"{_field(entry.field)}, where {' and '.join(filter(None, guards))}"
        yield (
            where,
            entry.note,
            f"{len(entry.rows)} {'row' if len(entry.rows) == 1 else 'rows'}, counted from 0 below the header: {rows}",
            entry.source,
        )
    for entry in fixups.remarks:
        yield f"files not named {entry.unless_named}", entry.note, "the file as it is, with a note", entry.source


def _spellings(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


def _field(name: str) -> str:
    return name.replace("_", " ")


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _FACTS.search(text):
            name, page_table = page_facts(text)
            path.write_text(text.replace(page_table, facts(name)), encoding="utf-8")
