"""Names of subjects, clips and videos, composed from the cells of a label file by rules in a data set's YAML."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, model_validator

from mevqa.files.strict_yaml import StrictModel
from mevqa.names import match_key, subject_key

#: Text of the cells of one row, by field.
Cells = Mapping[str, str]


class _Text(str):
    """A part of a name, with the formats that a template may ask for."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if spec == "lower":
            return self.lower()
        if spec == "key":
            return match_key(self)
        return format(int(self), spec) if spec and self.isdecimal() else str(self)


class NameRule(StrictModel):
    """One way to write a name.

    Attributes:
        write: The name as a template of the row's fields (``{subject}_{filename}``), of ``{number}``, the number in the
            subject's name, and of the groups of the pattern (``{0}``, ``{1}``). ``{number:02}`` writes two digits,
            ``{0:lower}`` small letters, ``{filename:key}`` the key of all spellings of a name.
        of: Template of the text that the pattern must fit.
        pattern: Regular expression, in any case, that must fit the whole of it; None: the rule always holds.
    """

    write: str
    of: str = "{filename}"
    pattern: str | None = None

    @model_validator(mode="after")
    def _check(self) -> NameRule:
        groups = re.compile(self.pattern).groups if self.pattern is not None else 0
        for template in (self.write, self.of):
            for name in _fields(template):
                if not re.fullmatch(r"\w+", name) or (name.isdecimal() and int(name) >= groups):
                    raise ValueError(f"{template!r} has a part {{{name}}} that is neither a field nor a group")
        return self

    @property
    def fields(self) -> Iterator[str]:
        """The fields of the row that the rule needs."""
        return (name for template in (self.write, self.of) for name in _fields(template) if not name.isdecimal())

    def name(self, cells: Cells) -> str | None:
        """Return the name; None where the pattern does not fit, or the row lacks what the name is made of."""
        parts = {field: _Text(cell) for field, cell in cells.items()}
        groups: Sequence[str] = ()
        try:
            if self.pattern is not None:
                match = re.fullmatch(self.pattern, self.of.format(**parts), re.IGNORECASE)
                if match is None:
                    return None
                groups = match.groups(default="")
            return self.write.format(*map(_Text, groups), **parts)
        except KeyError:
            return None


def _fields(template: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def _rules(value: Any) -> Any:
    """Return rules that are written as one rule, or as a bare template, in full."""
    every = value if isinstance(value, (list, tuple)) else [value]
    return [{"write": rule} if isinstance(rule, str) else rule for rule in every]


#: Rules of which the first that fits counts; in YAML also one rule, or a bare template.
NameRules: TypeAlias = Annotated[tuple[NameRule, ...], BeforeValidator(_rules)]


def write_name(rules: Iterable[NameRule], cells: Cells, otherwise: str) -> str:
    """Return the name that the first fitting rule writes, ``otherwise`` where none fits."""
    return next((name for rule in rules if (name := rule.name(cells)) is not None), otherwise)


class RowNames(StrictModel):
    """Rules for the names of subject, clip and video of the rows of a label file, as the official questions write them.

    Attributes:
        subject: The subject; by default the cell as it is.
        clip: The short clip; None: the file is about long videos only.
        video: The long video; None: the file is about short clips only.
        recording: The long video among those of its subject; by default the file name.
        same_video: Rules that are applied one after another to a name of a long video (their ``{filename}``), so that
            all its names (of folders, questions, other tables) become one.
    """

    subject: NameRules = ()
    clip: NameRules | None = None
    video: NameRules | None = None
    recording: NameRules = ()
    same_video: NameRules = ()

    def subject_of(self, cells: Cells) -> str:
        """Return the subject of a row."""
        key = subject_key(cells["subject"])
        number = {"number": key} if key.isdecimal() else {}
        return write_name(self.subject, {**cells, **number}, cells["subject"])

    def clip_of(self, cells: Cells) -> str:
        """Return the id of a row's short clip."""
        return self._written(self.clip or (), cells)

    def video_of(self, cells: Cells) -> str:
        """Return the id of a row's long video."""
        return self._written(self.video or (), cells)

    def recording_of(self, cells: Cells) -> str:
        """Return the name of a row's long video among those of its subject."""
        return self._written(self.recording, cells)

    def video_key(self, name: str) -> str:
        """Return the key under which all names of one long video are equal."""
        if not self.same_video:
            return match_key(name)
        key = name.casefold()
        for rule in self.same_video:
            key = rule.name({"filename": key}) or key
        return key

    def _written(self, rules: Sequence[NameRule], cells: Cells) -> str:
        return write_name(rules, {**cells, "subject": self.subject_of(cells)}, cells["filename"])
