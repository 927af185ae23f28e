"""Recognisers by name. A new one is a module with a subclass of ``Recogniser`` and a line in ``_SHIPPED``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mevqa.recognition.base import Recogniser
from mevqa.registry import Registry

R = TypeVar("R", bound=type[Recogniser])

#: The module that registers each recogniser of this package; imported when it is used.
_SHIPPED = {
    "mean": "mevqa.recognition.mean.recogniser",
    "child-lbp": "mevqa.recognition.child.texture",
    "child-cnn": "mevqa.recognition.child.apex",
    "child-graph": "mevqa.recognition.child.graph",
}

RECOGNISERS: Registry[type[Recogniser]] = Registry("recogniser", "recogniser", _SHIPPED)


def register_recogniser(name: str) -> Callable[[R], R]:
    """Make a subclass of ``Recogniser`` known by a name.

    Args:
        name: What users write in a recipe (``recogniser: NAME``) and before the folder of its weights (``NAME:DIR``).

    Raises:
        ValueError: The name is taken.
    """

    def register(recogniser: R) -> R:
        RECOGNISERS.add(name, recogniser)
        return recogniser

    return register


def recogniser_names() -> tuple[str, ...]:
    """Return the names of all recognisers."""
    return RECOGNISERS.names


def find_recogniser(name: str) -> type[Recogniser]:
    """Return a recogniser's class.

    Raises:
        InputError: There is no such recogniser.
    """
    return RECOGNISERS.find(name)
