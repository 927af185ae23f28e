"""The page about hardware holds the estimates of the guide to fine-tuning."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def estimates(text: str, *, cells: int) -> dict[str, tuple[str, str]]:
    """GPU memory and time of each recipe, from the last two of a row's cells."""
    rows = [row.strip("|").split("|") for row in re.findall(r"^\| `.+\|$", text, re.MULTILINE)]
    split = [[cell.strip() for cell in row] for row in rows if len(row) == cells]
    return {row[0]: (row[-2], row[-1]) for row in split if row[-2].endswith("GB, estimated")}


def test_memory_and_time_of_recipes():
    guide = estimates((ROOT / "finetune" / "README.md").read_text(encoding="utf-8"), cells=5)
    page = estimates((ROOT / "docs" / "start" / "hardware.md").read_text(encoding="utf-8"), cells=3)
    assert guide and page == guide
