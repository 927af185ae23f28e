"""Recognition of the emotion on true positives, and STRS.

Per class one against the rest; mP and mR are the means of precision and recall over classes; F1_R = 2 mP mR / (mP + mR)
is the harmonic mean of the means and not UF1; STRS = F1 of spotting x F1_R. Source: Liong, See and Chan,
Spot-then-recognize, Signal Processing: Image Communication 110 (2023).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from mevqa.data.clip_problems import list_lines
from mevqa.data.events.read import EventFile
from mevqa.data.events.rows import EventRow
from mevqa.errors import InputError, Problem
from mevqa.facs import UnknownEmotion, canonical_coarse, canonical_fine, coarse_of
from mevqa.intervals import Array
from mevqa.scoring.events.presets import EventSwitches
from mevqa.scoring.events.spotting import Matched
from mevqa.scoring.events.videos import Video, unit_of
from mevqa.scoring.metrics.sufficient_statistics import Tally, divide

OTHERS = "others"
#: Below so many true positives the recognition factor is nearly noise.
_FEW = 30


@dataclass(frozen=True, slots=True)
class RecognitionScore:
    """The recognition score.

    Attributes:
        tally: Metrics by key, and their sums by unit; None when no true positive has a class.
        classes: The classes, in the order of the rows of ``confusion``.
        confusion: Number of true positives by reference and detected class; the last column is any other class.
        counts: Of recognised events.
        notes: What a reader must know, one sentence each.
    """

    tally: Tally | None
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...]


def class_of(emotion: str, scheme: str) -> str | None:
    """Return the class of an emotion in a class scheme; None for others where the scheme leaves them out.

    Args:
        emotion: As it is written in a file, lower case.
        scheme: Value of the switch ``classes``.

    Raises:
        UnknownEmotion: The scheme has no class for it.
    """
    name = _canonical(emotion)
    if scheme.startswith("labels"):
        class_name = name or emotion
    elif scheme.startswith("7"):
        if name is None or name in ("positive", "negative"):
            raise UnknownEmotion(f"{emotion!r} is no fine class; choose classes=3, 4 or labels")
        class_name = OTHERS if name == "tense" else name
    else:
        if name is None:
            raise UnknownEmotion(f"{emotion!r} is not an emotion class; choose classes=labels")
        class_name = name if name in ("positive", "negative") else coarse_of(name) or OTHERS
    return None if class_name == OTHERS and (scheme == "3" or scheme.endswith("no-others")) else class_name


def _canonical(emotion: str) -> str | None:
    for read in (canonical_fine, canonical_coarse):
        try:
            return read(emotion)
        except UnknownEmotion:
            continue
    return None


def score_recognition(
    matched: Sequence[Matched],
    videos: Sequence[Video],
    units: Sequence[str],
    switches: EventSwitches,
    reference: EventFile,
    predictions: EventFile,
) -> RecognitionScore | None:
    """Compare the emotions of true positives.

    Args:
        matched: True positives.
        videos: All videos that are scored.
        units: The units of the bootstrap, in the order of the rows of the tally.
        switches: Class scheme and class set.
        reference: The file, for messages.
        predictions: The file, for messages.

    Returns:
        The score; None when one of the files names no emotion at all.

    Raises:
        InputError: Emotions of the reference that the class scheme does not know, all with their lines.
    """
    coded = any(event.emotion for video in videos for event in video.references)
    detected = any(event.emotion for event in predictions.events)
    if not coded or not detected:
        return None
    of_reference = _reference_classes(videos, switches, reference)
    classes = tuple(sorted(set(filter(None, of_reference.values()))))
    notes: list[str] = []
    pairs: list[tuple[int, str, str]] = []
    row_of_unit = {unit: row for row, unit in enumerate(units)}
    foreign_classes: Counter[str] = Counter()
    lines: list[int] = []
    dropped = unlabelled = 0
    for pair in matched:
        truth = of_reference.get(pair.reference)
        if truth is None:
            dropped += pair.reference.emotion is not None
            unlabelled += pair.reference.emotion is None
            continue
        detected_class = _detected_class(pair.detection.emotion, switches.classes)
        if detected_class not in classes:
            foreign_classes[detected_class] += 1
            lines.append(pair.detection.line)
        pairs.append((row_of_unit[unit_of(pair.video)], truth, detected_class))
    if switches.class_set == "either":
        detected_classes = {name for _, _, name in pairs if name and _is_class(name, switches)}
        classes = tuple(sorted({*classes, *detected_classes}))
    if foreign_classes:
        what = ", ".join(f"{count} {name or 'none'!r}" for name, count in foreign_classes.items())
        number = sum(foreign_classes.values())
        notes.append(f"{number} true positives have a class that the reference has not ({what}): wrong "
                     f"({list_lines(lines)})")  # fmt: skip
    if dropped:
        notes.append(f"{dropped} true positives whose reference is labelled others are left out of recognition")
    if unlabelled:
        notes.append(f"{unlabelled} true positives have no reference class and are left out of recognition")
    if len(pairs) < _FEW:
        notes.append(f"recognition is measured on {len(pairs)} true positives only: see its interval")
    counts = {"recognition.events": len(pairs), "recognition.left_out": dropped + unlabelled}
    if not pairs:
        return RecognitionScore(None, classes, (), counts, tuple(notes))
    return _tally(pairs, classes, len(units), switches, counts, notes)


def _reference_classes(
    videos: Sequence[Video], switches: EventSwitches, reference: EventFile
) -> dict[EventRow, str | None]:
    """Return the class of every reference event; its line does not identify it: JSON may be written on one line."""
    classes: dict[EventRow, str | None] = {}
    problems = []
    for video in videos:
        for event in video.references:
            try:
                classes[event] = class_of(event.emotion, switches.classes) if event.emotion else None
            except UnknownEmotion as error:
                problems.append(Problem(reference.path, f"{error} (classes={switches.classes})", event.line))
    if problems:
        raise InputError(problems)
    return classes


def _detected_class(emotion: str | None, scheme: str) -> str:
    """Return the class of a detection; what the scheme does not know stays as it is, and is wrong."""
    if not emotion:
        return ""
    try:
        return class_of(emotion, scheme) or OTHERS
    except UnknownEmotion:
        return emotion


def _is_class(name: str, switches: EventSwitches) -> bool:
    try:
        return class_of(name, switches.classes) == name
    except UnknownEmotion:
        return False


def _tally(
    pairs: Sequence[tuple[int, str, str]],
    classes: tuple[str, ...],
    unit_count: int,
    switches: EventSwitches,
    counts: Mapping[str, int],
    notes: Sequence[str],
) -> RecognitionScore:
    size = len(classes)
    column = {name: index for index, name in enumerate(classes)}
    sums = np.zeros((unit_count, size, size + 1))
    for unit, truth, detected_class in pairs:
        sums[unit, column[truth], column.get(detected_class, size)] += 1

    def measure(totals: Array) -> dict[str, Array]:
        return measure_confusion(totals.reshape(*totals.shape[:-1], size, size + 1), switches.class_set)

    total = sums.sum(axis=0)
    metrics = {key: float(value) for key, value in measure(total.ravel()).items() if not np.isnan(value)}
    tally = Tally(metrics, csr_matrix(sums.reshape(unit_count, -1)), measure)
    confusion = tuple(tuple(int(cell) for cell in row) for row in total)
    return RecognitionScore(tally, classes, confusion, dict(counts), tuple(notes))


def measure_confusion(confusion: Array, class_set: str) -> dict[str, Array]:
    """Return the metrics of confusion matrices.

    A precision or recall without anything to divide by counts as 0, as in the published scorers. UAR is the mean
    recall; the scorer published with STRS prints the mean precision under that name.

    Args:
        confusion: [..., C, C + 1] by reference and detected class; the last column is any other class.
        class_set: Value of the switch: which classes the means are over.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    coded, detected = confusion.sum(axis=-1), confusion[..., :-1].sum(axis=-2)
    masks = {"matched": coded > 0, "either": coded + detected > 0, "reference": np.ones_like(coded, dtype=bool)}
    used = masks[class_set]
    number = used.sum(axis=-1)

    def mean(above: Array, below: Array) -> Array:
        values = np.where(below > 0, divide(above, below), 0.0)
        return divide(np.where(used, values, 0.0).sum(axis=-1), number)

    precision, recall = mean(hits, detected), mean(hits, coded)
    total = coded.sum(axis=-1)
    # A draw without a true positive has no recognition.
    empty = np.where(total > 0, 0.0, np.nan)
    harmonic = np.where(precision + recall > 0, divide(2 * precision * recall, precision + recall), 0.0)
    return {
        "recognition.accuracy": divide(hits.sum(axis=-1), total),
        "recognition.precision": precision + empty,
        "recognition.recall": recall + empty,
        "recognition.f1": harmonic + empty,
        "recognition.uf1": mean(2 * hits, coded + detected) + empty,
        "recognition.uar": recall + empty,
    }
