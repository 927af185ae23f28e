"""The signals around an event as a sentence for a prompt, by a template in YAML."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.physiology.feature_table import FeatureRow
from mevqa.physiology.features.definition import GROUPS, Group, feature_groups
from mevqa.suggestions import did_you_mean

_TEMPLATE = Path(__file__).with_name("sentence.yaml")
_OWN = ("size", "percent")


class Phrase(StrictModel):
    """What is said of one feature.

    Attributes:
        feature: Its name.
        least: From which size on it rose or fell.
        rose: What is said then; None: nothing.
        fell: What is said when it fell.
        steady: What is said when it did neither.
    """

    feature: str
    least: float = Field(gt=0)
    rose: str | None = None
    fell: str | None = None
    steady: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Phrase:
        _known(self.feature, tuple(feature_groups()), "feature")
        known = (*_OWN, *feature_groups())
        for text in filter(None, (self.rose, self.fell, self.steady)):
            _check_placeholders(text, known, 1.0)
        return self


class SentenceTemplate(StrictModel):
    """How features are told in words.

    Attributes:
        begin: What the sentence begins with.
        phrases: In their order.
        between: What stands between phrases.
        end: What stands behind the last one.
        missing: What is said of groups of which nothing was measured, {groups}.
        groups: What the groups are called.
        several: What is said of each of several events of a video, {onset}, {offset} and {phrases}.
    """

    begin: str
    phrases: tuple[Phrase, ...] = Field(min_length=1)
    between: str
    end: str
    missing: str
    groups: dict[Group, str]
    several: str

    @field_validator("missing")
    @classmethod
    def _check_missing(cls, text: str) -> str:
        _check_placeholders(text, ("groups",), "x")
        return text

    @field_validator("several")
    @classmethod
    def _check_several(cls, text: str) -> str:
        _check_placeholders(text, ("onset", "offset", "phrases"), "x")
        return text


def _known(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}; {did_you_mean(name, known)}")


def _check_placeholders(text: str, known: Sequence[str], value: object) -> None:
    names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    for name in names:
        _known(name, known, "placeholder")
    text.format(**dict.fromkeys(names, value))


def read_template(path: Path | None = None) -> SentenceTemplate:
    """Read a template; None: the shipped one.

    Raises:
        InputError: Every misfit of the file, with its line.
    """
    return read_yaml(path or _TEMPLATE, SentenceTemplate)


def describe(features: Mapping[str, float], template: SentenceTemplate) -> str:
    """Return the features of an event in words; empty where nothing was measured of which the template speaks.

    Args:
        features: By name; NaN, or no key, for what is missing.
        template: How they are told.
    """
    body = _body(features, template)
    return template.begin + body if body else ""


def _body(features: Mapping[str, float], template: SentenceTemplate) -> str:
    """Return what is said of an event behind the beginning; empty where nothing is."""
    known = {name: value for name, value in features.items() if math.isfinite(value)}
    phrases = [text for phrase in template.phrases if (text := _phrase(phrase, known))]
    if not phrases:
        return ""
    measured = {feature_groups()[name] for name in known}
    lacking = [template.groups.get(group, group) for group in GROUPS if group not in measured]
    missing = template.missing.format(groups=", ".join(lacking)) if lacking else ""
    return template.between.join(phrases) + template.end + missing


def _phrase(phrase: Phrase, known: Mapping[str, float]) -> str:
    if phrase.feature not in known:
        return ""
    value = known[phrase.feature]
    text = phrase.rose if value >= phrase.least else phrase.fell if value <= -phrase.least else phrase.steady
    names = [name for _, name, _, _ in string.Formatter().parse(text or "") if name is not None]
    if not text or any(name not in known for name in names if name not in _OWN):
        return ""
    return text.format(**known, size=abs(value), percent=100 * abs(math.exp(value) - 1))


def describe_videos(rows: Sequence[FeatureRow], template: SentenceTemplate) -> dict[str, str]:
    """Return a note for each video of a table; videos of whose events nothing was measured have none.

    Args:
        rows: The table.
        template: How features are told.
    """
    by_video: dict[str, list[FeatureRow]] = {}
    for row in rows:
        by_video.setdefault(row.video, []).append(row)
    notes = {}
    for video, own in by_video.items():
        told = [(row, body) for row in own if (body := _body(row.values, template))]
        if len(own) == 1 and told:
            notes[video] = template.begin + told[0][1]
        elif told:
            parts = [template.several.format(onset=row.onset, offset=row.offset, phrases=body) for row, body in told]
            notes[video] = template.begin + " ".join(parts)
    return notes
