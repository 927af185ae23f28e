"""The keys of the scores and what they mean."""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path

from mevqa.strict_yaml import StrictModel, read_yaml

_TABLE = Path(__file__).parent.parent / "tables" / "score_keys.yaml"


class _Table(StrictModel):
    families: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    counts: dict[str, str]


@functools.cache
def _table() -> _Table:
    return read_yaml(_TABLE, _Table)


def answer_keys() -> dict[str, str]:
    """Return the meaning of every metric key of question answering."""
    return {key: meaning for pattern, meaning in _table().keys.items() for key in _expanded(pattern)}


def key_patterns() -> tuple[dict[str, str], dict[str, str]]:
    """Return the meanings of metric and count keys by pattern, ``{coarse,fine,...}.uf1``, as they are printed."""
    families = {name: "{" + ",".join(members) + "}" for name, members in _table().families.items()}
    metrics, counts = (
        {pattern.format(**families): meaning.format(**families) for pattern, meaning in part.items()}
        for part in (_table().keys, _table().counts)
    )
    return metrics, counts


def _expanded(pattern: str) -> list[str]:
    names = re.findall(r"\{(\w+)\}", pattern)
    members = itertools.product(*(_table().families[name] for name in names))
    return [pattern.format(**dict(zip(names, chosen, strict=True))) for chosen in members]
