"""Skin conductance responses and level, and skin temperature.

Skin conductance responses are found by NeuroKit2 in the whole recording (``eda_clean``, the phasic part by
``eda_phasic`` with a high-pass filter of 0.05 Hz, ``eda_findpeaks``). One counts for an event when it begins 1 to 5 s
after its onset and reaches 0.02 uS at least: the usual limits are 0.01 to 0.05 uS (Boucsein et al., Psychophysiology
49, 1017-1034, 2012).
"""

from __future__ import annotations

import warnings

import numpy as np

from mevqa.physiology.extra import import_extra
from mevqa.physiology.features.definition import definitions
from mevqa.physiology.features.windows import Unmeasurable, cut, filled, inside, slower
from mevqa.physiology.types import Array, Channel

_EDA_RATE, _SKT_RATE = 50.0, 10.0
_LEAST_US = 0.02


class SkinConductance:
    """Responses and level of the skin conductance of a recording.

    Args:
        channel: The channel of the EDA.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = slower(channel, _EDA_RATE)
        self._onsets, self._heights = _responses(self._channel)

    def measure(self, onset: float) -> dict[str, float]:
        """Return the features of the EDA at an event.

        Raises:
            Unmeasurable: The EDA was not recorded there, or is flat.
        """
        windows = definitions().modalities["eda"]
        before, after = (cut(self._channel, onset, window) for window in (windows.baseline, windows.response))
        here = inside(self._onsets, onset, windows.response)
        return {
            "scr_count": float(here.sum()),
            "scr_amplitude": float(self._heights[here].sum()),
            "skin_conductance_change": float(after.mean() - before.mean()),
        }


def _responses(channel: Channel) -> tuple[Array, Array]:
    """Return the times at which skin conductance responses begin, s, and their amplitudes, uS."""
    nk = import_extra("neurokit2", "EDA")
    values, rate = filled(np.asarray(channel.values, dtype=np.float64)), channel.rate
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = nk.eda_clean(values, sampling_rate=rate)
            phasic = np.asarray(nk.eda_phasic(clean, sampling_rate=rate, method="highpass")["EDA_Phasic"])
            responses = nk.eda_findpeaks(phasic, sampling_rate=rate, method="neurokit", amplitude_min=0.0)
    except (ValueError, IndexError, ZeroDivisionError):
        # NeuroKit2 fails in its own ways on signals without a response.
        return np.zeros(0), np.zeros(0)
    onsets = np.asarray(responses["SCR_Onsets"], dtype=np.float64)
    peaks = np.asarray(responses["SCR_Peaks"], dtype=np.float64)
    complete = np.isfinite(onsets) & np.isfinite(peaks)
    begin, top = onsets[complete].astype(np.int64), peaks[complete].astype(np.int64)
    heights = phasic[top] - phasic[begin]
    large = heights >= _LEAST_US
    return channel.start + begin[large] / rate, heights[large]


class SkinTemperature:
    """The skin temperature of a recording.

    Args:
        channel: The channel of the SKT.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = slower(channel, _SKT_RATE)

    def measure(self, onset: float) -> dict[str, float]:
        """Return the features of the skin temperature at an event.

        Raises:
            Unmeasurable: It was not recorded there, or is flat.
        """
        windows = definitions().modalities["skt"]
        before, after = (cut(self._channel, onset, window) for window in (windows.baseline, windows.response))
        rate = self._channel.rate
        slopes = [float(np.polyfit(np.arange(len(part)) / rate, part, 1)[0]) for part in (before, after)]
        change, slope = float(after.mean() - before.mean()), 60 * (slopes[1] - slopes[0])
        if not (np.isfinite(change) and np.isfinite(slope)):
            raise Unmeasurable("not recorded")
        return {"skin_temperature_change": change, "skin_temperature_slope": slope}
