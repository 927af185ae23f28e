"""Key frames by the words in file names: ``sub01_onset.jpg``, ``clipA-ApexFrame.png``, ``顶点.jpg``."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "key_frame_names.yaml"

#: The key frames in the order of time.
ROLES = ("onset", "apex", "offset")


class _Words(StrictModel):
    roles: dict[str, tuple[str, ...]]
    affixes: tuple[str, ...]
    together: tuple[dict[str, str], ...]


@functools.cache
def _table() -> _Words:
    return read_yaml(_TABLE, _Words)


@functools.cache
def _words() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the role of each word that must stand alone, and of each that is found anywhere."""
    table = _table()
    affixes = [_fold(affix) for affix in table.affixes]
    alone: dict[str, str] = {}
    anywhere: dict[str, str] = {}
    for role, words in table.roles.items():
        for word in map(_fold, words):
            if _has_spaces(word):
                alone |= {word: role}
                alone |= {joined: role for affix in affixes for joined in (word + affix, affix + word)}
            else:
                anywhere[word] = role
    return alone, anywhere


def named_role(stem: str) -> str | None:
    """Return which key frame a file name names: ``onset``, ``apex``, ``offset`` or ``neutral``.

    Args:
        stem: The name without its suffix.

    Returns:
        None when it names none, or several.
    """
    alone, anywhere = _words()
    roles = {alone[token] for token in _tokens(stem) if token in alone}
    roles |= {role for word, role in anywhere.items() if word in _fold(stem)}
    return roles.pop() if len(roles) == 1 else None


def roles_together(stems: Sequence[str]) -> list[str | None]:
    """Return which key frame each file names by words that say so only together (before and after; O, A and F).

    Args:
        stems: The names of all files without their suffixes.

    Returns:
        None for each when they name none.
    """
    tokens_of_names = [_tokens(stem) for stem in stems]
    for words in _table().together:
        role_of = {_fold(word): role for role, word in words.items()}
        roles = [{role_of[token] for token in tokens & role_of.keys()} for tokens in tokens_of_names]
        one_role_each = all(len(roles_of_name) == 1 for roles_of_name in roles)
        if len(stems) == len(words) and one_role_each and len(set().union(*roles)) == len(words):
            return [role for roles_of_name in roles for role in roles_of_name]
    return [None] * len(stems)


def _tokens(stem: str) -> set[str]:
    """Return the words of a name, folded."""
    composed = unicodedata.normalize("NFKC", stem)
    # A change of case parts words: clipA-ApexFrame. Names in capitals only have none.
    parted = re.sub(r"(?<=[^\W\d_a-z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", " ", composed)
    return {*re.findall(r"[^\W\d_]+", _fold(composed)), *re.findall(r"[^\W\d_]+", _fold(parted))}


def _fold(text: str) -> str:
    """Return text without differences of case, width and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in parts if unicodedata.category(sign) != "Mn"))


def _has_spaces(word: str) -> bool:
    """Return whether a word is of a script that puts spaces between words."""
    names = [unicodedata.name(sign, "") for sign in word]
    return not any(name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL")) for name in names)
