"""Band powers of EEG and phase locking between electrodes, response against baseline.

Power spectral densities are Welch's (MNE, ``psd_array_welch``: segments of 1 s that overlap by half); a band's change
is 10 log10 of response over baseline, mean of the electrodes, as event-related (de)synchronisation is reported in dB
(Pfurtscheller and Lopes da Silva, Clinical Neurophysiology 110, 1842-1857, 1999). The phase locking value of two
electrodes is |mean over time of exp(i (phase_1 - phase_2))| (Lachaux et al., Human Brain Mapping 8, 194-208, 1999), of
the analytic signal in a band. The published code for MMME computes both on 64 electrodes; bands and windows here are
ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mevqa.physiology.extra import import_extra
from mevqa.physiology.features.definition import Window, definitions
from mevqa.physiology.features.windows import Unmeasurable, cut
from mevqa.physiology.types import Array, Channel

#: Electrodes of which fewer than this share can be measured give no feature (our choice).
_LEAST_ELECTRODES = 0.5
#: Samples beside a window that filters need, s.
_PADDING_S = 1.0
#: Share of half the sampling rate below which a band must end: rates that are told by rounded times are not exact.
_BELOW_NYQUIST = 0.999
#: How the names of features of phase locking begin.
_PHASE_LOCKING = "eeg_plv_"


def band_powers(channels: Sequence[Channel], onset: float) -> tuple[dict[str, float], list[str]]:
    """Return the change of each band's power at an event, dB, and why some bands are missing.

    Args:
        channels: The electrodes, all of one rate.
        onset: Of the event, s.

    Raises:
        Unmeasurable: Half of the electrodes were not recorded there, or their rate is too low for every band.
    """
    windows = definitions().modalities["eeg"]
    before, after = _electrodes(channels, onset, (windows.baseline, windows.response))
    rate = channels[0].rate
    bands, flags = _sampled_bands(definitions().bands, rate)
    spectra = [_spectrum(part, rate) for part in (before, after)]
    changes = {}
    for name, (low, high) in bands.items():
        power = [density[:, (hertz >= low) & (hertz < high)].sum(axis=1) for hertz, density in spectra]
        changes[f"eeg_{name}"] = float(np.mean(10 * np.log10(power[1] / power[0])))
    return changes, flags


def phase_locking(channels: Sequence[Channel], onset: float) -> tuple[dict[str, float], list[str]]:
    """Return the change of the mean phase locking value of all pairs of electrodes in each band, and why some miss.

    Args:
        channels: The electrodes, all of one rate, two at least.
        onset: Of the event, s.

    Raises:
        Unmeasurable: There is one electrode, half of them were not recorded there, or their rate is too low for every
            band.
    """
    mne = import_extra("mne", "phase locking")
    from scipy.signal import hilbert

    if len(channels) < 2:
        raise Unmeasurable("one electrode")
    windows = definitions().modalities["eeg"]
    begin, end = windows.baseline[0] - _PADDING_S, windows.response[1] + _PADDING_S
    half_sample = 0.5 / channels[0].rate
    if any(onset + begin < c.start - half_sample or onset + end > c.end + half_sample for c in channels):
        # Samples that are missing at the begin would shift the windows.
        raise Unmeasurable("outside the recording")
    (electrodes,) = _electrodes(channels, onset, ((begin, end),))
    if len(electrodes) < 2:
        raise Unmeasurable("one electrode")
    rate = channels[0].rate
    all_bands, changes = definitions().bands, {}
    names = [name.removeprefix(_PHASE_LOCKING) for name in definitions().phase_locking]
    bands, flags = _sampled_bands({name: all_bands[name] for name in names}, rate)
    for name, (low, high) in bands.items():
        banded = mne.filter.filter_data(electrodes, rate, low, high, method="iir", verbose="error")
        phases = np.exp(1j * np.angle(hilbert(banded, axis=1)))
        values = []
        for window in (windows.baseline, windows.response):
            first, last = (int(round((edge - begin) * rate)) for edge in window)
            part = phases[:, first:last]
            locked = np.abs(part @ part.conj().T) / part.shape[1]
            values.append(float(locked[np.triu_indices(len(part), 1)].mean()))
        changes[f"{_PHASE_LOCKING}{name}"] = values[1] - values[0]
    return changes, flags


def _sampled_bands(bands: Mapping[str, Window], rate: float) -> tuple[dict[str, Window], list[str]]:
    """Return the bands that lie below half the sampling rate (Nyquist frequency), and a line on each other one.

    Raises:
        Unmeasurable: There is none.
    """
    sampled = {name: band for name, band in bands.items() if band[1] < _BELOW_NYQUIST * rate / 2}
    if not sampled:
        raise Unmeasurable(f"sampled at {rate:.4g} Hz, too slowly for every band")
    missing = {name: band for name, band in bands.items() if name not in sampled}
    return sampled, [f"{name} needs more than {2 * band[1]:g} Hz, not {rate:.4g} Hz" for name, band in missing.items()]


def _spectrum(values: Array, rate: float) -> tuple[Array, Array]:
    mne = import_extra("mne", "EEG")
    length = min(int(rate), values.shape[1])
    density, hertz = mne.time_frequency.psd_array_welch(
        values, rate, fmin=1.0, fmax=45.0, n_fft=length, n_per_seg=length, n_overlap=length // 2, verbose="error"
    )
    return hertz, density


def _electrodes(channels: Sequence[Channel], onset: float, windows: Sequence[Window]) -> list[Array]:
    """Return the windows of the electrodes that were recorded in all of them, each [electrodes, samples]."""
    recorded, why = [], "not recorded"
    for channel in channels:
        try:
            recorded.append([cut(channel, onset, window) for window in windows])
        except Unmeasurable as error:
            why = str(error)
    if len(recorded) < max(1, _LEAST_ELECTRODES * len(channels)):
        raise Unmeasurable(f"{len(channels) - len(recorded)} of {len(channels)} electrodes {why}")
    shortest = [min(len(parts[place]) for parts in recorded) for place in range(len(windows))]
    return [np.stack([parts[place][:length] for parts in recorded]) for place, length in enumerate(shortest)]
