"""The admissible answers of open questions, written so that a model can only spell admissible ones.

A grammar answers one question: which segments may follow what has been written? Segments begin with their own space
or comma (``", lid tightener"``, never ``", "`` followed by a name), which is where the common tokenisers cut words, and
a choice between ending and going on is one choice between segments. ``admits`` and ``parse`` read whole answers back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

SEPARATOR = ", "


class AnswerGrammar(Protocol):
    """A grammar that also reads answers back."""

    def next(self, text: str) -> tuple[str, ...]:
        """Return the segments that may follow ``text``; see ``mevqa.types.Grammar``."""
        ...

    def parse(self, text: str) -> Any:
        """Return the value that the complete answer ``text`` spells.

        Raises:
            ValueError: The grammar does not admit ``text``.
        """
        ...


def admits(grammar: AnswerGrammar, text: str) -> bool:
    """Return whether ``text`` is a complete answer of ``grammar``."""
    try:
        grammar.parse(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Choices:
    """Exactly one of a fixed list.

    Attributes:
        options: The list, in the order of preference on a tie.
    """

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse lists that cannot be answered.

        Raises:
            ValueError: No option, an empty option or a doubled option.
        """
        _check_vocabulary(self.options)

    def next(self, text: str) -> tuple[str, ...]:
        """Return all options at the start, nothing after one of them, the missing rests in between."""
        rests = (option[len(text) :] for option in self.options if option.startswith(text))
        return _only_end_is_end(rests)

    def parse(self, text: str) -> str:
        """Return the option.

        Raises:
            ValueError: ``text`` is none of the options.
        """
        if text not in self.options:
            raise ValueError(f"{text!r} is none of: {SEPARATOR.join(self.options)}")
        return text


