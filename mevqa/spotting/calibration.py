"""How sure an expression is: from strength to the probability that it is one."""

from __future__ import annotations

import math

#: Logistic curve over the logarithm of the strength: strength of even odds, and slope.
_EVEN = 3.2
_SLOPE = 4.0


def probability(strength: float) -> float:
    """Return the probability that a candidate is an expression.

    Args:
        strength: In units of the video's own noise, see ``mevqa.spotting.detect``.
    """
    return 1 / (1 + (_EVEN / max(strength, 1e-6)) ** _SLOPE)


def log_odds(value: float) -> float:
    """Return the log-odds of a probability between 0 and 1, both excluded."""
    return math.log(value / (1 - value))
