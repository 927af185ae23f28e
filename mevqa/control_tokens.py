"""Texts that models read as control (``<image>``, ``<|im_end|>``) where they stand in somebody's words.

A picture's placeholder in a question would take the place of a picture, an end of a turn would end it. Such texts are
made plain by a space behind their first character: visible, the same for every model, and no tokeniser reads it as
the token.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "control_tokens.yaml"


class _Table(StrictModel):
    """The known texts.

    Attributes:
        pictures: They stand for pictures or surround them.
        turns: They begin or end turns.
        others: They begin, end or fill a sequence.
    """

    pictures: tuple[str, ...]
    turns: tuple[str, ...]
    others: tuple[str, ...]


@cache
def known_control_tokens() -> frozenset[str]:
    """Return the control tokens of the known model families."""
    table = read_yaml(_TABLE, _Table)
    return frozenset(table.pictures + table.turns + table.others)


def find_control_tokens(text: str, tokens: Iterable[str] | None = None) -> list[str]:
    """Return the control tokens in a text, in the order of their first place.

    Args:
        text: Somebody's words.
        tokens: Tokens to look for; None: the tokens of the known families.
    """
    present = [token for token in (known_control_tokens() if tokens is None else tokens) if token in text]
    # <image> within <<image>> is one of them and not two.
    longest = [token for token in present if not any(token in other and token != other for other in present)]
    return sorted(longest, key=text.index)


def escape_control_tokens(text: str, tokens: Iterable[str] | None = None) -> str:
    """Return the text with each control token made plain: ``<image>`` becomes ``< image>``.

    Args:
        text: Somebody's words.
        tokens: Tokens to look for, none of them white space alone; None: the tokens of the known families.
    """
    known = known_control_tokens() if tokens is None else tokens
    while present := [token for token in known if token in text]:
        longest = max(present, key=lambda token: (len(token), token))
        text = text.replace(longest, f"{longest[0]} {longest[1:]}")
    return text


def remove_control_tokens(text: str) -> str:
    """Return the text without the control tokens of the known families, a space in place of each."""
    for token in find_control_tokens(text):
        text = text.replace(token, " ")
    return text