@dataclass(frozen=True, slots=True)
class NameList:
    """Different names joined by ``", "``, in any order: facial action units.

    Attributes:
        names: The vocabulary.
        at_least: Fewest names, 1 or more.
        at_most: Most names.
    """

    names: tuple[str, ...]
    at_least: int = 1
    at_most: int = 1

    def __post_init__(self) -> None:
        """Refuse lists that cannot be answered.

        Raises:
            ValueError: A bad vocabulary, a name that holds the separator, or bounds that no list meets.
        """
        _check_vocabulary(self.names)
        if any(SEPARATOR.strip() in name for name in self.names):
            raise ValueError("a name of a list must not hold a comma")
        if not 1 <= self.at_least <= self.at_most or self.at_least > len(self.names):
            raise ValueError(f"no list has {self.at_least} to {self.at_most} of {len(self.names)} names")

    def next(self, text: str) -> tuple[str, ...]:
        """Return the names that are left, each with its separator, and the end where the list may end."""
        *before, last = text.split(SEPARATOR)
        if len(set(before)) < len(before) or any(name not in self.names for name in before):
            return ()
        left = [name for name in self.names if name not in before]
        rests = [name[len(last) :] for name in left if name.startswith(last) and len(before) < self.at_most]
        if last not in left:
            return tuple(rests)
        segments = [rest for rest in rests if rest]
        count = len(before) + 1
        if count >= self.at_least:
            segments.insert(0, "")
        if count < self.at_most:
            segments.extend(SEPARATOR + name for name in left if name != last)
        return () if segments == [""] else tuple(segments)

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the names in the order in which they are written.

        Raises:
            ValueError: An unknown or doubled name, too few or too many.
        """
        names = tuple(text.split(SEPARATOR))
        for name in names:
            if name not in self.names:
                raise ValueError(f"{name!r} is not in the vocabulary of action units")
        if len(set(names)) < len(names):
            raise ValueError("a name stands twice")
        if not self.at_least <= len(names) <= self.at_most:
            raise ValueError(f"{len(names)} names where {self.at_least} to {self.at_most} are asked for")
        return names


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from 0, digit by digit.

    Attributes:
        at_most: The largest number.
    """

    at_most: int = 99

    def __post_init__(self) -> None:
        """Refuse a negative bound.

        Raises:
            ValueError: ``at_most`` is below zero.
        """
        if self.at_most < 0:
            raise ValueError("the largest number must not be negative")

    def next(self, text: str) -> tuple[str, ...]:
        """Return the digits that may follow, and the end after the first."""
        if not text:
            return tuple(str(digit) for digit in range(min(self.at_most, 9) + 1))
        if not self._is_number(text) or text == "0":
            return ()
        digits = tuple(str(digit) for digit in range(10) if int(text) * 10 + digit <= self.at_most)
        return ("", *digits) if digits else ()

    def parse(self, text: str) -> int:
        """Return the number.

        Raises:
            ValueError: Not a whole number in decimal digits without leading zeros, or too large.
        """
        if not self._is_number(text):
            raise ValueError(f"{text!r} is not a whole number from 0 to {self.at_most}")
        return int(text)

    def _is_number(self, text: str) -> bool:
        return text.isascii() and text.isdigit() and str(int(text)) == text and int(text) <= self.at_most


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place of a ``Template``.

    Attributes:
        name: Key of its value in ``Template.parse``.
        grammar: What may stand there.
    """

    name: str
    grammar: AnswerGrammar


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with fixed words and slots.

    The space before a slot is written with the slot (``" brow lowerer"``), since tokenisers keep a word and the space
    before it together.

    Attributes:
        parts: Fixed texts and slots in order.
    """

    parts: tuple[str | Slot, ...]
    _steps: tuple[str | _SpacedSlot, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Move the space before each slot into the slot."""
        steps: list[str | _SpacedSlot] = []
        for part in self.parts:
            if isinstance(part, str):
                steps.append(part)
                continue
            space = ""
            if steps and isinstance(steps[-1], str) and steps[-1].endswith(" "):
                space, steps[-1] = " ", steps[-1][:-1]
            steps.append(_SpacedSlot(part, space))
        object.__setattr__(self, "_steps", tuple(step for step in steps if step != ""))

    def next(self, text: str) -> tuple[str, ...]:
        """Return the rest of the fixed text, or what may follow in the slot that is being written."""
        return _only_end_is_end(self._next(0, text))

    def _next(self, step: int, text: str) -> Iterator[str]:
        if step == len(self._steps):
            if not text:
                yield ""
            return
        part = self._steps[step]
        if isinstance(part, str):
            if text.startswith(part):
                yield from self._next(step + 1, text[len(part) :])
            elif part.startswith(text):
                yield part[len(text) :]
            return
        for end in part.ends(text, self._fixed_after(step)):
            yield from self._next(step + 1, text[end:])
        yield from (segment for segment in part.next(text) if segment)

    def parse(self, text: str) -> dict[str, Any]:
        """Return the value of each slot by name.

        Raises:
            ValueError: The sentence is worded otherwise, or a slot does not admit what stands there.
        """
        values = self._parse(0, text)
        if values is None:
            raise ValueError(f"{text!r} does not have the wording of the sentence")
        return values

    def _parse(self, step: int, text: str) -> dict[str, Any] | None:
        if step == len(self._steps):
            return {} if not text else None
        part = self._steps[step]
        if isinstance(part, str):
            return self._parse(step + 1, text[len(part) :]) if text.startswith(part) else None
        for end in part.ends(text, self._fixed_after(step)):
            rest = self._parse(step + 1, text[end:])
            if rest is not None:
                return {part.slot.name: part.slot.grammar.parse(text[len(part.space) : end]), **rest}
        return None

    def _fixed_after(self, step: int) -> str:
        """Return the fixed text behind a slot, empty where another slot or the end follows."""
        after = self._steps[step + 1] if step + 1 < len(self._steps) else ""
        return after if isinstance(after, str) else ""


@dataclass(frozen=True, slots=True)
class _SpacedSlot:
    """A slot whose segments begin with the space before it."""

    slot: Slot
    space: str

    def next(self, text: str) -> tuple[str, ...]:
        if not text:
            return tuple(self.space + segment for segment in self.slot.grammar.next(""))
        return self.slot.grammar.next(text[len(self.space) :]) if text.startswith(self.space) else ()

    def ends(self, text: str, fixed_after: str) -> list[int]:
        """Return every position at which a complete value may end, the longest first.

        Args:
            text: What begins with the slot.
            fixed_after: What must stand, or begin, behind the value; empty where that is not known.
        """
        if not text.startswith(self.space):
            return []
        start = len(self.space)
        # Cheap before dear: most positions are inside of a name.
        fitting = (
            end
            for end in range(len(text), start, -1)
            if fixed_after.startswith(text[end : end + len(fixed_after)]) or not fixed_after
        )
        return [end for end in fitting if admits(self.slot.grammar, text[start:end])]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Union of several grammars: the singular and the plural wording of a sentence.

    Attributes:
        grammars: The alternatives.
    """

    grammars: tuple[AnswerGrammar, ...]

    def next(self, text: str) -> tuple[str, ...]:
        """Return the segments of all alternatives that ``text`` may still become."""
        segments: list[str] = []
        for grammar in self.grammars:
            following = grammar.next(text)
            segments.extend(following if following or not admits(grammar, text) else ("",))
        return _only_end_is_end(segments)

    def parse(self, text: str) -> Any:
        """Return the value under the first alternative that admits ``text``.

        Raises:
            ValueError: None of them does.
        """
        reasons = []
        for grammar in self.grammars:
            try:
                return grammar.parse(text)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError("; ".join(dict.fromkeys(reasons)))


def _check_vocabulary(names: Sequence[str]) -> None:
    if not names or not all(names) or len(set(names)) < len(names):
        raise ValueError("a vocabulary needs names, none empty and none twice")


def _only_end_is_end(segments: Iterable[str]) -> tuple[str, ...]:
    """Return the different segments in order; the end alone is the empty tuple, as the protocol says."""
    unique = tuple(dict.fromkeys(segments))
    return () if unique == ("",) else unique
