"""Names of variables and parameters say what a value is (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Names that could stand for anything: what they hold has a noun (answer, event, prediction, unknown_ids, matches).
VAGUE = {"told", "said", "found", "one", "ones", "stranger", "strangers"}


def vague_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of every variable, parameter, function and class with a name that says nothing."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                pass
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                pass
            case _:
                continue
        if name.strip("_") in VAGUE:
            yield node.lineno, name


@pytest.mark.parametrize(
    "code", ["told = 1", "[one for one in range(3)]", "def f(said): ...", "def _found(): ...", "for one in x: ..."]
)
def test_a_vague_name_is_noticed(code: str):
    assert list(vague_names(ast.parse(code)))


def test_names_say_what_a_value_is():
    vague = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for folder in ("mevqa", "tests", "examples")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in vague_names(ast.parse(path.read_text("utf-8")))
    ]
    assert vague == []
