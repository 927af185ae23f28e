"""Action units and emotion classes: numbers, names, sides, spelling variants, merges; from tables in YAML.

Source of the numbers and names: Ekman, Friesen and Hager, Facial Action Coding System (2002), in the spelling of the
MEGC question files. Sides are the subject's own left and right.
"""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass
from typing import Literal

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

Side = Literal["left", "right"]


class UnknownActionUnit(ValueError):
    """A name, number or code that is no action unit of the table."""


class UnknownEmotion(ValueError):
    """A class name that is not in the table of emotions."""


class _Unit(StrictModel):
    number: int
    name: str
    variants: tuple[str, ...] = ()
    official: bool = False


class _UnitTable(StrictModel):
    units: tuple[_Unit, ...]


class _Prototype(StrictModel):
    units: tuple[int, ...]
    source: str


class _EmotionTable(StrictModel):
    spellings: dict[str, tuple[str, ...]]
    coarse: dict[str, tuple[str, ...]]
    prototypes: dict[str, _Prototype]


_UNITS = read_yaml(TABLES / "action_units.yaml", _UnitTable).units
_EMOTIONS = read_yaml(TABLES / "emotions.yaml", _EmotionTable)
_NAMES = {unit.number: unit.name for unit in sorted(_UNITS, key=lambda unit: unit.number)}

#: The coarse classes.
COARSE_CLASSES: tuple[str, ...] = tuple(_EMOTIONS.coarse)
#: The units that are typical of each fine class that has a prototype.
FINE_PROTOTYPES: dict[str, tuple[int, ...]] = {
    name: prototype.units for name, prototype in _EMOTIONS.prototypes.items()
}
#: Vocabulary of the official question files, in the order of the unit numbers.
UNIT_NAMES: tuple[str, ...] = tuple(unit.name for unit in sorted(_UNITS, key=lambda u: u.number) if unit.official)

_ENDING = re.compile(r"(?<=\w\w)(?:ing|er|or|ar|ed|s|e)$")


@functools.lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    """Strip the endings in which spellings of one unit differ (raiser, raised; dilator, dilater; lip, lips)."""
    shorter = _ENDING.sub("", word)
    while shorter != word:
        word, shorter = shorter, _ENDING.sub("", shorter)
    return re.sub(r"(.)\1$", r"\1", word)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in re.findall(r"[a-z]+|\d+", text.lower()))


