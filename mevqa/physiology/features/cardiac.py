"""Heart rate and its variability from ECG or PPG, and the amplitude of the pulse.

Beats are found by NeuroKit2 in the whole recording: R peaks of the ECG (``ecg_findpeaks``), systolic peaks of the PPG
(``ppg_findpeaks``, Elgendi et al., PLoS ONE 8, e76585, 2013). Intervals outside 30 to 200 beats a minute are no heart
beats and are left out (our choice). RMSSD: Task Force, European Heart Journal 17, 354-381, 1996; in windows of some
seconds it is rough, and only its change within a person means anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from mevqa.physiology.extra import import_extra
from mevqa.physiology.features.definition import Window, definitions
from mevqa.physiology.features.windows import Unmeasurable, filled, inside, require_recorded, slower
from mevqa.physiology.types import Array, Channel

_SLOWEST, _FASTEST = 30.0, 200.0
#: Beats are found at so many samples a second; more only takes longer.
_RATE = 250.0
#: Intervals that a mean needs, and those of which successive differences are taken.
_LEAST, _LEAST_OF_RMSSD = 3, 4


class Beats:
    """The heart beats of a recording.

    Args:
        channels: Channels of ECG and PPG; the first of each is used, for the beats ECG before PPG.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        by_modality = {channel.modality: channel for channel in reversed(channels)}
        self._ppg = _resampled(by_modality.get("ppg"))
        ecg = _resampled(by_modality.get("ecg"))
        self._channel = ecg or self._ppg
        if self._channel is None:
            raise ValueError("beats need ECG or PPG")
        self._times = _find(self._channel)
        self._pulses = self._times if self._channel is self._ppg else _find(self._ppg) if self._ppg else None

    def measure(self, onset: float) -> tuple[dict[str, float], list[str]]:
        """Return the cardiac features of an event, and why some are missing.

        Raises:
            Unmeasurable: There is no heart rate.
        """
        windows = definitions().modalities["cardiac"]
        assert self._channel is not None
        for window in (windows.baseline, windows.response):
            require_recorded(self._channel, onset, window)
        before, after = (self._intervals(onset, window) for window in (windows.baseline, windows.response))
        if min(len(before), len(after)) < _LEAST:
            raise Unmeasurable("fewer than three intervals between beats")
        rates = [60 / float(np.mean(intervals)) for intervals in (before, after)]
        features = {"heart_rate": rates[1], "heart_rate_change": rates[1] - rates[0]}
        flags = []
        if min(len(before), len(after)) >= _LEAST_OF_RMSSD:
            features["rmssd_change"] = _rmssd(after) - _rmssd(before)
        else:
            flags.append("too few beats for RMSSD")
        if self._ppg is not None:
            try:
                amplitudes = [self._amplitude(onset, window) for window in (windows.baseline, windows.response)]
                features["pulse_amplitude_change"] = float(np.log(amplitudes[1] / amplitudes[0]))
            except Unmeasurable as error:
                flags.append(f"pulse {error}")
        return features, flags

    def _intervals(self, onset: float, window: Window) -> Array:
        """Return the intervals between beats whose middle lies in a window, s."""
        intervals = np.diff(self._times)
        middles = self._times[:-1] + intervals / 2
        plausible = (intervals >= 60 / _FASTEST) & (intervals <= 60 / _SLOWEST)
        return np.asarray(intervals[inside(middles, onset, window) & plausible])

    def _amplitude(self, onset: float, window: Window) -> float:
        """Return the median height of the pulses of a window over the lowest value before each."""
        assert self._ppg is not None and self._pulses is not None
        require_recorded(self._ppg, onset, window)
        values = filled(np.asarray(self._ppg.values, dtype=np.float64))
        heights = []
        for time in self._pulses[inside(self._pulses, onset, window)]:
            place = int(round((time - self._ppg.start) * self._ppg.rate))
            before = values[max(place - int(0.4 * self._ppg.rate), 0) : place + 1]
            heights.append(values[place] - before.min())
        if len(heights) < _LEAST or not np.median(heights) > 0:
            raise Unmeasurable("too weak")
        return float(np.median(heights))


def _resampled(channel: Channel | None) -> Channel | None:
    return None if channel is None else slower(channel, _RATE)


def _find(channel: Channel) -> Array:
    """Return the times of the beats, s."""
    nk = import_extra("neurokit2", channel.modality.upper())
    values, rate = filled(np.asarray(channel.values, dtype=np.float64)), channel.rate
    clean, find = (nk.ecg_clean, nk.ecg_findpeaks) if channel.modality == "ecg" else (nk.ppg_clean, nk.ppg_findpeaks)
    key = "ECG_R_Peaks" if channel.modality == "ecg" else "PPG_Peaks"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peaks = np.asarray(find(clean(values, sampling_rate=rate), sampling_rate=rate)[key], dtype=np.float64)
    except (ValueError, IndexError, ZeroDivisionError):
        # NeuroKit2 fails in its own ways on signals without a beat.
        return np.zeros(0)
    return channel.start + peaks[np.isfinite(peaks)] / rate


def _rmssd(intervals: Array) -> float:
    return float(1000 * np.sqrt(np.mean(np.diff(intervals) ** 2)))
