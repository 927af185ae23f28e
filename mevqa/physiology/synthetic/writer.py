"""A made-up data set of physiology: recordings, coded events, and the detections of a made-up spotter.

The recordings are files of the kinds that MMME has: a MATLAB file of AcqKnowledge with 17 columns at 1000 Hz (five
signals, four that are empty, eight lines of triggers) and EEG beside it, here as FIF: no free program writes Curry
files. There are no videos: the events are frames of videos of 30 frames a second, the first of which is the signals'
time 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.physiology.extra import import_extra
from mevqa.physiology.synthetic.generator import synthetic_signals
from mevqa.physiology.synthetic.responses import Response, class_responses
from mevqa.physiology.types import MODALITIES, Array, Modality, Signals

_FPS = 30.0
#: Before the first event, between events (least and most), and behind the last one, s.
_LEAD_S, _PAUSE_S, _TAIL_S = 30.0, (20.0, 30.0), 20.0
_PULSE_S = 0.05
_SIGNALS: tuple[Modality, ...] = ("ppg", "rsp", "skt", "eda", "ecg")
#: Made-up spotter: log-odds of its scores of real and false events, and of its right class; standard deviation 1.
_SCORE, _CLASS = 0.7, 0.9
#: Standard deviations of the logarithm of a response's strength: of people, and of a person's events.
_PERSON, _STRENGTH = 0.3, 0.5


@dataclass(frozen=True, slots=True)
class SyntheticPhysiology:
    """A synthetic data set of physiology that was written.

    Attributes:
        signals: Folder of the recordings, one folder a video.
        annotations: The coded events.
        events: Detections of the made-up spotter, with scores and probabilities of classes.
        subjects: How many people.
        coded: How many events are coded.
    """

    signals: Path
    annotations: Path
    events: Path
    subjects: int
    coded: int


@dataclass(frozen=True, slots=True)
class _Event:
    onset_s: float
    emotion: str | None


def write_physiology(
    out: Path,
    subjects: int = 8,
    events: int = 12,
    *,
    seed: int = 0,
    rate: float = 1000.0,
    missing: float = 0.15,
    false_alarms: float = 0.4,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SyntheticPhysiology:
    """Write recordings of made-up people that respond to events in a known way (``responses.yaml``).

    Args:
        out: Folder to write, new or empty.
        subjects: How many people, one recording each.
        events: Coded events of each.
        seed: Decides everything.
        rate: Samples per second.
        missing: How often a person's recording lacks a modality, 0 to 1.
        false_alarms: Events that the made-up spotter finds where there is none, as a share of the coded ones.
        progress: Called with people done and people in all.

    Raises:
        InputError: The folder is not empty, or a package of the extra ``physiology`` is not installed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError([Problem(out, "is not an empty folder; name a new one")])
    import_extra("mne", "EEG")
    coded: list[list[str]] = []
    spotted_rows: list[list[str]] = []
    for number in range(1, subjects + 1):
        progress(number - 1, subjects)
        random = np.random.default_rng([seed, number])
        name = f"physio{seed}_s{number:02d}"
        timeline = _timeline(events, false_alarms, random)
        modalities = [modality for modality in MODALITIES if random.random() >= missing] or list(MODALITIES)
        gain = float(np.exp(_PERSON * random.standard_normal()))
        signals = synthetic_signals(
            name,
            timeline[-1].onset_s + _TAIL_S,
            [event.onset_s for event in timeline],
            [_varied(event, gain, random) for event in timeline],
            seed=seed * 1000 + number,
            rate=rate,
            modalities=modalities,
        )
        _write_recording(out / "signals" / name, signals, rate)
        subject = f"s{number:02d}"
        for event in timeline:
            onset = int(round(event.onset_s * _FPS))
            length = int(random.integers(8, 15))
            if event.emotion is not None:
                coded.append([subject, name, *_frames(onset, length), "micro", event.emotion, f"{_FPS:g}"])
            # The spotter is off by a frame or two.
            moved = onset + int(random.integers(-2, 3))
            score, chances = _judged(event, random)
            cells = [f"{score:.4f}", *(f"{chance:.4f}" for chance in chances)]
            spotted_rows.append([subject, name, *_frames(moved, length), "micro", f"{_FPS:g}", *cells])
    progress(subjects, subjects)
    frames = ["subject", "video", "onset", "apex", "offset", "kind"]
    annotations, spotted = out / "annotations.csv", out / "events.csv"
    write_whole(annotations, csv_text([[*frames, "emotion", "fps"], *coded]))
    write_whole(
        spotted, csv_text([[*frames, "fps", "score", *(f"p_{name}" for name in class_responses())], *spotted_rows])
    )
    return SyntheticPhysiology(out / "signals", annotations, spotted, subjects, len(coded))


