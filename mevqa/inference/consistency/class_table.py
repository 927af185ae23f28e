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
        asked = {canonical_dataset(clip.dataset) for clip in clips}
        known = {clip.person[0] for clip in self.clips}
        if not asked & known:
            message = f"tells of {', '.join(sorted(known))} and not of {', '.join(sorted(asked))}, which is asked about"
            raise InputError([Problem(self.source, f"{message}; name a training file of that data set")])

    def for_clip(self, clip: Clip) -> ClassTable:
        """Return what other people of the clip's data set tell: the person who is asked about would be a leak."""
        name = canonical_dataset(clip.dataset)
        return replace(self, clips=tuple(one for one in of_others(self.clips, clip) if one.person[0] == name))

    def log_likelihoods(self, units: Mapping[str, float]) -> dict[str, float]:
        """Return the log-likelihood of what is known of the units under each fine class of the table.

        Args:
            units: Probability that each unit is shown, by official name; units that no clip of the table shows say
                nothing.
        """
        of_class = Counter(clip.fine for clip in self.clips)
        shown = Counter((clip.fine, unit) for clip in self.clips for unit in clip.units or ())
        known = {unit for _, unit in shown} & units.keys()
        found = {}
        for name, count in of_class.items():
            rates = {unit: (shown[name, unit] + 1) / (count + 2) for unit in known}
            terms = [units[unit] * rates[unit] + (1 - units[unit]) * (1 - rates[unit]) for unit in sorted(known)]
            found[str(name)] = sum(map(math.log, terms))
        return found


def read_class_table(path: Path) -> ClassTable:
    """Return the table that a question file with answers makes.

    Raises:
        InputError: The file cannot be read, or tells fine class and units of no clip.
    """
    clips = tuple(one for one in answered_clips(path) if one.fine is not None and one.units)
    if not clips:
        message = "tells the fine class and the action units of no clip; name a training file with its answers"
        raise InputError([Problem(path, message)])
    return ClassTable(path, clips)
