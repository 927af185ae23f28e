"""Tables of texts, written for the terminal, as Markdown and as LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.safe_text import visible

#: Where the header of a table is broken; the table itself is as wide as it is.
_LINE = 110


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts.

    Attributes:
        title: Its heading.
        columns: Headings; the first column names the row.
        rows: As many cells a row as columns.
        switches: Settings that decided the numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    switches: str = ""

    def __post_init__(self) -> None:
        """Bring each cell to one line: names with line feeds would end a row of Markdown or LaTeX."""
        object.__setattr__(self, "columns", tuple(map(_one_line, self.columns)))
        object.__setattr__(self, "rows", tuple(tuple(map(_one_line, row)) for row in self.rows))

    @property
    def header(self) -> str:
        """The title and the switches that decided the numbers."""
        return f"{self.title} ({self.switches})" if self.switches else self.title


def as_text(table: Table) -> str:
    """Return a table for the terminal, its columns aligned and never cut off; letters of East Asia count double."""
    from rich.cells import cell_len

    rows = [table.columns, *table.rows]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        room = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0] + room[0], *map("".join, zip(room[1:], row[1:], strict=True))]).rstrip())
    header = textwrap.wrap(table.header, _LINE, break_on_hyphens=False)
    return "\n".join([*header, lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def as_markdown(tables: Sequence[Table], captions: Sequence[str]) -> str:
    """Return GitHub tables under their titles, the captions first."""
    # Captions are sentences of ours about names of others: neither HTML nor links.
    parts = [_one_line(caption).replace("<", "\\<").replace("](", "]\\(") for caption in captions]
    for table in tables:
        head, *rows = ["| " + " | ".join(map(_in_markdown, row)) + " |" for row in (table.columns, *table.rows)]
        line = "| --- |" + " ---: |" * (len(table.columns) - 1)
        parts.append("\n".join([f"**{_in_markdown(table.header)}**", "", head, line, *rows]))
    return "\n\n".join(parts) + "\n"


def as_latex(tables: Sequence[Table], captions: Sequence[str]) -> str:
    """Return booktabs tables; the switches stand in each caption."""
    parts = ["% needs \\usepackage{booktabs}"]
    for table in tables:
        caption = _in_latex(_one_line(f"{table.header}. {' '.join(captions)}"))
        head, *rows = [" & ".join(map(_in_latex, row)) + r" \\" for row in (table.columns, *table.rows)]
        lines = ["\\begin{table}", "\\centering", f"\\caption{{{caption}}}"]
        lines += [f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}", "\\toprule", head, "\\midrule", *rows]
        parts.append("\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}"]))
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    return visible(" ".join(text.splitlines()).replace("\t", " "))


def _in_markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\|*_`<>[]#" else sign for sign in text)


def _in_latex(text: str) -> str:
    signs = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(signs.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)
