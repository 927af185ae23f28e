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
from mevqa.spotting.weights_folder import system_of

S = TypeVar("S", bound=type[Spotter])

#: The module that registers each spotter of this package; imported when it is used, for some of them need torch.
_SHIPPED = {
    "motion": "mevqa.spotting.motion.spotter",
    "me-tst": "mevqa.spotting.me_tst.spotter",
    "me-tst-plus": "mevqa.spotting.me_tst_plus.spotter",
    "boosting-vrme": "mevqa.spotting.boosting_vrme.spotter",
    "pesformer": "mevqa.spotting.pesformer.spotter",
    "causal-ex": "mevqa.spotting.causal_ex.spotter",
    "meldae": "mevqa.spotting.meldae.spotter",
    "mean": "mevqa.spotting.mean.spotter",
    "child-lbp": "mevqa.spotting.child.texture",
    "child-cnn": "mevqa.spotting.child.apex",
    "child-graph": "mevqa.spotting.child.graph",
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
        spotter.name = name
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
    spotter: str | None = None,
    features: str | PathLike[str] | None = None,
    weights: str | PathLike[str] | None = None,
) -> SpotOptions:
    """Return the options of spotting; a calibrator or weights that are named by a path are read.

    Args:
        kinds: Kinds to return, as a list or in one text with commas between them.
        rule: How micro- and macro-expressions are told apart.
        threshold: Least strength, in the spotter's own units.
        calibrator: What the spotter learned, or its file.
        spotter: Name of the spotter; None: that of the weights, or the default one.
        features: Folder of the cache of motion records; None: ``MEVQA_FEATURES`` of the environment, or none.
        weights: Folder of trained weights, in the place of a calibrator.

    Raises:
        InputError: A kind or the threshold makes no sense, the spotter is unknown, or its file cannot be read.
    """
    spotter = spotter or (DEFAULT_SPOTTER if weights is None else system_of(Path(weights)))
    system = find_spotter(spotter)
    folder = named_cache(None if features is None else Path(features))
    learned = _learned(system, spotter, calibrator, weights)
    listed = kinds.split(",") if isinstance(kinds, str) else kinds
    names = tuple(name.strip() for name in listed if name.strip())
    try:
        return SpotOptions(cast("tuple[Kind, ...]", names), rule, threshold, learned, spotter=spotter, features=folder)
    except ValueError as error:
        option = "--threshold" if "threshold" in str(error) else "--kinds"
        raise InputError([Problem(option, str(error))]) from error


def _learned(
    system: type[Spotter],
    name: str,
    calibrator: Fitted | str | PathLike[str] | None,
    weights: str | PathLike[str] | None,
) -> Fitted | None:
    """Return what the spotter learned.

    Raises:
        InputError: It cannot be read, is missing, or is of another kind than this spotter learns.
    """
    problems = []
    if weights is not None and calibrator is not None:
        problems.append(Problem("--weights", "a spotter has weights or a calibrator, not both; leave one away"))
    elif weights is not None and not system.has_weights:
        problems.append(
            Problem("--weights", f"the spotter {name} has none; leave --spotter away, the folder names its own")
        )
    elif isinstance(calibrator, str | PathLike) and system.has_weights:
        problems.append(Problem("--calibrator", f"the spotter {name} has a folder of weights: --weights DIR"))
    elif system.has_weights and weights is None and calibrator is None:
        problems.append(Problem("--spotter", f"{name} needs the folder that mevqa finetune made: --weights DIR"))
    if problems:
        raise InputError(problems)
    if weights is not None:
        return system.load(Path(weights))
    return system.load(Path(calibrator)) if isinstance(calibrator, str | PathLike) else calibrator
