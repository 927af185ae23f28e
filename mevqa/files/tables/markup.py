"""Tables in HTML and in the XML of old spreadsheet programs, which statistics programs save under the suffix xls."""

from __future__ import annotations

from html.parser import HTMLParser

from mevqa.files.tables.workbook import Grid, Merge, fill_merged

_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
#: Widest cell that HTML allows (``colspan``).
_MOST_COLUMNS = 1000


def is_markup(text: str) -> bool:
    """Whether a text is HTML or XML with a table in it."""
    start = text[:100_000].lower()
    return start.lstrip().startswith("<") and any(mark in start for mark in ("<table", "<workbook", ":workbook"))


def read_markup(text: str) -> list[tuple[str, Grid]]:
    """Return the name and the cells of every table: ``<table>`` of HTML, ``<Worksheet>`` of SpreadsheetML 2003.

    Args:
        text: The file.
    """
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    return [(name, fill_merged(grid, merges)) for name, grid, merges in parser.tables if grid]


class _TableParser(HTMLParser):
    """Gathers the cells of the tables of a text; row and column are 1-based."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[str, Grid, list[Merge]]] = []
        self._row = self._column = 0
        self._cell: list[str] | None = None
        #: Last row that a cell above takes, by column.
        self._taken: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        values = {key.rpartition(":")[2]: value or "" for key, value in attrs}
        if name in ("table", "worksheet"):
            if name == "worksheet" or not self.tables or self.tables[-1][1]:
                self.tables.append((values.get("name", f"table {len(self.tables) + 1}"), {}, []))
            self._row = self._column = 0
            self._taken = {}
        elif name in _ROWS and self.tables:
            self._end_cell()
            self._row = _number(values.get("index"), self._row + 1)
            self._column = 0
        elif name in _CELLS and self.tables:
            self._end_cell()
            self._start_cell(values)
        elif name == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag.rpartition(":")[2] in _CELLS | _ROWS | {"table"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _start_cell(self, values: dict[str, str]) -> None:
        self._row = max(self._row, 1)
        column = _number(values.get("index"), self._column + 1)
        while self._taken.get(column, 0) >= self._row:
            column += 1
        wide = _number(values.get("colspan"), _number(values.get("mergeacross"), 0) + 1)
        high = _number(values.get("rowspan"), _number(values.get("mergedown"), 0) + 1)
        wide, high = max(1, min(wide, _MOST_COLUMNS)), max(1, min(high, 1 << 16))
        if high > 1:
            self.tables[-1][2].append((self._row, self._row + high - 1, column, column + wide - 1))
            # SpreadsheetML tells the column of a cell beside merged ones itself.
            if "rowspan" in values:
                self._taken[column] = self._row + high - 1
        self._first, self._column, self._cell = column, column + wide - 1, []

    def _end_cell(self) -> None:
        text = " ".join("".join(self._cell or ()).split())
        if text:
            self.tables[-1][1].setdefault(self._row, {})[self._first] = text
        self._cell = None


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 8 else otherwise
