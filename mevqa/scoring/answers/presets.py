"""The presets of question answering: every switch that decides a score, by name."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal, get_args

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.suggestions import did_you_mean

TABLE = TABLES / "scoring" / "answer_presets.yaml"


class Switches(StrictModel):
    """Every choice that decides a score; the values are explained in ``tables/scoring/answer_presets.yaml``."""

    about: str = ""
    answers: Literal["read", "exact"] = "read"
    missing: Literal["wrong", "skip"] = "wrong"
    classes: Literal["reference", "vocabulary", "union"] = "reference"
    count: Literal["omit", "zero"] = "omit"
    bleu: Literal["corpus", "sentence"] = "corpus"
    rouge: Literal["recall", "f1"] = "recall"
    stemmer: bool = False
    rows: Literal["all", "open"] = "all"

    def as_protocol(self) -> dict[str, str | bool]:
        """Return the switches as plain values, without the description."""
        return self.model_dump(exclude={"about"})


class _Table(StrictModel):
    presets: dict[str, Switches]


@functools.cache
def answer_presets() -> dict[str, Switches]:
    """Return every preset of question answering by name."""
    return read_yaml(TABLE, _Table).presets


def answer_preset(name: str, changes: Sequence[str] = ()) -> Switches:
    """Return the switches of a preset, some of them changed.

    Args:
        name: Name of the preset.
        changes: ``NAME=VALUE`` items.

    Raises:
        InputError: The preset, a switch or a value is unknown; every mistake is named.
    """
    presets = answer_presets()
    if name not in presets:
        raise InputError([Problem("--preset", f"unknown preset {name!r}; {did_you_mean(name, presets)}")])
    values: dict[str, str | bool] = {}
    problems = []
    for change in changes:
        switch, equals, value = change.partition("=")
        allowed = switch_values().get(switch)
        if not equals:
            problems.append(Problem("--set", f"{change!r} is not NAME=VALUE, e.g. classes=vocabulary"))
        elif allowed is None:
            problems.append(Problem("--set", f"unknown switch {switch!r}; {did_you_mean(switch, switch_values())}"))
        elif value not in allowed:
            problems.append(Problem("--set", f"{switch} is one of {', '.join(allowed)}, not {value!r}"))
        else:
            values[switch] = value == "true" if allowed == ("true", "false") else value
    if problems:
        raise InputError(problems)
    return presets[name].model_copy(update=values)


def switch_values() -> dict[str, tuple[str, ...]]:
    """Return the admissible values of each switch."""
    fields = {name: field.annotation for name, field in Switches.model_fields.items() if name != "about"}
    return {name: ("true", "false") if kind is bool else get_args(kind) for name, kind in fields.items()}
