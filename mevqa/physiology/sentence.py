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
_OWN_PLACEHOLDERS = ("size", "percent")


class Phrase(StrictModel):
    """The wording for one feature.

    Attributes:
        feature: Its name.
        least: Smallest change that counts as a rise or fall.
        rose: Wording of a rise; None: nothing is written.
        fell: Wording of a fall.
        steady: Wording of a smaller change.
    """

    feature: str
    least: float = Field(gt=0)
    rose: str | None = None
    fell: str | None = None
    steady: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Phrase:
        _check_known(self.feature, tuple(feature_groups()), "feature")
        placeholders = (*_OWN_PLACEHOLDERS, *feature_groups())
        for text in filter(None, (self.rose, self.fell, self.steady)):
            _check_placeholders(text, placeholders, 1.0)
        return self


class SentenceTemplate(StrictModel):
    """Template of a sentence about features.

    Attributes:
        begin: Beginning of the sentence.
        phrases: In their order.
        between: Separator of the phrases.
        end: End, behind the last phrase.
        missing: Wording for groups of which nothing was measured, {groups}.
        groups: Names of the groups.
        several: Wording for each of several events of a video, {onset}, {offset} and {phrases}.
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


def _check_known(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}; {did_you_mean(name, known)}")


def _check_placeholders(text: str, known: Sequence[str], value: object) -> None:
    names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    for name in names:
        _check_known(name, known, "placeholder")
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
        template: Their wording.
    """
    body = _body(features, template)
    return template.begin + body if body else ""


def _body(features: Mapping[str, float], template: SentenceTemplate) -> str:
    """Return the phrases about an event, without the beginning; empty where there are none."""
    finite = {name: value for name, value in features.items() if math.isfinite(value)}
    phrases = [text for phrase in template.phrases if (text := _phrase(phrase, finite))]
    if not phrases:
        return ""
    measured = {feature_groups()[name] for name in finite}
    unmeasured = [template.groups.get(group, group) for group in GROUPS if group not in measured]
    missing = template.missing.format(groups=", ".join(unmeasured)) if unmeasured else ""
    return template.between.join(phrases) + template.end + missing


def _phrase(phrase: Phrase, features: Mapping[str, float]) -> str:
    if phrase.feature not in features:
        return ""
    value = features[phrase.feature]
    text = phrase.rose if value >= phrase.least else phrase.fell if value <= -phrase.least else phrase.steady
    names = [name for _, name, _, _ in string.Formatter().parse(text or "") if name is not None]
    if not text or any(name not in features for name in names if name not in _OWN_PLACEHOLDERS):
        return ""
    return text.format(**features, size=abs(value), percent=100 * abs(math.exp(value) - 1))


def describe_videos(rows: Sequence[FeatureRow], template: SentenceTemplate) -> dict[str, str]:
    """Return a note for each video of a table; videos of whose events nothing was measured have none.

    Args:
        rows: The table.
        template: Wording of the features.
    """
    by_video: dict[str, list[FeatureRow]] = {}
    for row in rows:
        by_video.setdefault(row.video, []).append(row)
    notes = {}
    for video, video_rows in by_video.items():
        described = [(row, body) for row in video_rows if (body := _body(row.values, template))]
        if len(video_rows) == 1 and described:
            notes[video] = template.begin + described[0][1]
        elif described:
            parts = [
                template.several.format(onset=row.onset, offset=row.offset, phrases=body) for row, body in described
            ]
            notes[video] = template.begin + " ".join(parts)
    return notes
