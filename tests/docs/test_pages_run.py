"""Every command and every block of Python of the documents runs, and prints what the pages show."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from blocks import RUN, read_blocks
from page_runner import demo_commands, differences, form, prepare, run_page

ROOT = Path(__file__).resolve().parents[2]
PATHS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_BLOCKS = [path for path in PATHS
               if any(block.language in RUN and not block.not_run
                      for block in read_blocks(path.read_text(encoding="utf-8")))]  # fmt: skip


#: Pages of the main job, which every run of the tests goes through; the others take a few minutes together and are run
#: before a release, with MEVQA_ALL_PAGES=1.
MAIN = ("README", "start/first-submission", "answering/ask", "answering/check", "answering/eval", "scoring/score",
        "scoring/submit", "python/library", "tools/list")  # fmt: skip


def _left_out(path: Path) -> bool:
    return not os.environ.get("MEVQA_ALL_PAGES") and not any(path.as_posix().endswith(f"{name}.md") for name in MAIN)


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_BLOCKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_runs_and_prints_what_it_shows(path, made_once, tmp_path, monkeypatch):
    if _left_out(path):
        pytest.skip("MEVQA_ALL_PAGES=1 runs it")
    prepare(tmp_path, made_once)
    monkeypatch.setenv("MEVQA_VIEWS", str(made_once / "views"))
    monkeypatch.setenv("MEVQA_FEATURES", str(made_once / "features"))
    problems = []
    for block, command, printed in run_page(path.read_text(encoding="utf-8"), tmp_path, made_once):
        shown = list(command.shown) if command else (block.printed or "...").splitlines()
        if block.language == "bash":
            continue
        problems += [f"{block.line}: {command.line if command else 'python'}: {line}"
                  for line in differences(shown, printed.splitlines())]  # fmt: skip
    assert problems == []


@pytest.mark.slow
def test_the_demo_prints_what_the_page_shows(made_once):
    printed = json.loads((made_once / "demo.json").read_text(encoding="utf-8"))
    assert len(printed) == 5
    for command in demo_commands():
        lines = [line for line in command.shown if not line.startswith("done in ")]
        assert differences(lines, printed[command.line].splitlines()) == [], command.line


def test_a_line_that_was_not_printed_is_reported():
    assert differences(["a 1.5 b", "...", "end"], ["a 0.3 b", "x", "y", "end"]) == []
    assert differences(["a", "---", "b"], ["a", "-----", "", "b"]) == []
    assert differences(["a", "b"], ["a", "c", "b"]) == ["b"]
    assert differences(["a"], ["a", "c"]) == ["not shown: c"]
    assert differences(["a", "..."], ["a", "c"]) == []
    assert form("nano   156/156   1.000 [.8, 1.0]") == form("nano 6/6  .750 [.1, .25]")


def test_a_block_that_cannot_run_must_say_so(tmp_path):
    with pytest.raises(AssertionError, match="not run"):
        run_page("```bash\npip install torch\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 2"):
        run_page("```console\n$ mevqa check nowhere.jsonl\n```\n", tmp_path)
    assert run_page("<!-- not run: needs a network -->\n```bash\npip install torch\n```\n", tmp_path) == []