_BY_STEMS = {_stems(name): unit.number for unit in _UNITS for name in (unit.name, *unit.variants)}
_LONGEST = max(len(stems) for stems in _BY_STEMS)


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One action unit as coded, ordered by number and then by side.

    Attributes:
        number: FACS number.
        side: The subject's own side when only that one moves, None for both sides.
    """

    number: int
    side: Side | None = None

    def __post_init__(self) -> None:
        """Refuse numbers and sides that do not exist.

        Raises:
            UnknownActionUnit: The table has no such unit.
            ValueError: The side is neither left nor right.
        """
        if self.number not in _NAMES:
            raise UnknownActionUnit(f"there is no action unit {self.number}")
        if self.side not in (None, "left", "right"):
            raise ValueError(f"the side of an action unit is left or right, not {self.side!r}")

    @property
    def name(self) -> str:
        """Official lower-case FACS name, without the side."""
        return _NAMES[self.number]

    def __lt__(self, other: ActionUnit) -> bool:
        return (self.number, self.side or "") < (other.number, other.side or "")

    def __str__(self) -> str:
        """Coder notation: ``12``, ``L12``, ``R12``."""
        return f"{self.side[0].upper() if self.side else ''}{self.number}"


def unit_name(number: int) -> str:
    """Return the official name of a unit.

    Raises:
        UnknownActionUnit: The table has no such unit.
    """
    if number not in _NAMES:
        raise UnknownActionUnit(f"there is no action unit {number}")
    return _NAMES[number]


def unit_number(name: str) -> int:
    """Return the number of a unit, whatever the spelling.

    Args:
        name: ``lip corner puller``, ``Lip-Corner Puller``, ``nostril dilator``, ``AU4``, ``AU 04``, ``4``.

    Raises:
        UnknownActionUnit: Not a unit; the message suggests the nearest name.
    """
    code = re.fullmatch(r"(?:(?:facs\s*)?(?:au|action\s*unit)s?\s*[-_#]?\s*)?0*(\d{1,9})", name.strip(), re.IGNORECASE)
    if code:
        unit_name(int(code[1]))
        return int(code[1])
    stems = _stems(re.sub(r"^\s*(?:the\s+)?(?:(?:action\s+unit|AU)s?\s+)?", "", name, flags=re.IGNORECASE))
    if stems in _BY_STEMS:
        return _BY_STEMS[stems]
    close = difflib.get_close_matches(name.strip().lower(), _NAMES.values(), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise UnknownActionUnit(f"{name[:80]!r} is not an action unit{hint}")


# Coder notation. L and R: one side. T and B (top and bottom lip), U and D (up and down, U also for unilateral without a
# side), M (movement) and A (asymmetric) say something else and are dropped. A trailing A to E is the intensity; "?" and
# "(k)" mark doubt in the files of SAMM and 4DME.
_CODE = re.compile(r"(?:AU)?\s*([LRTBUDMA]*)\s*(?:AU)?\s*0*(\d{1,2})\s*([LR]?)([A-E]?)\s*(?:\?|\(\w\))*", re.IGNORECASE)
_NOTHING = frozenset({"", "/", "-", "--", "0", "none", "nan", "n/a", "neutral"})


def parse_units(text: str) -> tuple[ActionUnit, ...]:
    """Read a coder's string.

    Args:
        text: Units divided by ``+ , ; & /`` or spaces: ``L4+R12``, ``4, 7``, ``AU4, AU7``, ``B28``, ``R14A``, or
            official names divided by commas. Empty, ``/``, ``0`` and ``none`` mean no unit.

    Returns:
        The units in the order of the string, each once.

    Raises:
        UnknownActionUnit: A part is no unit, or the coder left alternatives ("14 or 15").
    """
    if text.strip().lower() in _NOTHING:
        return ()
    if re.search(r"\bor\b", text, re.IGNORECASE):
        raise UnknownActionUnit(f"{text!r} leaves a choice; write the units that are meant")
    units: dict[ActionUnit, None] = {}
    for part in filter(None, re.split(r"\s*(?:[+,;&/、，]|\band\b)\s*", text.strip(), flags=re.IGNORECASE)):
        for unit in _parse_part(part, text):
            units[unit] = None
    return tuple(units)


def _parse_part(part: str, text: str) -> list[ActionUnit]:
    """Read what stands between two separators: a code, several codes divided by spaces, or a name."""
    if _CODE.fullmatch(part.strip()):
        return [_parse_code(part)]
    words = part.split()
    if len(words) > 1 and all(_CODE.fullmatch(word) for word in words):
        return [_parse_code(word) for word in words]
    side: Side | None = None
    name = part
    if words[0].lower() in ("left", "right") and len(words) > 1:
        side, name = ("left" if words[0].lower() == "left" else "right"), " ".join(words[1:])
    try:
        return [ActionUnit(unit_number(name), side)]
    except UnknownActionUnit as error:
        raise UnknownActionUnit(f"{error} (in {text!r})" if part != text else str(error)) from None


def _parse_code(code: str) -> ActionUnit:
    match = _CODE.fullmatch(code.strip())
    if match is None:
        raise UnknownActionUnit(f"{code!r} is not an action unit")
    letters = (match[1] + match[3]).upper()
    left, right = "L" in letters, "R" in letters
    return ActionUnit(int(match[2]), "left" if left and not right else "right" if right and not left else None)


_MENTION = re.compile(
    r"\b(?:AUs?|action\s+units?)\s*[-_#:]?\s*(\d+(?:\s*(?:[+,&/]|\band\b)\s*(?:AU\s*)?\d+)*)", re.IGNORECASE
)


def find_units(text: str) -> tuple[int, ...]:
    """Return the units that a free text names, by name or as ``AU4``, ``AU 4+7``, in the order of the text, each once.

    The longest name wins where names overlap. Bare numbers are no units.
    """
    return tuple(dict.fromkeys(number for _, _, number in unit_mentions(text)))


def unit_mentions(text: str) -> list[tuple[int, int, int]]:
    """Return where a free text names units: begin, end and number of each mention, in the order of the text."""
    hits: list[tuple[int, int, int]] = []
    for match in _MENTION.finditer(text):
        for digits in re.finditer(r"(?:AU\s*)?(\d+)", match[1], re.IGNORECASE):
            # Python reads no numbers of more than 4,300 digits.
            if len(digits[1]) < 10 and int(digits[1]) in _NAMES:
                begin = match.start(1) + digits.start()
                first = not hits or hits[-1][1] <= match.start()
                hits.append((match.start() if first else begin, match.start(1) + digits.end(), int(digits[1])))
    words = list(re.finditer(r"[a-z]+", text.lower()))
    stems = [_stem(word[0]) for word in words]
    at = 0
    while at < len(stems):
        for length in range(min(_LONGEST, len(stems) - at), 0, -1):
            number = _BY_STEMS.get(tuple(stems[at : at + length]))
            gaps = (text[words[i].end() : words[i + 1].start()] for i in range(at, at + length - 1))
            if number is not None and not any(re.search(r"[,.;:()\d]", gap) for gap in gaps):
                hits.append((words[at].start(), words[at + length - 1].end(), number))
                at += length - 1
                break
        at += 1
    return sorted(hits)


def coarse_of(fine: str) -> str | None:
    """Return the coarse class of a fine class (MEGC 2019 merge), None when it has none or is unknown."""
    try:
        name = canonical_fine(fine)
    except UnknownEmotion:
        return None
    return next((coarse for coarse, members in _EMOTIONS.coarse.items() if name in members), None)


def canonical_fine(name: str) -> str:
    """Return the canonical spelling of a fine class: ``Happy`` -> ``happiness``.

    Raises:
        UnknownEmotion: There is no such class.
    """
    simple = " ".join(name.lower().replace("_", " ").split()).strip(" .")
    for canonical, spellings in _EMOTIONS.spellings.items():
        if simple == canonical or simple in spellings:
            return canonical
    known = ", ".join(_EMOTIONS.spellings)
    raise UnknownEmotion(f"{name!r} is not an emotion class; known classes: {known}")


def fine_spellings() -> dict[str, str]:
    """Return every spelling of a fine class, with its canonical one."""
    return {word: name for name, others in _EMOTIONS.spellings.items() for word in (name, *others)}


def canonical_coarse(name: str) -> str:
    """Return the canonical spelling of a coarse class.

    Raises:
        UnknownEmotion: It is none of positive, negative and surprise.
    """
    simple = name.strip().lower()
    if simple in _EMOTIONS.coarse:
        return simple
    raise UnknownEmotion(f"{name!r} is not a coarse class; known classes: {', '.join(_EMOTIONS.coarse)}")


def prototype_units(fine: str) -> tuple[int, ...]:
    """Return the numbers of the units that are typical of a fine class; empty for classes without a prototype.

    Raises:
        UnknownEmotion: There is no such class.
    """
    return FINE_PROTOTYPES.get(canonical_fine(fine), ())
