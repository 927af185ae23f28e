"""Signals of a made-up person, with known responses at given times.

ECG and PPG are sums of Gaussian waves at the beats of an instantaneous heart rate (the shape of McSharry et al., IEEE
Transactions on Biomedical Engineering 50, 289-294, 2003), skin conductance responses differences of exponentials (rise
0.75 s, decay 2 s: Alexander et al., Journal of Neuroscience Methods 146, 116-123, 2005), EEG pink noise with an alpha
rhythm. Amplitudes and noises are our choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mevqa.physiology.synthetic.responses import Response
from mevqa.physiology.types import MODALITIES, Array, Channel, Marker, Modality, Signals

#: For how long signals respond, s, and how fast they go over into the response.
_HEART_S, _BREATH_S, _WARM_S, _ALPHA_S, _RAMP_S = 10.0, 14.0, 12.0, 2.5, 0.6
#: When a skin conductance response begins, s after the onset.
SCR_LATENCY_S = 1.8
_RISE_S, _DECAY_S = 0.75, 2.0

#: P, Q, R, S and T: time from the R peak as a share of a beat, height in mV, width as a share of a beat.
_WAVES = ((-0.2, 0.12, 0.025), (-0.04, -0.1, 0.01), (0.0, 1.0, 0.012), (0.04, -0.2, 0.01), (0.28, 0.3, 0.045))


def synthetic_signals(
    name: str,
    seconds: float,
    onsets: Sequence[float] = (),
    responses: Sequence[Response] = (),
    *,
    seed: int = 0,
    rate: float = 1000.0,
    modalities: Sequence[Modality] = MODALITIES,
    electrodes: int = 4,
    start: float = 0.0,
) -> Signals:
    """Return the signals of one person; the same seed gives the same signals, whatever modalities are asked for.

    Args:
        name: Name of the recording.
        seconds: Its length.
        onsets: When the events begin, s on the clock of the recording; each gets a marker, numbered from 1.
        responses: How the signals respond to each.
        seed: Decides the person and every noise.
        rate: Samples per second.
        modalities: What is recorded.
        electrodes: Channels of EEG.
        start: Time of the first sample, s.

    Raises:
        ValueError: The events have not one response each.
    """
    if len(onsets) != len(responses):
        raise ValueError(f"{len(onsets)} events with {len(responses)} responses")
    times = start + np.arange(int(round(seconds * rate))) / rate
    events = list(zip(onsets, responses, strict=True))
    channels: list[Channel] = []
    for modality in (modality for modality in MODALITIES if modality in modalities):
        heart = np.random.default_rng([seed, 0])
        random = np.random.default_rng([seed, 1 + MODALITIES.index(modality)])
        if modality == "eeg":
            for number in range(1, electrodes + 1):
                channels.append(Channel(f"eeg_{number}", "eeg", rate, "uV", _eeg(times, rate, events, random), start))
        elif modality in ("ecg", "ppg"):
            beats = _beat_phase(times, rate, events, heart)
            values = _ecg(beats, random) if modality == "ecg" else _ppg(beats, times, events, random)
            channels.append(Channel(modality, modality, rate, "mV", values, start))
        elif modality == "rsp":
            channels.append(Channel("rsp", "rsp", rate, "V", _breathing(times, rate, events, random), start))
        elif modality == "eda":
            channels.append(Channel("eda", "eda", rate, "uS", _skin_conductance(times, events, random), start))
        else:
            channels.append(Channel("skt", "skt", rate, "degC", _temperature(times, rate, events, random), start))
    return Signals(name, tuple(channels), tuple(Marker(float(at), place) for place, at in enumerate(onsets, 1)))


_Events = Sequence[tuple[float, Response]]


def _plateau(times: Array, onset: float, seconds: float) -> Array:
    """Return a plateau of 1 that lasts some time from an onset on, with soft edges; 0 elsewhere."""
    rise = 1 / (1 + np.exp(-np.clip((times - onset - _RAMP_S) * 6 / _RAMP_S, -50, 50)))
    fall = 1 / (1 + np.exp(-np.clip((times - onset - seconds) * 6 / _RAMP_S, -50, 50)))
    return np.asarray(rise - fall)


def _slow_noise(count: int, rate: float, seconds: float, random: np.random.Generator) -> Array:
    """Return noise of standard deviation 1 that changes within some seconds."""
    knots = max(4, int(count / rate / seconds) + 3)
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), random.standard_normal(knots))


def _beat_phase(times: Array, rate: float, events: _Events, random: np.random.Generator) -> Array:
    """Return the number of beats up to each time."""
    beats = random.uniform(62, 82) + 1.2 * _slow_noise(len(times), rate, 4.0, random)
    for onset, response in events:
        beats += response.heart_rate * _plateau(times, onset, _HEART_S)
    return np.cumsum(beats / 60) / rate


def _ecg(phase: Array, random: np.random.Generator) -> Array:
    values = 0.02 * random.standard_normal(len(phase))
    for shift, height, width in _WAVES:
        distance = np.mod(phase - shift + 0.5, 1.0) - 0.5
        values += height * np.exp(-0.5 * (distance / width) ** 2)
    return values


def _ppg(phase: Array, times: Array, events: _Events, random: np.random.Generator) -> Array:
    values = np.zeros(len(phase))
    # The pulse arrives a quarter of a beat behind the R peak, with its second wave behind it.
    for shift, height, width in ((0.3, 1.0, 0.1), (0.6, 0.35, 0.12)):
        distance = np.mod(phase - shift + 0.5, 1.0) - 0.5
        values += height * np.exp(-0.5 * (distance / width) ** 2)
    size = np.zeros(len(phase))
    for onset, response in events:
        size += response.pulse * _plateau(times, onset, _HEART_S)
    return np.asarray(values * np.exp(size) + 0.01 * random.standard_normal(len(phase)))


def _breathing(times: Array, rate: float, events: _Events, random: np.random.Generator) -> Array:
    breaths = random.uniform(13, 17) + 0.3 * _slow_noise(len(times), rate, 8.0, random)
    for onset, response in events:
        breaths += response.respiration * _plateau(times, onset, _BREATH_S)
    return np.sin(2 * np.pi * np.cumsum(breaths / 60) / rate) + 0.02 * random.standard_normal(len(times))


def _skin_conductance(times: Array, events: _Events, random: np.random.Generator) -> Array:
    level = random.uniform(4, 9)
    values = level + 0.05 * _slow_noise(len(times), len(times) / (times[-1] - times[0]), 30.0, random)
    peak = _DECAY_S * _RISE_S / (_DECAY_S - _RISE_S) * np.log(_DECAY_S / _RISE_S)
    height = np.exp(-peak / _DECAY_S) - np.exp(-peak / _RISE_S)
    for onset, response in events:
        after = np.maximum(times - onset - SCR_LATENCY_S, 0.0)
        values += response.scr * (np.exp(-after / _DECAY_S) - np.exp(-after / _RISE_S)) / height
    return np.asarray(values + 0.002 * random.standard_normal(len(times)))


def _temperature(times: Array, rate: float, events: _Events, random: np.random.Generator) -> Array:
    values = random.uniform(31, 34) + 0.01 * _slow_noise(len(times), rate, 60.0, random)
    for onset, response in events:
        values += response.temperature * np.clip(times - onset, 0.0, _WARM_S)
    return np.asarray(values + 0.002 * random.standard_normal(len(times)))


def _eeg(times: Array, rate: float, events: _Events, random: np.random.Generator) -> Array:
    spectrum = np.fft.rfft(random.standard_normal(len(times)))
    hertz = np.fft.rfftfreq(len(times), 1 / rate)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 0.5)), len(times))
    pink *= 6 / pink.std()
    # The alpha rhythm: noise of 9 to 12 Hz.
    band = np.fft.rfft(random.standard_normal(len(times)))
    band[(hertz < 9) | (hertz > 12)] = 0
    alpha = np.fft.irfft(band, len(times))
    alpha *= 12 / alpha.std()
    change = np.zeros(len(times))
    for onset, response in events:
        change += response.alpha * _plateau(times, onset, _ALPHA_S)
    return np.asarray(pink + alpha * 10 ** (change / 20))
