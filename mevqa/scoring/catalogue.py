"""The metric catalogue: headings, direction, meaning and source of every number, and the tables that show it."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.question_types import question_types
from mevqa.questions.types import QuestionType
from mevqa.resources import TABLES

#: Families of the question types that are scored alike, by ``QuestionType.metric``.
_FAMILIES = {"classes": "closed", "count": "count", "sentence": "sentence"}
#: Where a main number is shown.
View = Literal["parts", "suites", "leaderboard", "spotters"]


class Metric(StrictModel):
    """One number; see the head of ``tables/scoring/metrics.yaml`` for the keys of all schemas of this file."""

    heading: str
    better: Literal["higher", "lower"] | None = None
    decimals: int = 3
    meaning: str
    source: str = ""


class _Scores(StrictModel):
    metrics: dict[str, Metric]
    counts: dict[str, str]


class _Name(StrictModel):
    row: str
    chart: str = ""


class ScoreTable(StrictModel):
    """A table of ``mevqa score``: metrics of names in rows or columns, or a list of keys."""

    title: str
    first: str = "measure"
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    counts: dict[str, str] = Field(default_factory=dict)
    after: dict[str, str] = Field(default_factory=dict)
    switches: tuple[str, ...] = ()


class MainNumber(StrictModel):
    """A number that runs are compared by."""

    name: str
    group: str = ""
    column: str = ""
    shown: tuple[View, ...]
    baseline: str = ""


class Catalogue(StrictModel):
    """The whole catalogue."""

    families: dict[str, tuple[str, ...]]
    answers: _Scores
    events: _Scores
    names: dict[str, _Name]
    tables: tuple[ScoreTable, ...]
    short: ScoreTable
    main: dict[str, MainNumber]

    @model_validator(mode="after")
    def _names_known_keys(self) -> Catalogue:
        """Refuse tables and main numbers of keys that no metric has."""
        patterns = [pattern for scores in (self.answers, self.events) for pattern in scores.metrics]
        metric_keys = {key for pattern in patterns for key, _ in self.expanded(pattern)}
        used_keys = [*self.main, *filter(None, (number.baseline for number in self.main.values()))]
        used_keys += [key for table in self.tables for key in table.keys]
        if unknown := [key for key in used_keys if key not in metric_keys]:
            raise ValueError(f"no metric has the key {', '.join(unknown)}")
        return self

    def expanded(self, pattern: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the keys that a pattern stands for, each with its members of the families in braces."""
        names = re.findall(r"\{(\w+)\}", pattern)
        for members in itertools.product(*(self.families[name] for name in names)):
            chosen = dict(zip(names, members, strict=True))
            yield pattern.format(**chosen), chosen


def catalogue() -> Catalogue:
    """Return the shipped metric catalogue, extended by the question types that were registered at run time."""
    return _with_types(question_types())


@functools.lru_cache(maxsize=4)
def _with_types(types: tuple[QuestionType, ...]) -> Catalogue:
    """Return the shipped catalogue with every question type in the family of those that are scored alike."""
    shipped = read_yaml(TABLES / "scoring" / "metrics.yaml", Catalogue)
    families, names, tables = dict(shipped.families), dict(shipped.names), [*shipped.tables, shipped.short]
    for metric, family in _FAMILIES.items():
        shipped_keys = families[family]
        registered = tuple(
            definition for definition in types if definition.metric == metric and definition.key not in shipped_keys
        )
        families[family] += tuple(definition.key for definition in registered)
        names |= {
            definition.key: _Name(row=definition.title or definition.name, chart=definition.title)
            for definition in registered
        }
        tables = [
            table.model_copy(update={"rows": (*table.rows, *(definition.key for definition in registered))})
            if shipped_keys[0] in table.rows
            else table
            for table in tables
        ]
    *tables, short = tables
    return shipped.model_copy(update={"families": families, "names": names, "tables": tuple(tables), "short": short})


def known_metrics(events: bool = False) -> dict[str, Metric]:
    """Return every metric by key.

    Args:
        events: Those of detected events instead of those of answers.
    """
    return _metrics(question_types(), events)


@functools.lru_cache(maxsize=8)
def _metrics(types: tuple[QuestionType, ...], events: bool) -> dict[str, Metric]:
    full_catalogue = _with_types(types)
    return {
        key: entry.model_copy(update={"heading": entry.heading.format(**chosen)})
        for pattern, entry in (full_catalogue.events if events else full_catalogue.answers).metrics.items()
        for key, chosen in full_catalogue.expanded(pattern)
    }


def metric(key: str) -> Metric:
    """Return a metric; one that the catalogue does not know is called by its key."""
    return known_metrics().get(key) or known_metrics(events=True).get(key) or Metric(heading=key, meaning=key)


def is_known(key: str) -> bool:
    """Whether the catalogue has a metric."""
    return key in known_metrics() or key in known_metrics(events=True)


def main_numbers(view: View) -> dict[str, MainNumber]:
    """Return the main numbers that are shown somewhere, by key, in their order."""
    return {key: number for key, number in catalogue().main.items() if view in number.shown}


def lower_is_better(key: str) -> bool:
    """Whether a number is an error."""
    return metric(key).better == "lower"


def row_name(prefix: str) -> str:
    """Return the name of a row of a table, by the prefix of its keys."""
    name = catalogue().names.get(prefix)
    return prefix if name is None else name.row


def chart_name(prefix: str) -> str:
    """Return the name of a prefix of keys in the titles of charts."""
    name = catalogue().names.get(prefix)
    return prefix if name is None or not name.chart else name.chart


def key_patterns(events: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Return the meanings of metric and count keys by pattern, ``{coarse,fine,...}.uf1``, as they are printed.

    Args:
        events: Those of detected events instead of those of answers.
    """
    full_catalogue = catalogue()
    scores = full_catalogue.events if events else full_catalogue.answers
    families = {name: "{" + ",".join(members) + "}" for name, members in full_catalogue.families.items()}
    meanings = {
        pattern: entry.meaning + (f" ({entry.source})" if entry.source else "")
        for pattern, entry in scores.metrics.items()
    }
    metrics, counts = (
        {pattern.format(**families): meaning.format(**families) for pattern, meaning in part.items()}
        for part in (meanings, scores.counts)
    )
    return metrics, counts
