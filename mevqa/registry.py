"""Things of one kind by name: views, samplers, spotters, decoders; a name is taken once, an unknown one gets advice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Generic, TypeVar

from mevqa.errors import InputError, Problem
from mevqa.suggestions import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name, in the order of their registration.

    Args:
        kind: Their kind, in one word for messages (``view``).
        option: The option by which a user names one.
        modules: Names that a module of this package registers when it is imported, which happens when they are asked
            for: for what needs a large library.
    """

    def __init__(self, kind: str, option: str, modules: Mapping[str, str] = MappingProxyType({})) -> None:
        self._kind = kind
        self._option = option
        self._modules = dict(modules)
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Make an entry known by a name.

        Raises:
            ValueError: The name is taken.
        """
        if name in self._entries:
            raise ValueError(f"a {self._kind} named {name!r} is registered already")
        self._entries[name] = entry

    @property
    def names(self) -> tuple[str, ...]:
        """All names, those of modules first."""
        return tuple(dict.fromkeys([*self._modules, *self._entries]))

    def find(self, name: str) -> T:
        """Return the entry of a name.

        Raises:
            InputError: Nothing is.
        """
        if name not in self.names:
            raise InputError(self.unknown([name]))
        if name not in self._entries:
            import_module(self._modules[name])
        return self._entries[name]

    def unknown(self, names: Iterable[str]) -> list[Problem]:
        """Return a problem for each name by which nothing is known."""
        return [
            Problem(self._option, f"unknown {self._kind} {name!r}; {did_you_mean(name, self.names)}")
            for name in names
            if name not in self.names
        ]
