"""The features and their windows, as ``features.yaml`` has them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from mevqa.files.strict_yaml import StrictModel, read_yaml

#: Signals that are measured, or missing, together: cardiac is ECG or PPG.
Group = Literal["eeg", "cardiac", "rsp", "eda", "skt"]
GROUPS: tuple[Group, ...] = get_args(Group)
#: Begin and end in s from the onset of an event.
Window: TypeAlias = tuple[float, float]


class Feature(StrictModel):
    """A feature: one number that is measured at an event.

    Attributes:
        unit: Its unit, empty for counts and shares.
        about: Description.
    """

    unit: str
    about: str


class GroupDefinition(StrictModel):
    """The features of one group of signals.

    Attributes:
        baseline: Window against which a change is measured.
        response: Window that is measured.
        features: By name.
    """

    baseline: Window
    response: Window
    features: dict[str, Feature]


class FeatureDefinitions(StrictModel):
    """Schema of ``features.yaml``."""

    modalities: dict[Group, GroupDefinition]
    phase_locking: dict[str, Feature]
    bands: dict[str, tuple[float, float]]


@functools.cache
def definitions() -> FeatureDefinitions:
    """Return the definitions of all features."""
    return read_yaml(Path(__file__).with_name("features.yaml"), FeatureDefinitions)


@functools.cache
def feature_groups() -> dict[str, Group]:
    """Return the group of each feature, in the order of the columns."""
    defined = definitions()
    groups: dict[str, Group] = {}
    for group in GROUPS:
        groups |= dict.fromkeys(defined.modalities[group].features, group)
        if group == "eeg":
            groups |= dict.fromkeys(defined.phase_locking, group)
    return groups
