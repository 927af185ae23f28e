"""Files, folders and functions stay small enough to be read in one go (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_OF_A_FILE, MODULES_OF_A_FOLDER, LINES_OF_A_FUNCTION = 400, 16, 60


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_files_are_short():
    lengths = {path: path.read_bytes().count(b"\n") for path in python_files("mevqa", "tests", "examples")}
    assert len(lengths) > 1000
    assert {path: lines for path, lines in lengths.items() if lines > LINES_OF_A_FILE} == {}


def test_folders_hold_few_modules():
    modules = Counter(path.parent for path in python_files("mevqa") if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > MODULES_OF_A_FOLDER} == {}


def test_functions_are_short():
    long = {}
    for path in python_files("mevqa"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > LINES_OF_A_FUNCTION:
                long[f"{path}:{node.lineno}"] = body_lines(node)
    assert long == {}
