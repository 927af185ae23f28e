"""Rate and depth of breathing.

Breaths are found by NeuroKit2 in the whole recording (``rsp_findpeaks``; Khodadad et al., Physiological Measurement
39, 094001, 2018). A window's rate is that of its cycles, each weighted by the share of it that lies inside: a window
holds few of them.
"""

from __future__ import annotations

import warnings

import numpy as np

from mevqa.physiology.extra import import_extra
from mevqa.physiology.features.definition import Window, definitions
from mevqa.physiology.features.windows import Unmeasurable, filled, require_recorded, slower
from mevqa.physiology.types import Array, Channel

_RATE = 50.0
#: Cycles that are longer or shorter are no breaths, s (our choice).
_SHORTEST, _LONGEST = 1.0, 15.0


class Breaths:
    """The breaths of a recording.

    Args:
        channel: The channel of the respiration.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = slower(channel, _RATE)
        self._peaks, self._depths = _find(self._channel)

    def measure(self, onset: float) -> dict[str, float]:
        """Return the features of the respiration at an event.

        Raises:
            Unmeasurable: The respiration was not recorded there, or shows no breaths.
        """
        windows = definitions().modalities["rsp"]
        (rate_before, depth_before), (rate, depth) = (
            self._window(onset, window) for window in (windows.baseline, windows.response)
        )
        return {
            "respiration_rate": rate,
            "respiration_rate_change": rate - rate_before,
            "respiration_amplitude_change": float(np.log(depth / depth_before)),
        }

    def _window(self, onset: float, window: Window) -> tuple[float, float]:
        """Return breaths a minute and their mean depth."""
        require_recorded(self._channel, onset, window)
        lengths = np.diff(self._peaks)
        begin, end = onset + window[0], onset + window[1]
        shared = np.minimum(self._peaks[1:], end) - np.maximum(self._peaks[:-1], begin)
        weights = np.where((lengths >= _SHORTEST) & (lengths <= _LONGEST), np.maximum(shared, 0.0), 0.0)
        if weights.sum() < (end - begin) / 2:
            raise Unmeasurable("no breaths")
        return 60 * float((weights / lengths).sum() / weights.sum()), float(
            (weights * self._depths).sum() / weights.sum()
        )


def _find(channel: Channel) -> tuple[Array, Array]:
    """Return the times of the ends of inspiration, s, and the depth of the breath between each and the next."""
    nk = import_extra("neurokit2", "RSP")
    values = filled(np.asarray(channel.values, dtype=np.float64))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = np.asarray(nk.rsp_clean(values, sampling_rate=channel.rate))
            extrema = nk.rsp_findpeaks(clean, sampling_rate=channel.rate)
    except (ValueError, IndexError, ZeroDivisionError):
        # NeuroKit2 fails in its own ways on signals without a breath.
        return np.zeros(0), np.zeros(0)
    peaks = np.asarray(extrema["RSP_Peaks"], dtype=np.int64)
    depths = [clean[a] - clean[a : b + 1].min() for a, b in zip(peaks, peaks[1:], strict=False)]
    return channel.start + peaks / channel.rate, np.array(depths, dtype=np.float64)
