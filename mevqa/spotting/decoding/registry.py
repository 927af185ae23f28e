"""Decoders by name; a new one is one function with the line ``@register_decoder(...)``."""

from __future__ import annotations

from collections.abc import Callable

from mevqa.registry import Registry
from mevqa.spotting.decoding.types import Decode, Decoder, ThresholdKind

DECODERS: Registry[Decoder] = Registry("decoder", "--decoder")


def register_decoder(
    name: str,
    *,
    threshold_kind: ThresholdKind = "score",
    threshold: float | None = None,
    only_drops: bool = False,
    selects_by_score: bool = False,
    summary: str = "",
) -> Callable[[Decode], Decode]:
    """Make a decoder known by a name; arguments are the attributes of ``Decoder``.

    Raises:
        ValueError: The name is taken.
    """

    def register(decode: Decode) -> Decode:
        decoder = Decoder(name, decode, threshold_kind, threshold, only_drops, summary, selects_by_score)
        DECODERS.add(name, decoder)
        return decode

    return register


def decoders() -> tuple[Decoder, ...]:
    """Return all decoders in the order of their registration."""
    return tuple(map(DECODERS.find, DECODERS.names))


def find_decoder(name: str) -> Decoder:
    """Return the decoder of a name.

    Raises:
        InputError: There is none.
    """
    return DECODERS.find(name)
