"""The notebooks in examples/ run from their first cell to the last, and hold no outputs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def plain(source):
    """The Python of a cell: lines of the notebook's own (``%pip``, ``!ls``) do nothing here."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def run_cell(source, names):
    """Run a cell as a notebook does: what its last line is worth is shown, so that it must be worth something."""
    tree = ast.parse(plain(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return repr(eval(compile(ast.Expression(last.value), "cell", "eval"), names)) if last else ""


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["finetuning", "first_submission", "spotting"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    shown = [run_cell("".join(cell["source"]), names) for cell in cells(path) if cell["cell_type"] == "code"]
    assert sum(bool(text) for text in shown) >= 1
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_and_installs_only_where_mevqa_is_not(path):
    book = cells(path)
    code = [cell for cell in book if cell["cell_type"] == "code"]
    assert book[0]["cell_type"] == "markdown" and book[0]["source"][0].startswith("# ")
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    first = "".join(code[0]["source"])
    assert re.search(r'find_spec\("mevqa"\) is None:\n    %pip install', first)
    assert not any(re.search(r"^\s*[%!]", "".join(cell["source"]), re.MULTILINE) for cell in code[1:])
