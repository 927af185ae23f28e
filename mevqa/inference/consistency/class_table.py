"""How action units make the fine classes of a data set, learned from its training file.

Coders of different data sets derive classes from units by different rules. The table counts, for each fine class, in
how many clips each unit is shown; the probabilities of the units of another clip then speak for the classes by naive
Bayes with independent units (Bernoulli event model; Manning, Raghavan and Schuetze, Introduction to Information
Retrieval, 2008, section 13.3). Ours: each count is one more than it is, of yes and of no (Laplace's rule), a unit that
is shown with some probability counts as that mixture of shown and not shown, and how frequent a class is says nothing,
because UF1 and UAR count the classes alike.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.data.answered_clips import AnsweredClip, answered_clips, of_others
from mevqa.datasets import canonical_dataset
from mevqa.errors import InputError, Problem
from mevqa.types import Clip


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Fine classes by action units.

    Attributes:
        source: The question file.
        clips: Its clips whose fine class and units are known.
    """

    source: Path
    clips: tuple[AnsweredClip, ...]

    def record(self) -> dict[str, Any]:
        """Return what decides its answers, for the fingerprint of a run."""
        clips = [(clip.id, clip.person, clip.fine, sorted(clip.units or ())) for clip in self.clips]
        digest = hashlib.blake2b(json.dumps(clips).encode(), digest_size=16).hexdigest()
        return {"source": self.source.name, "clips": len(clips), "digest": digest}

    def check(self, clips: Iterable[Clip]) -> None:
        """Refuse a table that says nothing of any clip.

        Raises:
            InputError: None of its clips is of a data set that is asked about.
        """
        asked_datasets = {canonical_dataset(clip.dataset) for clip in clips}
        table_datasets = {clip.person[0] for clip in self.clips}
        if not asked_datasets & table_datasets:
            table_names, asked_names = (", ".join(sorted(names)) for names in (table_datasets, asked_datasets))
            message = f"tells of {table_names} and not of {asked_names}, which is asked about"
            raise InputError([Problem(self.source, f"{message}; name a training file of that data set")])

    def for_clip(self, clip: Clip) -> ClassTable:
        """Return the table without the clip's own person, whose answers would be a leak, and of its data set only."""
        name = canonical_dataset(clip.dataset)
        return replace(self, clips=tuple(other for other in of_others(self.clips, clip) if other.person[0] == name))

    def log_likelihoods(self, units: Mapping[str, float]) -> dict[str, float]:
        """Return the log-likelihood of the units' probabilities under each fine class of the table.

        Args:
            units: Probability that each unit is shown, by official name; units that no clip of the table shows say
                nothing.
        """
        class_counts = Counter(clip.fine for clip in self.clips)
        unit_counts = Counter((clip.fine, unit) for clip in self.clips for unit in clip.units or ())
        known_units = {unit for _, unit in unit_counts} & units.keys()
        likelihoods = {}
        for name, count in class_counts.items():
            rates = {unit: (unit_counts[name, unit] + 1) / (count + 2) for unit in known_units}
            terms = [units[unit] * rates[unit] + (1 - units[unit]) * (1 - rates[unit]) for unit in sorted(known_units)]
            likelihoods[str(name)] = sum(map(math.log, terms))
        return likelihoods


def read_class_table(path: Path) -> ClassTable:
    """Return the table that a question file with answers makes.

    Raises:
        InputError: The file cannot be read, or tells fine class and units of no clip.
    """
    clips = tuple(clip for clip in answered_clips(path) if clip.fine is not None and clip.units)
    if not clips:
        message = "tells the fine class and the action units of no clip; name a training file with its answers"
        raise InputError([Problem(path, message)])
    return ClassTable(path, clips)
