"""Spotters by name. A new one is a package beside ``motion`` and a line in ``_SHIPPED``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeVar, cast

from mevqa.errors import InputError, Problem
from mevqa.events import KINDS, Kind, Rule
from mevqa.registry import Registry
from mevqa.spotting.base import DEFAULT_SPOTTER, Fitted, SpotOptions, Spotter
from mevqa.spotting.features.folder import named_cache

S = TypeVar("S", bound=type[Spotter])

#: The module that registers each spotter of this package; imported when it is used, for some of them need torch.
_SHIPPED = {
    "motion": "mevqa.spotting.motion.spotter",
}

SPOTTERS: Registry[type[Spotter]] = Registry("spotter", "--spotter", _SHIPPED)


def register_spotter(name: str) -> Callable[[S], S]:
    """Make a subclass of ``Spotter`` known by a name.

    Args:
        name: What users write after ``--spotter``.

    Raises:
        ValueError: The name is taken.
    """

    def register(spotter: S) -> S:
        SPOTTERS.add(name, spotter)
        return spotter

    return register


def spotter_names() -> tuple[str, ...]:
    """Return the names of all spotters, the default first."""
    return SPOTTERS.names


def find_spotter(name: str) -> type[Spotter]:
    """Return a spotter's class.

    Raises:
        InputError: There is no such spotter.
    """
    return SPOTTERS.find(name)


def spot_options(
    kinds: str | Sequence[str] = KINDS,
    rule: Rule = "half-second",
    threshold: float | None = None,
    calibrator: Fitted | str | PathLike[str] | None = None,
    spotter: str = DEFAULT_SPOTTER,
    features: str | PathLike[str] | None = None,
) -> SpotOptions:
    """Return what is looked for.

    Args:
        kinds: Kinds to return, as a list or in one text with commas between them.
        rule: How micro- and macro-expressions are told apart.
        threshold: Least strength, in the spotter's own units.
        calibrator: What the spotter learned, or its file.
        spotter: Name of the spotter.
        features: Folder of the cache of motion records; None: ``MEVQA_FEATURES`` of the environment, or none.

    Raises:
        InputError: A kind or the threshold makes no sense, the spotter is unknown, or its file cannot be read.
    """
    system = find_spotter(spotter)
    folder = named_cache(None if features is None else Path(features))
    if isinstance(calibrator, str | PathLike):
        calibrator = system.load(Path(calibrator))
    listed = kinds.split(",") if isinstance(kinds, str) else kinds
    names = tuple(name.strip() for name in listed if name.strip())
    try:
        return SpotOptions(
            cast("tuple[Kind, ...]", names), rule, threshold, calibrator, spotter=spotter, features=folder
        )
    except ValueError as error:
        option = "--threshold" if "threshold" in str(error) else "--kinds"
        raise InputError([Problem(option, str(error))]) from error
