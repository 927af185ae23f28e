"""Decoders by name; a new one is one function with the line ``@register_decoder(...)``."""

from __future__ import annotations

from collections.abc import Callable

from mevqa.errors import InputError, Problem
from mevqa.spotting.decoding.types import Decode, Decoder, ThresholdKind
from mevqa.suggestions import did_you_mean

_DECODERS: dict[str, Decoder] = {}


def register_decoder(
    name: str,
    *,
    threshold_kind: ThresholdKind = "score",
    threshold: float | None = None,
    only_drops: bool = False,
    summary: str = "",
) -> Callable[[Decode], Decode]:
    """Make a decoder known by a name; arguments are the attributes of ``Decoder``.

    Raises:
        ValueError: The name is taken.
    """

    def register(decode: Decode) -> Decode:
        if name in _DECODERS:
            raise ValueError(f"the decoder {name!r} is registered twice")
        _DECODERS[name] = Decoder(name, decode, threshold_kind, threshold, only_drops, summary)
        return decode

    return register


def decoders() -> tuple[Decoder, ...]:
    """Return all decoders in the order of their registration."""
    return tuple(_DECODERS.values())


def find_decoder(name: str) -> Decoder:
    """Return the decoder of a name.

    Raises:
        InputError: There is none.
    """
    if name in _DECODERS:
        return _DECODERS[name]
    raise InputError([Problem("--decoder", f"unknown decoder {name!r}; {did_you_mean(name, _DECODERS)}")])
