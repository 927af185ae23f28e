"""Made-up label files and clips; lets the tests of this folder import the modules beside them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

Rows = Sequence[Sequence[object]]


def _save_xlsx(path: Path, sheets: Mapping[str, Rows]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    book.save(path)


def _save_xls(path: Path, sheets: Mapping[str, Rows]) -> None:
    import xlwt

    book = xlwt.Workbook()
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if cell is not None:
                    page.write(i, j, cell)
    book.save(str(path))


def _save_csv(path: Path, sheets: Mapping[str, Rows]) -> None:
    (rows,) = sheets.values()
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(["" if cell is None else cell for cell in row] for row in rows)


@pytest.fixture
def save_table(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a label file; the suffix of the name says which kind."""

    def save(name: str, *rows: Sequence[object], **other_sheets: Rows) -> Path:
        path = tmp_path / name
        {".xlsx": _save_xlsx, ".xls": _save_xls, ".csv": _save_csv}[path.suffix](path, {**other_sheets, "labels": rows})
        return path

    return save


@pytest.fixture
def save_frames() -> Callable[..., Path]:
    """Write small grey frames under the given names."""

    def save(folder: Path, *names: str) -> Path:
        folder.mkdir(parents=True)
        for place, name in enumerate(names):
            Image.fromarray(np.full((8, 8), place % 256, np.uint8)).save(folder / name)
        return folder

    return save