def _timeline(events: int, false_alarms: float, random: np.random.Generator) -> list[_Event]:
    classes = list(class_responses())
    emotions: list[str | None] = [str(random.choice(classes)) for _ in range(events)]
    emotions += [None] * int(round(false_alarms * events))
    random.shuffle(emotions)
    times = _LEAD_S + np.cumsum(random.uniform(*_PAUSE_S, size=len(emotions)))
    return [_Event(float(time), emotion) for time, emotion in zip(times, emotions, strict=True)]


def _varied(event: _Event, gain: float, random: np.random.Generator) -> Response:
    """Return the response to an event, or to something else that goes on while the spotter is wrong."""
    other = str(random.choice(list(class_responses())))
    strength = gain * float(np.exp(_STRENGTH * random.standard_normal()))
    strength *= 1.0 if event.emotion is not None else random.choice([0.0, 0.6])
    response = class_responses()[event.emotion or other]
    return Response(**{name: value * strength for name, value in response.model_dump().items()})


def _frames(onset: int, length: int) -> list[str]:
    return [str(onset), str(onset + length // 2), str(onset + length)]


def _judged(event: _Event, random: np.random.Generator) -> tuple[float, Array]:
    """Return score and probability of each class by the made-up spotter."""
    classes = list(class_responses())
    shift = _SCORE if event.emotion is not None else -_SCORE
    score = 1 / (1 + np.exp(-(shift + random.standard_normal())))
    logits = random.standard_normal(len(classes))
    if event.emotion is not None:
        logits[classes.index(event.emotion)] += _CLASS
    chances = np.exp(logits - logits.max())
    return float(score), chances / chances.sum()


def _write_recording(folder: Path, signals: Signals, rate: float) -> None:
    """Write a MATLAB file of 17 columns, and the EEG where there is one."""
    from scipy.io import savemat

    folder.mkdir(parents=True, exist_ok=True)
    count = len(signals.channels[0].values)
    columns, labels, units = [], [], []
    for modality in _SIGNALS:
        for channel in signals.of(modality):
            columns.append(np.asarray(channel.values, dtype=np.float32))
            labels.append(f"{modality.upper()}100C")
            units.append({"eda": "microsiemens", "skt": "deg C"}.get(modality, "Volts"))
    spare = 9 - len(columns)
    columns += [np.zeros(count, dtype=np.float32)] * spare
    labels += [f"C{place}" for place in range(1, spare + 1)]
    units += ["Volts"] * spare
    lines = _trigger_lines(signals, count, rate)
    columns += list(lines.T)
    labels += [f"Digital input {place}" for place in range(8)]
    units += ["Volts"] * 8
    content = {
        "data": np.stack(columns, axis=1),
        "labels": np.array(labels),
        "units": np.array(units),
        "isi": np.array([[1000 / rate]]),
        "isi_units": "ms",
        "start_sample": np.array([[0.0]]),
    }
    savemat(folder / "biopac.mat", content, do_compression=True)
    if electrodes := signals.of("eeg"):
        _write_eeg(folder / "eeg_raw.fif", [np.asarray(channel.values) for channel in electrodes], lines, rate)


def _trigger_lines(signals: Signals, count: int, rate: float) -> NDArray[np.float32]:
    lines = np.zeros((count, 8), dtype=np.float32)
    for marker in signals.markers:
        first = int(round(marker.time * rate))
        bits = (marker.code >> np.arange(8)) & 1
        lines[first : first + int(_PULSE_S * rate)] = 5.0 * bits
    return lines


def _write_eeg(path: Path, electrodes: Sequence[Array], lines: NDArray[np.float32], rate: float) -> None:
    mne = import_extra("mne", path)
    names = [f"EEG {place:03d}" for place in range(1, len(electrodes) + 1)]
    info = mne.create_info([*names, "STI"], rate, ["eeg"] * len(electrodes) + ["stim"], verbose="error")
    codes = (lines > 0) @ (1 << np.arange(8))
    raw = mne.io.RawArray(np.vstack([np.stack(electrodes) * 1e-6, codes[None]]), info, verbose="error")
    raw.save(path, verbose="error")
