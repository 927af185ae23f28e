"""The data sets that are known: those of ``released/``, and those that are registered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mevqa.datasets.definition import DatasetDefinition
from mevqa.errors import InputError, Problem
from mevqa.events import Rule
from mevqa.facs import COARSE_CLASSES, coarse_of
from mevqa.files.strict_yaml import read_yaml
from mevqa.suggestions import closest

_FOLDER = Path(__file__).parent / "released"
#: The definition that holds for data sets of one's own, and for what others leave out.
UNKNOWN = "unknown"


class UnknownDataset(ValueError):
    """A name that is no data set's."""


def _simple(name: str) -> str:
    return re.sub(r"[^a-z0-9()^]+", " ", name.lower()).strip()


_DATASETS: dict[str, DatasetDefinition] = {}
_BY_NAME: dict[str, str] = {}


def register_dataset(definition: DatasetDefinition | Path | str) -> DatasetDefinition:
    """Make a data set known by its name, everywhere that a data set is named.

    Args:
        definition: The definition, or its YAML file (``DatasetDefinition``).

    Raises:
        InputError: The file does not fit the schema, or one of the names is another data set's; every misfit.
    """
    path = None if isinstance(definition, DatasetDefinition) else Path(definition)
    read = definition if isinstance(definition, DatasetDefinition) else read_yaml(Path(definition), DatasetDefinition)
    names = (read.name, *read.aliases)
    problems = [
        Problem(
            path or read.name, f"the name {name!r} is that of the data set {_BY_NAME[_simple(name)]}; choose another"
        )
        for name in names
        if _BY_NAME.get(_simple(name), read.name) != read.name
    ]
    if problems:
        raise InputError(problems)
    _DATASETS[read.name] = read
    _BY_NAME.update(dict.fromkeys(map(_simple, names), read.name))
    return read


for _file in sorted(_FOLDER.glob("*.yaml")):
    register_dataset(_file)


def datasets() -> Iterator[DatasetDefinition]:
    """Yield the data sets that are known."""
    return (definition for name, definition in _DATASETS.items() if name != UNKNOWN)


def dataset_names() -> list[str]:
    """Return the short names of the data sets that are known."""
    return [definition.name for definition in datasets()]


def canonical_dataset(name: str) -> str:
    """Return the short name of a data set (``CASME II`` -> ``casme2``), or the name simplified when it is unknown."""
    return _BY_NAME.get(_simple(name)) or _simple(name).replace(" ", "_") or UNKNOWN


def is_dataset(name: str) -> bool:
    """Whether a data set of this name, in any spelling, is known."""
    return canonical_dataset(name) in _DATASETS.keys() - {UNKNOWN}


def dataset(name: str) -> DatasetDefinition:
    """Return the definition of a data set; that of ``unknown`` for a name that is not known."""
    return _DATASETS.get(canonical_dataset(name), _DATASETS[UNKNOWN])


def known_dataset(name: str) -> str:
    """Return the short name of a data set, whatever its spelling; ``unknown`` stands for a data set of one's own.

    Raises:
        UnknownDataset: There is none of that name; the message suggests the nearest one.
    """
    short = canonical_dataset(name)
    if short in _DATASETS:
        return short
    spellings = {
        alias: definition.name for definition in datasets() for alias in (definition.name, *definition.aliases)
    }
    # Another number was meant (casme4), not none (casme).
    words = name.strip().replace("_", " ")
    stem = words.casefold().rstrip("0123456789")
    numbered = [
        spelling
        for spelling in spellings
        if stem != words.casefold() and re.fullmatch(re.escape(stem) + r"\d+", spelling)
    ]
    close = closest(words, numbered) or closest(words, [*spellings, UNKNOWN])
    hint = f"did you mean {spellings.get(close, close)!r}? " if close else ""
    raise UnknownDataset(
        f"there is no data set {name!r}; {hint}Known: {', '.join(dataset_names())}; unknown for one of your own"
    )


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The classes that a data set's questions ask for.

    Attributes:
        fine: Fine-grained classes, most frequent first.
        coarse: Coarse classes.
    """

    fine: tuple[str, ...]
    coarse: tuple[str, ...]

    def coarse_of(self, fine: str) -> str | None:
        """Return the coarse class that a fine class belongs to, None for classes without one (others, tense)."""
        return coarse_of(fine)


def taxonomy(name: str) -> Taxonomy:
    """Return the classes of a data set; an unknown data set, or one without fine classes, has the union of all."""
    return Taxonomy(dataset(name).classes or _DATASETS[UNKNOWN].classes, COARSE_CLASSES)


def kind_rule(name: str) -> Rule:
    """Return the rule by which the coders of a data set separated micro- from macro-expressions."""
    rule = dataset(name).kind_rule or _DATASETS[UNKNOWN].kind_rule
    assert rule is not None
    return rule


def video_name_pattern(name: str) -> str:
    """Return the regular expression that splits the names of a data set's long videos (``video_names``)."""
    names = dataset(name).video_names or _DATASETS[UNKNOWN].video_names
    assert names is not None
    return names
