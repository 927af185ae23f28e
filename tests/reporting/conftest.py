"""Lets the tests of this folder import what stands beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from browser import browser  # noqa: E402, F401
from hostile_runs import two_runs  # noqa: E402


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs about the same six clips of three subjects; the second is wrong more often."""
    return two_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def svg_charts_only() -> Iterator[None]:
    """Charts are drawn as SVG alone, for tests that look at the page: PDF and PNG take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mevqa.reporting.charts.chart._pdf_of", lambda figure, title: b"%PDF")
        patch.setattr("mevqa.reporting.charts.chart._picture_of", lambda figure, pixels: Image.new("RGB", (1, 1)))
        yield
