"""Files of recipes: which one a name stands for, what it extends, and keys that the command line sets otherwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import YamlFile, parse_yaml, parse_yaml_value
from mevqa.resources import resource_folder

#: Folders of recipes that are not of language models.
_KINDS = ("recognition", "spotting")


class RecipeContent(NamedTuple):
    """Content of a recipe's file, with the recipe it extends and with overrides, not validated yet.

    Attributes:
        content: The keys.
        files: The files that hold them.
    """

    content: Any
    files: list[YamlFile]


def read_content(name: str, overrides: Sequence[str]) -> RecipeContent:
    """Read the files of a recipe.

    Args:
        name: A YAML file, or the name of a shipped recipe.
        overrides: ``key=value`` each, nested keys with dots, lists with commas.

    Raises:
        InputError: A file cannot be read, or an override is not ``key=value``.
    """
    files = _with_bases(find_recipe(name))
    content: Any = {}
    for file in reversed(files):
        content = _extended(content, file.content)
    if not overrides or not isinstance(content, dict):
        return RecipeContent(content, files)
    problems = []
    for item in overrides:
        key, equals, value = item.partition("=")
        if not (key and equals):
            problems.append(Problem(item, "is not key=value, e.g. steps=200 or lora.rank=8"))
            continue
        try:
            _set(content, key.split("."), parse_yaml_value(value) if value else "")
        except ValueError as error:
            problems.append(Problem(item, f"cannot be set: {' '.join(str(error).split())}"))
    if problems:
        raise InputError(problems)
    return RecipeContent(content, [YamlFile(Path(f"{files[0].path} with {' '.join(overrides)}"), None, content)])


def _with_bases(path: Path) -> list[YamlFile]:
    """Return a recipe's file, the one that it extends, the one which that extends, and so on."""
    files = [parse_yaml(path)]
    while isinstance(files[-1].content, dict) and (name := files[-1].content.pop("extends", None)) is not None:
        extending, line = files[-1].path, files[-1].line_of("extends")
        if not isinstance(name, str):
            raise InputError([Problem(extending, "extends: must be the name of one recipe", line)])
        beside = [extending.parent / file for file in (name, f"{name}.yaml")]
        base = next((file for file in beside if os.path.isfile(file)), None) or _shipped(name)
        if base is None:
            message = (
                f"extends: there is no recipe {name!r} in its folder; shipped ones: {', '.join(shipped_recipes())}"
            )
            raise InputError([Problem(extending, message, line)])
        if any(base.samefile(file.path) for file in files):
            circle = " extends ".join(str(file) for file in (*(file.path for file in files), base))
            raise InputError([Problem(extending, f"extends: goes in a circle: {circle}", line)])
        files.append(parse_yaml(base))
        if not isinstance(files[-1].content, dict):
            raise InputError([Problem(base, f"is no recipe that {extending} can extend: it must hold keys", 1)])
    return files


def _extended(base: Any, extending: Any) -> Any:
    """Return a value of the base with that of the extending recipe: blocks are merged by key, all else is replaced."""
    if not isinstance(base, dict) or not isinstance(extending, dict):
        return extending
    return base | {key: _extended(base.get(key), value) for key, value in extending.items()}


def find_recipe(name: str) -> Path:
    """Return the file of a recipe.

    Raises:
        InputError: There is none of that name.
    """
    path = Path(name)
    if os.path.isfile(path):  # which takes a name that is too long for one that is not there
        return path
    shipped = _shipped(name)
    if shipped is None:
        raise InputError([Problem(path, f"there is no such recipe; shipped ones: {', '.join(shipped_recipes())}")])
    return shipped


def _shipped(name: str) -> Path | None:
    """Return the shipped recipe of that name, with or without its folder and ``.yaml``; None where there is none.

    Recipes that are not of language models have a folder of their kind, which may be left away where only one kind has
    a recipe of that name.
    """
    path = Path(name)
    # The names of models have dots: what follows the last one is no suffix.
    file_name = f"{path.name.removesuffix('.yaml')}.yaml"
    folders = {parent / kind: kind for kind in ("", *_KINDS) for parent in (Path("."), Path("finetune"))}
    if path.parent not in folders:
        return None
    base = resource_folder("finetune")
    if os.path.isfile(file := base / folders[path.parent] / file_name):
        return file
    others = [base / kind / file_name for kind in _KINDS] if not folders[path.parent] else []
    matches = [file for file in others if os.path.isfile(file)]
    return matches[0] if len(matches) == 1 else None


def shipped_recipes() -> list[str]:
    """Return the names of the shipped recipes, those of language models first."""
    folder = resource_folder("finetune")
    language_recipes = [file.stem for file in sorted(folder.glob("*.yaml"))]
    other_recipes = [f"{kind}/{file.stem}" for kind in _KINDS for file in sorted((folder / kind).glob("*.yaml"))]
    return language_recipes + other_recipes


def _set(content: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a nested key, making the mappings on the way."""
    for key in keys[:-1]:
        inner = content.get(key)
        if inner is None:
            inner = content[key] = {}
        if not isinstance(inner, dict):
            raise ValueError(f"{key} is a value, not a block")
        content = inner
    content[keys[-1]] = value
