"""Keys under which spellings of one name are equal: of clips, videos and files, and of people.

Names pass through macOS (decomposed accents), Windows (any case), spreadsheets (``006`` becomes ``6`` or ``6.0``) and
hands. Every place that looks a name of one file up in another, or on a disk, compares these keys.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

#: Prefixes of the number of a subject: CASME II (sub01), SMIC (s01), CAS(ME)^3 (spNO.1); others as people write
#: them.
_SUBJECT_PREFIXES = ("participant", "subject", "person", "subj", "spno", "sub", "sp", "s", "被试", "受试者")
_SUBJECT = re.compile(rf"(?:{'|'.join(_SUBJECT_PREFIXES)})?[\s._-]*(\d+(?:\.0+)?)")
#: Zeros before the other digits of a number.
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


class AmbiguousName(ValueError):
    """A name that is spelt as none of several names, and might be each of them."""


def fold_name(name: str) -> str:
    """Return a name without case, without blanks around it, in the composed Unicode form; ``7.0`` is ``7``."""
    folded = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())
    return re.sub(r"^(\d+)\.0+$", r"\1", folded)


@functools.lru_cache(maxsize=1 << 14)
def match_key(name: str) -> str:
    """Return the key under which spellings of one name are equal: ``fold_name`` without leading zeros of its numbers.

    ``s01_ne_01`` and ``S1_ne_1`` have one key, ``1_12`` and ``11_2`` have two.
    """
    return _LEADING_ZEROS.sub("", fold_name(name))


@functools.lru_cache(maxsize=1 << 14)
def subject_key(name: str) -> str:
    """Return the key under which spellings of one person are equal: ``1`` for ``s01``, ``sub001``, ``spNO.1``, ``1.0``.

    Two data sets may each have a subject 1; compare the data sets too.
    """
    key = match_key(name)
    match = _SUBJECT.fullmatch(key)
    return match_key(match[1]) if match else key


class NameIndex:
    """Names that are looked up in any spelling.

    Attributes:
        key: What the spellings of one name have in common.
    """

    def __init__(self, names: Iterable[str], key: Callable[[str], str] = match_key) -> None:
        """Keep names.

        Args:
            names: The names.
            key: What the spellings of one name have in common.
        """
        self.key = key
        self._names = dict.fromkeys(names)
        self._by_key: dict[str, list[str]] = {}
        for name in self._names:
            self._by_key.setdefault(key(name), []).append(name)

    def find(self, name: str) -> str | None:
        """Return the name that is spelt so, else the one that is another spelling of it; None when there is none.

        Raises:
            AmbiguousName: Several names are other spellings of it.
        """
        if name in self._names:
            return name
        alike = self._by_key.get(self.key(name), [])
        # Leading zeros tell names apart where there are several.
        alike = [other for other in alike if fold_name(other) == fold_name(name)] or alike
        if len(alike) > 1:
            listed = " and ".join(map(repr, alike[:3]))
            raise AmbiguousName(f"{name!r} may be {listed}; spell it as one of them")
        return alike[0] if alike else None


def spelling_notes(people: Iterable[tuple[str | None, str | None]]) -> Iterator[str]:
    """Yield a sentence when people are spelt in several ways, which count as one person each.

    Args:
        people: Data set and subject, any number of times; None where one is not known.
    """
    groups: dict[tuple[str | None, str], dict[str, None]] = {}
    for dataset, subject in people:
        if subject and subject.strip():
            groups.setdefault((dataset, subject_key(subject)), {})[subject] = None
    several = [", ".join(map(repr, list(group)[:4])) for group in groups.values() if len(group) > 1]
    if several:
        examples = "; ".join(several[:3]) + ("; ..." if several[3:] else "")
        are = (
            "subjects are spelt in several ways and count as one person each"
            if several[1:]
            else ("subject is spelt in several ways and counts as one person")
        )
        yield f"{len(several)} {are}: {examples}"
