"""Where a video could not be looked at, and why."""

from __future__ import annotations

import numpy as np

from mevqa.spotting.events import Gap
from mevqa.video.decoding.timing import longest_step

#: Gaps of one reason that a sentence lists one by one.
_LISTED = 3

#: Gaps that are kept one by one; of a stream without end the later ones are only counted.
_KEPT = 10_000

#: A gap that is shorter is not worth a word, ms: a single lost frame is bridged.
_SHORT_MS = 100.0


class Gaps:
    """Gaps and cuts of a video, collected frame by frame.

    Attributes:
        missing_ms: Time without measurement by reason.
        first_ms: Time of the first frame.
        last_ms: Time of the last frame.
        cuts_ms: Times at which another shot or pose begins without a gap: nothing is compared across them.
    """

    def __init__(self) -> None:
        self.missing_ms: dict[str, float] = {}
        self.first_ms = np.nan
        self.last_ms = np.nan
        self.cuts_ms: list[float] = []
        self._closed: list[Gap] = []
        self._counts: dict[str, int] = {}
        self._open: tuple[str, float] | None = None
        self._stretch = -1
        self._measured = False
        self._step_ms = 0.0

    def add(self, ms: float, why: str, stretch: int = -1) -> None:
        """Take one frame.

        Args:
            ms: Its time.
            why: Why it could not be measured; empty when it was.
            stretch: Number of the stretch of comparable frames that it belongs to, where it was measured.
        """
        if np.isnan(self.first_ms):
            self.first_ms = self.last_ms = ms
        step, before_ms = ms - self.last_ms, self.last_ms
        jumped = step > longest_step(self._step_ms) and self._step_ms > 0
        self._step_ms, self.last_ms = self._step_ms if jumped else step, ms
        if jumped and self._open is None:
            self._keep(Gap(before_ms, ms, "no frames"))
        bridged = not jumped and (self._open is None or ms - self._open[1] < _SHORT_MS)
        if self._open is not None and self._open[0] != why:
            self._close(ms)
        if why and self._open is None:
            self._open = (why, ms)
        if not why:
            self._measured = True
            if 0 <= self._stretch < stretch and bridged and len(self.cuts_ms) < _KEPT:
                self.cuts_ms.append(ms)
            self._stretch = stretch

    def _close(self, ms: float) -> None:
        assert self._open is not None
        why, begin = self._open
        self._open = None
        self.missing_ms[why] = self.missing_ms.get(why, 0.0) + ms - begin
        if ms - begin >= _SHORT_MS:
            self._keep(Gap(begin, ms, why))

    def _keep(self, gap: Gap) -> None:
        self._counts[gap.why] = self._counts.get(gap.why, 0) + 1
        if len(self._closed) < _KEPT:
            self._closed.append(gap)

    @property
    def spans(self) -> tuple[Gap, ...]:
        """The gaps in the order of time, single frames left out."""
        if self._open is not None and self.last_ms - self._open[1] >= _SHORT_MS:
            why, begin = self._open
            return (*self._closed, Gap(begin, self.last_ms, why))
        return tuple(self._closed)

    @property
    def _reasons(self) -> list[str]:
        """Why frames could not be measured, in the order in which the reasons came up."""
        last = [] if self._open is None else [self._open[0]]
        return list(dict.fromkeys([*self.missing_ms, *last]))

    @property
    def nothing_seen(self) -> bool:
        """Whether there were frames and not a single one could be measured, for whatever reasons."""
        return bool(self._reasons) and not self._measured

    def sentences(self) -> list[str]:
        """Return one sentence for each reason."""
        if self.nothing_seen:
            return [f"{' or '.join(self._reasons)} in the whole video: nothing could be looked for"]
        by_reason: dict[str, list[Gap]] = {}
        for gap in self.spans:
            by_reason.setdefault(gap.why, []).append(gap)
        sentences = []
        for why, gaps in by_reason.items():
            listed = ", ".join(f"{gap.begin_ms / 1000:.1f} to {gap.end_ms / 1000:.1f} s" for gap in gaps[:_LISTED])
            more = max(len(gaps), self._counts.get(why, 0)) - _LISTED
            sentences.append(
                f"{why} ({listed}{f' and {more} more times' if more > 0 else ''}): nothing was looked for there"
            )
        return sentences
