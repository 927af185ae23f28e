"""Keys of other toolkits' records, from ``tables/record_keys.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "record_keys.yaml"


class RecordKeys(StrictModel):
    """The table.

    Attributes:
        fields: Keys by what they hold.
        roles: Names by who speaks.
        speaker: Keys of a turn that name its speaker.
        words: Keys of a turn that hold its text.
    """

    fields: dict[str, tuple[str, ...]]
    roles: dict[str, tuple[str, ...]]
    speaker: tuple[str, ...]
    words: tuple[str, ...]


@cache
def record_keys() -> RecordKeys:
    """Return the table, read once."""
    return read_yaml(_TABLE, RecordKeys)


def field_of(key: str) -> str | None:
    """Return what a key holds (``question``, ``answer``, ``images``, ...), None for a key that is not known."""
    return _by_key().get(_simple(key))


def keys_of(values: Mapping[str, Any], field: str) -> list[str]:
    """Return the keys of a record that hold a field, the likeliest first; empty values do not count."""
    by_simple = {_simple(key): key for key in values}
    names = [_simple(name) for name in record_keys().fields[field]]
    matching_keys = [by_simple[name] for name in names if name in by_simple]
    return [key for key in matching_keys if values[key] is not None and values[key] != []]


def first_of(values: Mapping[str, Any], field: str) -> Any:
    """Return the value of a field of a record, None where it has none."""
    keys = keys_of(values, field)
    return values[keys[0]] if keys else None


def answers_alone(keys: Iterable[str]) -> bool:
    """Whether a record or a table with these keys holds answers by id, without question, clip and times."""
    names = {_simple(key) for key in keys}
    spellings = {field: {_simple(key) for key in spelt} for field, spelt in record_keys().fields.items()}
    other_keys = (
        spellings["question"] - spellings["predicted"]
        | spellings["turns"]
        | spellings["clip"]
        | spellings["images"]
        | spellings["videos"]
    )
    other_keys |= {"onset", "offset"}
    return (
        bool(names & {"videoid", *spellings["id"]}) and bool(names & spellings["predicted"]) and not names & other_keys
    )


@cache
def _by_key() -> dict[str, str]:
    field_by_key: dict[str, str] = {}
    for name, keys in record_keys().fields.items():
        for key in keys:
            field_by_key.setdefault(_simple(key), name)
    return field_by_key


@lru_cache(maxsize=1024)  # The same few keys in every record.
def _simple(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
