"""Physiological signals of one recording: channels of any rate and markers, on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

#: Electroencephalogram, photoplethysmogram, electrocardiogram, respiration, electrodermal activity, skin temperature.
Modality = Literal["eeg", "ppg", "ecg", "rsp", "eda", "skt"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One evenly sampled signal.

    Attributes:
        name: As the file names it.
        modality: What it measures.
        rate: Samples per second.
        unit: Unit of the values: uV of EEG, uS of EDA, degC of SKT; of the others as the file has it.
        values: [samples]; NaN where nothing was recorded.
        start: Time of the first sample on the clock of the recording, s.
    """

    name: str
    modality: Modality
    rate: float
    unit: str
    values: NDArray[np.floating]
    start: float = 0.0

    @property
    def times(self) -> Array:
        """Time of each sample on the clock of the recording, s."""
        return self.start + np.arange(len(self.values)) / self.rate

    @property
    def end(self) -> float:
        """Time of the last sample, s."""
        return self.start + (len(self.values) - 1) / self.rate


@dataclass(frozen=True, slots=True, order=True)
class Marker:
    """A trigger that was recorded with the signals.

    Attributes:
        time: On the clock of the recording, s.
        code: Its number.
    """

    time: float
    code: int


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """The physiological signals of one recording.

    Attributes:
        name: Name of the recording: that of its video, or of its subject.
        channels: The signals; several of one modality where there are (EEG).
        markers: In the order of time.
        notes: Remarks on how the files were read, one sentence each.
    """

    name: str
    channels: tuple[Channel, ...]
    markers: tuple[Marker, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, modality: Modality) -> tuple[Channel, ...]:
        """Return the channels of one modality."""
        return tuple(channel for channel in self.channels if channel.modality == modality)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The recorded modalities, in the order of ``MODALITIES``."""
        return tuple(modality for modality in MODALITIES if self.of(modality))

    def shifted(self, seconds: float) -> Signals:
        """Return the same signals on a clock that shows ``seconds`` more."""
        channels = tuple(replace(channel, start=channel.start + seconds) for channel in self.channels)
        return replace(self, channels=channels, markers=tuple(Marker(m.time + seconds, m.code) for m in self.markers))

    def without(self, modalities: Sequence[Modality]) -> Signals:
        """Return the signals without some modalities, as if these had not been recorded."""
        return replace(self, channels=tuple(channel for channel in self.channels if channel.modality not in modalities))
