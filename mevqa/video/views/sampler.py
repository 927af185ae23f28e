"""Samplers, which choose the frames of a clip: named strategies that turn onset, apex and offset into moments.

A new strategy is a function that yields moments, most important first, and the line ``@register_sampler("name")``:
what it yields outside the clip is dropped, of two moments on one frame the first stays, and the rest is put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mevqa.registry import Registry
from mevqa.types import Moment


@dataclass(frozen=True, slots=True)
class Span:
    """Length and key frames of a clip, as a strategy is given them.

    Attributes:
        length: Number of frames of the clip, at least 1.
        onset: First frame of the expression.
        apex: Frame of its largest extent.
        offset: Last frame of the expression.
        frames: How many frames the user asks for (a window, or the whole clip: the strategy says).
        stride: Distance of neighbouring frames of a window, in frames.
        times_ms: [length] presentation times; None when the frames are taken as even in time.
    """

    length: int
    onset: int
    apex: int
    offset: int
    frames: int = 3
    stride: int = 1
    times_ms: NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Check the order of the key frames, and that ``frames`` and ``stride`` are at least 1.

        Raises:
            ValueError: Not 0 <= onset <= apex <= offset < length, or ``frames`` or ``stride`` is below 1.
        """
        if not 0 <= self.onset <= self.apex <= self.offset < self.length:
            raise ValueError(
                f"onset {self.onset}, apex {self.apex}, offset {self.offset}: not in order inside {self.length} frames"
            )
        if self.frames < 1 or self.stride < 1:
            raise ValueError(f"frames {self.frames} and stride {self.stride} must be at least 1")


Strategy = Callable[[Span], Iterable[Moment]]

SAMPLERS: Registry[Strategy] = Registry("sampler", "--sampler")
_WITHOUT_MOMENTS: set[str] = set()


def register_sampler(name: str, *, needs_moments: bool = True) -> Callable[[Strategy], Strategy]:
    """Make a strategy known by ``name``.

    Args:
        name: What the user writes after ``--sampler``.
        needs_moments: Whether the strategy reads onset, apex or offset; without need a clip is not localised for it.

    Raises:
        ValueError: The name is taken.
    """

    def register(strategy: Strategy) -> Strategy:
        SAMPLERS.add(name, strategy)
        if not needs_moments:
            _WITHOUT_MOMENTS.add(name)
        return strategy

    return register


def sampler_names() -> tuple[str, ...]:
    """Return the names of all strategies, in the order of their registration."""
    return SAMPLERS.names


def needs_moments(strategy: str) -> bool:
    """Return whether ``strategy`` depends on onset, apex and offset.

    Raises:
        InputError: There is no such strategy.
    """
    SAMPLERS.find(strategy)
    return strategy not in _WITHOUT_MOMENTS


def sample(
    strategy: str,
    *,
    length: int,
    onset: int,
    apex: int,
    offset: int,
    frames: int = 3,
    stride: int = 1,
    times_ms: NDArray[np.float64] | None = None,
) -> list[Moment]:
    """Return the moments to look at: unique, in the order of time, inside the clip, at least one.

    Args:
        strategy: Name of a registered strategy.
        length: Number of frames of the clip.
        onset: First frame of the expression.
        apex: Frame of its largest extent.
        offset: Last frame of the expression.
        frames: Frames of a window (``oao-k``, ``apex-window``), of the expression (``onset-offset``) or of the clip
            (``uniform``).
        stride: Distance of neighbouring frames of a window.
        times_ms: [length] presentation times; None takes the frames as even in time.

    Raises:
        InputError: There is no such strategy.
        ValueError: The key frames are not in order inside the clip, or ``frames`` or ``stride`` is below 1.
    """
    chosen: dict[int, Moment] = {}
    for moment in SAMPLERS.find(strategy)(Span(length, onset, apex, offset, frames, stride, times_ms)):
        if 0 <= moment.frame < length:
            chosen.setdefault(moment.frame, moment)
    return [chosen[frame] for frame in sorted(chosen)]


def _window(frames: int, stride: int) -> list[int]:
    """Return the offsets of a window centred on 0, nearest first; an even window has one more frame after 0."""
    offsets = [step * stride for step in range(-((frames - 1) // 2), frames // 2 + 1)]
    return sorted(offsets, key=lambda offset: (abs(offset), offset))


def _around(role: str, frame: int, offset: int) -> Moment:
    """Return the moment ``offset`` frames from a key frame, called ``apex``, ``apex+1``, ``onset-2``."""
    return Moment(frame + offset, f"{role}{offset:+d}" if offset else role)


@register_sampler("oao")
def _onset_apex_offset(span: Span) -> Iterator[Moment]:
    """Yield the three key frames; where two fall on one frame the apex, then the onset, gives it its name."""
    yield Moment(span.apex, "apex")
    yield Moment(span.onset, "onset")
    yield Moment(span.offset, "offset")


@register_sampler("oao-k")
def _windows_of_three(span: Span) -> Iterator[Moment]:
    """Yield ``frames`` frames centred on each key frame; where windows overlap the nearer key frame names the frame."""
    for offset in _window(span.frames, span.stride):
        yield _around("apex", span.apex, offset)
        yield _around("onset", span.onset, offset)
        yield _around("offset", span.offset, offset)


@register_sampler("uniform", needs_moments=False)
def _uniform(span: Span) -> Iterator[Moment]:
    """Yield ``frames`` frames evenly from the first to the last of the clip; a single one is the middle."""
    count = min(span.frames, span.length)
    last = span.length - 1
    places = (
        [last // 2] if count == 1 else [(2 * step * last + count - 1) // (2 * (count - 1)) for step in range(count)]
    )
    for number, frame in enumerate(places, start=1):
        yield Moment(frame, f"uniform-{number}")


@register_sampler("apex-window")
def _apex_window(span: Span) -> Iterator[Moment]:
    """Yield ``frames`` frames centred on the apex."""
    for offset in _window(span.frames, span.stride):
        yield _around("apex", span.apex, offset)


@register_sampler("onset-apex")
def _onset_apex(span: Span) -> Iterator[Moment]:
    """Yield the pair that most motion maps are made of."""
    yield Moment(span.apex, "apex")
    yield Moment(span.onset, "onset")


@register_sampler("onset-offset")
def _onset_to_offset(span: Span) -> Iterator[Moment]:
    """Yield ``frames`` frames evenly in time from onset to offset, whatever the frame rate does in between."""
    times = np.arange(span.length, dtype=float) if span.times_ms is None else span.times_ms
    expression_times = times[span.onset : span.offset + 1]
    for number, at in enumerate(np.linspace(expression_times[0], expression_times[-1], span.frames), start=1):
        yield Moment(span.onset + int(np.abs(expression_times - at).argmin()), f"onset-offset-{number}")
