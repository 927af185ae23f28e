"""Where a video could not be looked at, and why."""

from __future__ import annotations

import numpy as np

#: Gaps of one reason that are listed one by one.
_LISTED = 3

#: A gap that is shorter is not worth a word, ms: a single lost frame is bridged.
_SHORT_MS = 100.0


class Gaps:
    """Collects what is missing, frame by frame.

    Attributes:
        missing_ms: Time without measurement by reason.
        first_ms: Time of the first frame.
        last_ms: Time of the last frame.
    """

    def __init__(self) -> None:
        self.missing_ms: dict[str, float] = {}
        self.first_ms = np.nan
        self.last_ms = np.nan
        self._spans: dict[str, list[tuple[float, float]]] = {}
        self._counts: dict[str, int] = {}
        self._open: tuple[str, float] | None = None

    def add(self, ms: float, why: str) -> None:
        """Take one frame; ``why`` is empty when it was measured."""
        if np.isnan(self.first_ms):
            self.first_ms = ms
        self.last_ms = ms
        if self._open is not None and self._open[0] != why:
            self._close(ms)
        if why and self._open is None:
            self._open = (why, ms)

    def _close(self, ms: float) -> None:
        assert self._open is not None
        why, begin = self._open
        self._open = None
        self.missing_ms[why] = self.missing_ms.get(why, 0.0) + ms - begin
        if ms - begin >= _SHORT_MS:
            self._counts[why] = self._counts.get(why, 0) + 1
            spans = self._spans.setdefault(why, [])
            if len(spans) < _LISTED:
                spans.append((begin, ms))

    @property
    def nothing_seen(self) -> bool:
        """Whether not a single frame could be measured."""
        return self._open is not None and not self.missing_ms and self._open[1] == self.first_ms

    def sentences(self) -> list[str]:
        """Return one sentence for each reason."""
        if self.nothing_seen and self._open is not None:
            return [f"{self._open[0]} in the whole video: nothing could be looked for"]
        said = []
        spans = {why: list(own) for why, own in self._spans.items()}
        counts = dict(self._counts)
        if self._open is not None and self.last_ms - self._open[1] >= _SHORT_MS:
            why, begin = self._open
            counts[why] = counts.get(why, 0) + 1
            spans.setdefault(why, []).append((begin, self.last_ms))
        for why, own in spans.items():
            listed = ", ".join(f"{begin / 1000:.1f} to {end / 1000:.1f} s" for begin, end in own[:_LISTED])
            more = f" and {counts[why] - _LISTED} more times" if counts[why] > _LISTED else ""
            said.append(f"{why} ({listed}{more}): nothing was looked for there")
        return said
