"""The emotion class of an event by rules: the class whose prototypical action units resemble the measured ones most.

The reference that recognisers are compared with. The prototypes are those of EMFACS and of the labelling criteria of
CASME II (``mevqa/tables/emotions.yaml``); the measure of resemblance is ours: the cosine between the shares of the
motion that the units account for and the prototype, which holds 1 for each of its units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mevqa.facs import FINE_PROTOTYPES
from mevqa.spotting.events import UnitCandidate


def class_resemblances(units: Sequence[UnitCandidate]) -> dict[str, float]:
    """Return how much measured units resemble the prototype of each fine class, 0 to 1, the largest first.

    Args:
        units: Action units that explain the motion of an event.
    """
    amounts = {candidate.unit.number: math.sqrt(candidate.share) for candidate in units}
    length = math.sqrt(sum(candidate.share for candidate in units))
    if not length:
        return {}
    cosines = {
        name: sum(amounts.get(number, 0.0) for number in prototype) / (length * math.sqrt(len(prototype)))
        for name, prototype in FINE_PROTOTYPES.items()
    }
    return dict(sorted(cosines.items(), key=lambda item: -item[1]))
