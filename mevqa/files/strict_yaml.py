"""YAML read strictly: safe loading, no duplicate and no unknown keys, every error with its line and a suggestion."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.system_errors import unreadable

_log = logging.getLogger(__name__)

#: libyaml's safe loader is ten times as fast as the one in Python; both build plain values only.
_FASTEST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Bounds of files of settings, which may come from other people: bytes, depth, nodes with all aliases written out.
_MOST_BYTES = 1 << 20
_DEEPEST = 64
_MOST_NODES = 1_000_000
#: Longest whole number that reaches a schema, in bits: it fits a float and can be printed.
_MOST_BITS = 512
#: Mistakes that are described; one that repeats in every line of a file is understood from fewer.
_MOST_PROBLEMS = 100


class StrictModel(BaseModel):
    """Base of every schema: unknown keys and numbers that are none are errors, and instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Schema = TypeVar("Schema", bound=BaseModel)


class YamlFile(NamedTuple):
    """A YAML file that is not held to a schema yet.

    Attributes:
        path: The file.
        tree: Its nodes, which know their lines; None where there are none.
        content: Its value.
    """

    path: Path
    tree: yaml.Node | None
    content: Any

    def line_of(self, *location: str | int) -> int | None:
        """Return the 1-based line of the value at ``location``, or of the nearest parent that exists."""
        return _find_line(self.tree, location)[1]


def read_yaml(path: Path, schema: type[Schema]) -> Schema:
    """Read a YAML file into ``schema``.

    Args:
        path: The file.
        schema: A pydantic model, usually a ``StrictModel``.

    Raises:
        InputError: The file is missing, is not YAML, or does not fit the schema; every misfit with its line.
    """
    _log.debug("read %s", path)
    file = parse_yaml(path)
    return validate(file.content, schema, [file])


def parse_yaml(path: Path) -> YamlFile:
    """Read a YAML file without a schema.

    Raises:
        InputError: The file is missing, is not YAML, or holds a key twice.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            most = f"{_MOST_BYTES >> 20} MB, the most that a file of settings may have"
            raise InputError([Problem(path, f"is larger than {most}")])
        text = read_file(path).decode("utf-8")
    except OSError as error:
        raise InputError([Problem(path, unreadable(error))]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(path, f"cannot be read: it is not UTF-8 at byte {error.start + 1}")]) from error
    try:
        tree, content = _parse(text)
    except _NotYaml as error:
        raise InputError([Problem(path, f"is not valid YAML: {error}", error.line)]) from error
    problems = [Problem(path, f"the key {key!r} stands twice", line) for key, line in _doubled_keys(tree)]
    if problems:
        raise InputError(problems)
    return YamlFile(path, tree, content)


def validate(content: Any, schema: type[Schema], files: Sequence[YamlFile]) -> Schema:
    """Validate the content of files against ``schema`` and return the instance.

    Args:
        content: Their merged content.
        schema: A pydantic model.
        files: The files. A misfit is reported in the first of those in which the most of its location stands.

    Raises:
        InputError: It does not fit the schema; every misfit with its file and line.
    """
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise InputError(describe(files, schema, error)) from error


def parse_yaml_value(text: str) -> Any:
    """Return the value that a word of the command line has as YAML.

    Raises:
        ValueError: It is not YAML; one line.
    """
    return _parse(text)[1]


class _NotYaml(ValueError):
    """Text that is not YAML, or more than a file of settings can hold.

    Attributes:
        line: 1-based line at fault, None where it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(" ".join(message.split()))


class _Loader(_FASTEST):  # type: ignore[misc, valid-type]
    """Reads plain values and no dates; a value that its tag cannot hold is an error with its line."""

    yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _FASTEST.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
            # In other bases than ten Python reads a whole number of any length, but cannot write it as decimals.
            if isinstance(value, int) and value.bit_length() > _MOST_BITS:
                raise ValueError("too long")
            return value
        except _NotYaml:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            # PyYAML lets through Python's errors on !!int "", !!bool x, !!timestamp x or a number of 5,000 digits.
            kind = node.tag.rpartition(":")[2]
            raise _NotYaml(f"{str(node.value)[:40]!r} is not a valid {kind}", _line(node)) from error


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes of a document and its value; no value where a key stands twice."""
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        if tree is None:
            return None, None
        _measure(tree, {})
        return tree, None if _doubled_keys(tree) else loader.construct_document(tree)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or error)
        raise _NotYaml(reason, mark.line + 1 if mark is not None else None) from error
    except RecursionError as error:
        raise _NotYaml("it nests too deeply") from error


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _measure(node: yaml.Node, measured: dict[int, tuple[int, int]], depth: int = 0) -> tuple[int, int]:
    """Return height and number of the nodes from one on, as if all aliases were written out; each is visited once.

    Args:
        node: The node.
        measured: Height and number of nodes that were visited, by ``id``.
        depth: How deep it stands; an alias inside what it stands for is deeper than any file.

    Raises:
        _NotYaml: There are too many, or they stand too deep.
    """
    if id(node) not in measured:
        if depth > _DEEPEST:
            raise _NotYaml("it nests too deeply", _line(node))
        inner = [_measure(child, measured, depth + 1) for child in _children(node)]
        measured[id(node)] = 1 + max((high for high, _ in inner), default=0), 1 + sum(count for _, count in inner)
    high, count = measured[id(node)]
    if high > _DEEPEST:
        raise _NotYaml("it nests too deeply", _line(node))
    if count > _MOST_NODES:
        raise _NotYaml(f"its aliases expand to more than {_MOST_NODES:,} values", _line(node))
    return high, count


def _doubled_keys(tree: yaml.Node | None) -> list[tuple[str, int]]:
    """Return every key that occurs twice in its mapping, with its 1-based line."""
    doubled: list[tuple[str, int]] = []
    left, visited = [tree] if tree is not None else [], set[int]()
    while left:
        node = left.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        left.extend(_children(node))
        seen_keys: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen_keys:
                    doubled.append((key.value, _line(key)))
                seen_keys.add(key.value)
    return sorted(doubled, key=lambda item: item[1])


def describe(files: Sequence[YamlFile], schema: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Turn pydantic's errors into problems with files, line numbers and did-you-mean suggestions."""
    problems = []
    for item in error.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]:
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
        file = max(files, key=lambda yaml_file: _find_line(yaml_file.tree, location)[0])
        problems.append(Problem(file.path, message, file.line_of(*location)))
    return problems


def _sibling_names(schema: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that the schema knows at ``location``."""
    current: Any = schema
    for part in location:
        if _is_model(current) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        # Unwrap tuple[Part, ...], dict[str, Part] and Part | None down to the model inside.
        while not _is_model(current):
            inner = [a for a in getattr(current, "__args__", ()) if a not in (type(None), Ellipsis)]
            if not inner:
                return []
            current = inner[-1]
    return list(current.model_fields)


def _is_model(kind: Any) -> bool:
    # In Python 3.10 dict[str, X] passes for a class, and issubclass refuses it.
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def _find_line(node: yaml.Node | None, location: Sequence[str | int]) -> tuple[int, int | None]:
    """Return how many parts of ``location`` exist, and the 1-based line of the last that does."""
    if node is None:
        return 0, None
    line = _line(node)
    for depth, part in enumerate(location):
        following = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if str(key.value) == str(part):
                    line, following = _line(key), value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            following = node.value[part]
            line = _line(following)
        if following is None:
            return depth, line
        node = following
    return len(location), line
