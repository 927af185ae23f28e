"""The keys of the scores and what they mean."""

from __future__ import annotations

import functools
import itertools
import re

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLES = TABLES
_ANSWERS, _EVENTS = "score_keys.yaml", "event_keys.yaml"


class _Table(StrictModel):
    families: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    counts: dict[str, str]


@functools.cache
def _table(name: str) -> _Table:
    return read_yaml(_TABLES / name, _Table)


def answer_keys() -> dict[str, str]:
    """Return the meaning of every metric key of question answering."""
    return _all_keys(_table(_ANSWERS))


def event_keys() -> dict[str, str]:
    """Return the meaning of every metric key of spotting and recognition."""
    return _all_keys(_table(_EVENTS))


def key_patterns(events: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Return the meanings of metric and count keys by pattern, ``{coarse,fine,...}.uf1``, as they are printed.

    Args:
        events: Those of detected events instead of those of answers.
    """
    table = _table(_EVENTS if events else _ANSWERS)
    families = {name: "{" + ",".join(members) + "}" for name, members in table.families.items()}
    metrics, counts = (
        {pattern.format(**families): meaning.format(**families) for pattern, meaning in part.items()}
        for part in (table.keys, table.counts)
    )
    return metrics, counts


def _all_keys(table: _Table) -> dict[str, str]:
    return {key: meaning for pattern, meaning in table.keys.items() for key in _expanded(pattern, table)}


def _expanded(pattern: str, table: _Table) -> list[str]:
    names = re.findall(r"\{(\w+)\}", pattern)
    members = itertools.product(*(table.families[name] for name in names))
    return [pattern.format(**dict(zip(names, chosen, strict=True))) for chosen in members]
