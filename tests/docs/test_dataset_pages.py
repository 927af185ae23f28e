"""The pages of the data sets say what stands in the YAML of each, and every released data set has one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dataset_facts import PAGES, WITHOUT_PAGE, facts, page_facts  # noqa: E402
from page_runner import differences, run_page  # noqa: E402

from mevqa.datasets.registry import dataset_names  # noqa: E402

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md")) if path.stem != "index"}


def test_every_released_data_set_has_a_page_that_the_index_links():
    described = {page_facts(text)[0] for text in TEXTS.values()}
    assert described == set(dataset_names()) - {*WITHOUT_PAGE}
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    assert [stem for stem in TEXTS if f"({stem}.md)" not in index] == []


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_says_what_the_yaml_says(page):
    name, page_table = page_facts(TEXTS[page])
    assert page_table == facts(name), "write them anew: python tests/docs/dataset_facts.py"


def test_facts_follow_the_definition():
    assert "| frames a second | 200 |" in facts("casme2") and "29: 279" in facts("casme2")
    assert "at most 250 ms from onset to apex" in facts("casme3")
    assert "100; 25 where the name of the file has the word vis" in facts("smic")


@pytest.mark.parametrize("page", TEXTS)
def test_check_says_of_a_made_up_copy_what_the_page_shows(page, tmp_path):
    (tmp_path / "examples").mkdir()
    for path in (PAGES.parents[1] / "examples").glob("made_up_datasets.*"):
        shutil.copy(path, tmp_path / "examples")
    results = run_page(TEXTS[page], tmp_path)
    assert [command.words[0] for _, command, _ in results].count("mevqa") >= 1
    for _, command, printed in results:
        assert differences(list(command.shown), printed.splitlines()) == [], command.line
        assert set(command.shown) == set(printed.splitlines()), "files alone decide this: to the letter"
