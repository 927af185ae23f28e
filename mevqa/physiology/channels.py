"""Channels of a recording: modality by name, values converted to the toolkit's unit."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.physiology.types import MODALITIES, Channel, Modality
from mevqa.suggestions import did_you_mean

_TABLE = Path(__file__).with_name("channels.yaml")
#: A unit behind the name of a column: ``eda (uS)`` or ``eda [uS]``.
_UNIT = re.compile(r"\s*[(\[]([^)\]]*)[)\]]\s*$")


class _Unit(StrictModel):
    kept: str
    known: dict[str, tuple[float, float]]


class _Table(StrictModel):
    modalities: dict[Modality, tuple[str, ...]]
    digital: tuple[str, ...]
    units: dict[Modality, _Unit]


@functools.cache
def _table() -> _Table:
    return read_yaml(_TABLE, _Table)


def _has_word(name: str, words: Sequence[str]) -> bool:
    text = " ".join(re.split(r"[\s_.\-]+", name.casefold()))
    return any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) for word in words)


def modality_of(name: str) -> Modality | None:
    """Return the modality of a channel by its name, None where the name does not tell."""
    return next((modality for modality, words in _table().modalities.items() if _has_word(name, words)), None)


def is_digital(name: str) -> bool:
    """Whether a channel of this name is a line of triggers."""
    return _has_word(name, _table().digital)


def split_unit(heading: str) -> tuple[str, str]:
    """Return name and unit of a heading such as ``eda (uS)``; the unit is empty where there is none."""
    unit = _UNIT.search(heading)
    return (heading[: unit.start()].strip(), unit[1].strip()) if unit else (heading.strip(), "")


def make_channel(
    name: str, modality: Modality, rate: float, unit: str, values: NDArray[np.floating], start: float = 0.0
) -> tuple[Channel, str | None]:
    """Return a channel converted to the unit of its modality, and a note where its unit had to be assumed.

    Raises:
        ValueError: The unit is none of the modality's; one line.
    """
    units = _table().units.get(modality)
    if units is None:
        return Channel(name, modality, rate, unit, values, start), None
    if not unit.strip():
        note = f"the channel {name!r} has no unit: {units.kept} is assumed"
        return Channel(name, modality, rate, units.kept, values, start), note
    spelling = " ".join(unit.casefold().split())
    if spelling not in units.known:
        hint = did_you_mean(unit, list(units.known))
        raise ValueError(f"the channel {name!r} is in {unit!r}, which is no unit of {modality.upper()}; {hint}")
    factor, shift = units.known[spelling]
    changed = values if (factor, shift) == (1, 0) else factor * values + shift
    return Channel(name, modality, rate, units.kept, changed, start), None


def is_unused(values: NDArray[np.floating]) -> bool:
    """Whether nothing was plugged into a channel: it is empty, or one value all along."""
    recorded = values[~np.isnan(values)]
    return not recorded.size or bool(np.ptp(recorded) == 0)


def no_signals(names: Sequence[str]) -> list[str]:
    """Return a note about columns that are passed over because their names have no modality; none without any."""
    if not names:
        return []
    how_many = "a column is" if len(names) == 1 else f"{len(names)} columns are"
    return [f"{how_many} named after no signal and passed over: {', '.join(names)}"]


def known_modality(word: str) -> Modality:
    """Return the modality that a user names.

    Raises:
        ValueError: There is none of this name; one line.
    """
    modality = next((name for name in MODALITIES if name == word.strip().casefold()), None)
    if modality is None:
        raise ValueError(f"there is no modality {word!r}; {did_you_mean(word, MODALITIES)}")
    return modality
