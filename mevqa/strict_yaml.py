"""YAML read strictly: safe loading, no duplicate and no unknown keys, every error with its line and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mevqa.errors import InputError, Problem

#: libyaml's safe loader is ten times as fast as the one in Python; both build plain values only.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StrictModel(BaseModel):
    """Base of every schema: unknown keys are errors and instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Schema = TypeVar("Schema", bound=BaseModel)


def read_yaml(path: Path, schema: type[Schema]) -> Schema:
    """Read a YAML file into ``schema``.

    Args:
        path: The file.
        schema: A pydantic model, usually a ``StrictModel``.

    Raises:
        InputError: The file is missing, is not YAML, or does not fit the schema; every misfit with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(path, f"cannot be read: {error}")]) from error
    try:
        tree = yaml.compose(text, Loader=_LOADER)
        content = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise InputError([Problem(path, f"is not valid YAML: {getattr(error, 'problem', error)}", line)]) from error
    problems = [Problem(path, f"the key {key!r} stands twice", line) for key, line in _doubled_keys(tree)]
    if problems:
        raise InputError(problems)
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise InputError(describe(path, tree, content, schema, error)) from error


def _doubled_keys(node: yaml.Node | None) -> list[tuple[str, int]]:
    """Return every key that occurs twice in its mapping, with its 1-based line."""
    if isinstance(node, yaml.SequenceNode):
        return [found for child in node.value for found in _doubled_keys(child)]
    if not isinstance(node, yaml.MappingNode):
        return []
    found: list[tuple[str, int]] = []
    seen: set[str] = set()
    for key, value in node.value:
        if str(key.value) in seen:
            found.append((str(key.value), key.start_mark.line + 1))
        seen.add(str(key.value))
        found.extend(_doubled_keys(value))
    return found


def describe(
    path: Path, tree: yaml.Node | None, content: Any, schema: type[BaseModel], error: ValidationError
) -> list[Problem]:
    """Turn pydantic's errors into problems with line numbers and did-you-mean suggestions."""
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        location = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
        where = ".".join(str(part) for part in location)
        if item["type"] == "extra_forbidden":
            names = _sibling_names(schema, location[:-1])
            close = difflib.get_close_matches(str(location[-1]), names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(names)}"
            message = f"unknown key {where!r}; {hint}"
        elif where:
            message = f"{where}: {item['msg'].removeprefix('Value error, ')}"
        else:
            message = item["msg"].removeprefix("Value error, ")
        problems.append(Problem(path, message, _line_of(tree, location)))
    return problems


def _sibling_names(schema: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that the schema knows at ``location``."""
    current: Any = schema
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        # Unwrap tuple[Part, ...], dict[str, Part] and Part | None down to the model inside.
        while not (isinstance(current, type) and issubclass(current, BaseModel)):
            inner = [a for a in getattr(current, "__args__", ()) if a not in (type(None), Ellipsis)]
            if not inner:
                return []
            current = inner[-1]
    return list(current.model_fields)


def _line_of(node: yaml.Node | None, location: Sequence[str | int]) -> int | None:
    """Return the 1-based line of the value at ``location``, or of the nearest parent that exists."""
    if node is None:
        return None
    line = node.start_mark.line + 1
    for part in location:
        following = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if str(key.value) == str(part):
                    line, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            following = node.value[part]
            line = following.start_mark.line + 1
        if following is None:
            break
        node = following
    return line
