"""Did-you-mean: one wording for every name that a user may have mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like ``name``, whatever its case; None when none is like it."""
    names = list(known)
    by_fold = {candidate.casefold(): candidate for candidate in reversed(names)}
    folded = name.casefold()
    if folded in by_fold:
        return by_fold[folded]
    begun = [candidate for candidate in names if len(folded) > 1 and candidate.casefold().startswith(folded)]
    if len(begun) == 1:
        return begun[0]
    matches = difflib.get_close_matches(folded, by_fold, n=1)
    return by_fold[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or which names are known when none is like ``name``."""
    names = list(known)
    close = closest(name, names)
    return f"did you mean {close!r}?" if close is not None else f"known: {', '.join(names)}"
