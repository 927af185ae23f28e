"""Which action units a clip shows, from lists and presence answers that may disagree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mevqa.facs import UNIT_NAMES
from mevqa.types import Reply

#: Probability given to an answer whose model gives none.
UNKNOWN_PROBABILITY = 0.8
#: The word of a list counts at least this much (log-odds), however unsure the model was of the whole list.
_LEAST = 0.05
_SMALLEST = 1e-6
#: Log-odds beyond this are as good as certain.
_MOST = 30.0


class UnitEvidence:
    """Log-odds of every unit of the vocabulary; lists and presence answers add theirs (naive Bayes)."""

    def __init__(self) -> None:
        self._odds = dict.fromkeys(UNIT_NAMES, 0.0)
        self._listed: dict[str, None] = {}

    def add_list(self, names: Sequence[str], confidence: float | None) -> None:
        """Take a list as evidence for the units that it names and against all others.

        Args:
            names: Official names.
            confidence: Probability of the whole list; None when unknown. Its n names and its end are n + 1 choices,
                so that one of them has the (n + 1)-th root of it.
        """
        unit_probability = UNKNOWN_PROBABILITY if confidence is None else confidence ** (1 / (len(names) + 1))
        weight = max(_log_odds(unit_probability), _LEAST)
        for name in self._odds:
            self._odds[name] += weight if name in names else -weight
        self._listed.update(dict.fromkeys(names))

    def add_presence(self, name: str, present: float) -> None:
        """Take the answer to "is it shown?" as evidence.

        Args:
            name: Official name; units outside the vocabulary of lists are passed over.
            present: Probability of yes.
        """
        if self.knows(name):
            self._odds[name] += _log_odds(present)

    def knows(self, name: str) -> bool:
        """Return whether a unit is in the vocabulary of lists."""
        return name in self._odds

    def probabilities(self) -> dict[str, float]:
        """Return the probability that each unit is shown, by official name."""
        return {name: 1 / (1 + math.exp(-min(max(odds, -_MOST), _MOST))) for name, odds in self._odds.items()}

    def likely_units(self, at_least: int, at_most: int | None, preferred: Sequence[str] = ()) -> list[str]:
        """Return the units that are likelier shown than not, the surest first.

        Args:
            at_least: Fewest units: the next likeliest fill up.
            at_most: Most units, None for no bound.
            preferred: What to take first among equals after the units that lists name.
        """
        # Rounded, so that sums do not differ by the order in which the evidence came.
        odds = {name: round(value, 9) for name, value in self._odds.items()}
        rank = {name: index for index, name in enumerate([*preferred, *UNIT_NAMES][::-1])}
        order = sorted(odds, key=lambda name: (odds[name], name in self._listed, rank[name]), reverse=True)
        count = sum(odds[name] > 0 or (odds[name] == 0 and name in self._listed) for name in order)
        count = max(count, at_least)
        return order[: count if at_most is None else min(count, at_most)]


def presence_probability(reply: Reply, text: str) -> float:
    """Return the probability of yes.

    Args:
        reply: To a presence question.
        text: Its normalised answer.
    """
    options: Mapping[str, float] = reply.options or {}
    if "yes" in options and "no" in options and options["yes"] + options["no"] > 0:
        return options["yes"] / (options["yes"] + options["no"])
    return UNKNOWN_PROBABILITY if text == "yes" else 1 - UNKNOWN_PROBABILITY


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _SMALLEST), 1 - _SMALLEST)
    return math.log(bounded / (1 - bounded))
