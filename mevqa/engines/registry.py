"""Engines by name."""

from __future__ import annotations

from mevqa.engines.base import Engine
from mevqa.engines.local import LocalEngine
from mevqa.engines.ray_engine import RayEngine
from mevqa.errors import InputError, Problem
from mevqa.suggestions import did_you_mean

_ENGINES: dict[str, type[LocalEngine] | type[RayEngine]] = {"local": LocalEngine, "ray": RayEngine}

#: Values of ``--engine``; the first is the default.
ENGINE_NAMES = tuple(_ENGINES)


def find_engine(name: str, workers: int) -> Engine:
    """Return an engine.

    Args:
        name: One of ``ENGINE_NAMES``.
        workers: Processes at once.

    Raises:
        InputError: There is none of that name, or what it needs is not installed.
    """
    return _ENGINES[known_engine(name)](workers)


def known_engine(name: str) -> str:
    """Return the name of an engine.

    Raises:
        InputError: There is none of that name.
    """
    if name not in _ENGINES:
        raise InputError([Problem("--engine", f"there is no engine {name!r}; {did_you_mean(name, list(_ENGINES))}")])
    return name
