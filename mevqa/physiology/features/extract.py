"""Features of events from the signals of a recording; what cannot be measured is missing, never zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mevqa.physiology.features.cardiac import Beats
from mevqa.physiology.features.definition import GROUPS, Group, feature_groups
from mevqa.physiology.features.eeg import band_powers, phase_locking
from mevqa.physiology.features.respiration import Breaths
from mevqa.physiology.features.skin import SkinConductance, SkinTemperature
from mevqa.physiology.features.windows import Unmeasurable
from mevqa.physiology.types import Channel, Signals

#: Measures one event: features, and why some of them are missing.
_Measure = Callable[[float], tuple[Mapping[str, float], Sequence[str]]]


@dataclass(frozen=True, slots=True)
class EventFeatures:
    """The physiological features of one event.

    Attributes:
        values: By name, in the order of ``feature_groups``; NaN for what is missing.
        measured: Groups of signals of which something was measured.
        flags: Why others were not, by group: ``not recorded``, ``flat``, ``fewer than three intervals between beats``.
    """

    values: Mapping[str, float]
    measured: tuple[Group, ...]
    flags: Mapping[Group, str]


def extract_features(signals: Signals, onsets: Sequence[float], *, phase: bool = False) -> list[EventFeatures]:
    """Measure the signals around events, each against the seconds before it.

    Args:
        signals: The signals of the recording in which the events are.
        onsets: When each event begins, s on the clock of the signals.
        phase: Whether phase locking between electrodes is measured too.

    Raises:
        InputError: A package of the extra ``physiology`` is not installed.
    """
    measures = {group: _measure(signals, group, phase) for group in GROUPS} if len(onsets) else {}
    return [_event(measures, onset) for onset in onsets]


def _event(measures: Mapping[Group, _Measure | None], onset: float) -> EventFeatures:
    values = dict.fromkeys(feature_groups(), float("nan"))
    flags: dict[Group, str] = {}
    measured = []
    for group, measure in measures.items():
        if measure is None:
            flags[group] = "no channel"
            continue
        try:
            features, why = measure(onset)
        except Unmeasurable as error:
            flags[group] = str(error)
            continue
        finite = {name: value for name, value in features.items() if np.isfinite(value)}
        values.update(finite)
        if finite:
            measured.append(group)
        if why or not finite:
            flags[group] = ", ".join(why) or "not measurable"
    return EventFeatures(values, tuple(measured), flags)


def _measure(signals: Signals, group: Group, phase: bool) -> _Measure | None:
    """Return the function that measures a group of signals, None where these were not recorded."""
    if group == "cardiac":
        heart = (*signals.of("ecg"), *signals.of("ppg"))
        return Beats(heart).measure if heart else None
    channels = signals.of(group)
    if not channels:
        return None
    if group == "eeg":
        return lambda onset: _eeg(_one_rate(channels), onset, phase)
    makers: dict[Group, type[Breaths | SkinConductance | SkinTemperature]] = {
        "rsp": Breaths,
        "eda": SkinConductance,
        "skt": SkinTemperature,
    }
    measure = makers[group](channels[0]).measure
    return lambda onset: (measure(onset), ())


def _eeg(channels: Sequence[Channel], onset: float, phase: bool) -> tuple[dict[str, float], list[str]]:
    """Return the features of the EEG, and why some are missing."""
    features, flags = band_powers(channels, onset)
    if phase and len(channels) > 1:
        try:
            locking, more_flags = phase_locking(channels, onset)
        except Unmeasurable as error:
            return features, [*flags, f"phase locking {error}"]
        features |= locking
        flags = list(dict.fromkeys([*flags, *more_flags]))
    return features, flags


def _one_rate(channels: Sequence[Channel]) -> Sequence[Channel]:
    """Return the electrodes of the rate that most of them have."""
    rates = [channel.rate for channel in channels]
    usual = max(set(rates), key=rates.count)
    return [channel for channel in channels if channel.rate == usual]
