"""Score curves of any spotter as events: decoded, with length and threshold from training subjects, and scored."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.api.paths import AnyPath, optional_path
from mevqa.data.events.read import EventFile, read_events
from mevqa.data.events.rows import VideoFacts
from mevqa.data.events.write import event_rows
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.events import Kind
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.names import subject_key
from mevqa.scoring.events.names import Naming, VideoKey, compare_videos
from mevqa.scoring.events.score import score_events
from mevqa.scoring.result import ScoreResult
from mevqa.spotting.decoding import (
    Decoder,
    Detection,
    Fold,
    LabelledCurve,
    NothingToChooseFrom,
    ScoreCurve,
    decode_nested,
    find_decoder,
    half_length,
    read_curves,
)
from mevqa.video.motion.course import PRIOR_DURATION_MS

#: Columns of the table of events.
_COLUMNS = ("subject", "video", "onset", "apex", "offset", "kind", "score", "fps")

#: How many names a message lists.
_LISTED = 3


@dataclass(frozen=True, slots=True)
class DecodedCurves:
    """Expressions that were decoded from score curves.

    Attributes:
        curves: The curves, in the order of their file.
        detections: Of each curve, in samples of it.
        decoder: What decoded them.
        folds: Length and threshold of each subject, chosen on the others; empty without labels.
        threshold: The threshold of all, where it was not chosen by fold.
        score: F1 and the rest against the labels; None without.
        notes: What a reader should know, one sentence each.
    """

    curves: tuple[ScoreCurve, ...]
    detections: tuple[tuple[Detection, ...], ...]
    decoder: Decoder
    folds: tuple[Fold, ...]
    threshold: float | None
    score: ScoreResult | None
    notes: tuple[str, ...]


@errors_name_parameters
def decode_curves(
    curves: AnyPath,
    annotations: AnyPath | None = None,
    *,
    decoder: str = "absolute-peaks",
    threshold: float | None = None,
    length: float | None = None,
    fps: float | None = None,
    kind: Kind = "micro",
    csv: AnyPath | None = None,
) -> DecodedCurves:
    """Decode a file of scores, one row a frame, into expressions.

    With annotations every subject is decoded with the length, and where no threshold is given also the threshold, that
    the other subjects choose, and what is found is scored (preset ``strict``).

    Args:
        curves: Table with the columns video, frame, score, and subject where there is one.
        annotations: Coded events, as ``mevqa.score`` reads them; frames counted as in the curves.
        decoder: Name of a decoder.
        threshold: Threshold of the decoder; None: chosen on training subjects, or the decoder's own.
        length: Expected length of an expression in frames; None: that of training subjects, or 380 ms.
        fps: Frames per second of the frame numbers; needed where neither length nor annotations are given.
        kind: What the curves stand for.
        csv: File of the events, as ``mevqa.score`` reads them.

    Raises:
        InputError: What is wrong with the files, or what is missing to choose length and threshold.
    """
    path, labels = Path(curves), optional_path(annotations)
    chosen = find_decoder(decoder)
    score_curves = read_curves(path)
    notes = _gap_notes(score_curves)
    folds: list[Fold] = []
    fixed: float | None = None
    if labels is None:
        fixed = chosen.threshold if threshold is None else threshold
        halves = _halves(score_curves, length, fps)
        if fixed is None:
            message = (
                f"is needed: the decoder {chosen.name} has none of its own, and without annotations none is chosen"
            )
            raise InputError([Problem("--threshold", message)])
        detections = [
            chosen.decode(curve.scores, half, fixed) for curve, half in zip(score_curves, halves, strict=True)
        ]
    else:
        labelled = _labelled(path, labels, score_curves, kind, notes)
        # A published threshold is part of its decoder; one that is not published has to be chosen.
        set_threshold = chosen.threshold if threshold is None and chosen.threshold_kind == "share" else threshold
        try:
            detections, folds = decode_nested(labelled, chosen, set_threshold, length)
        except NothingToChooseFrom as error:
            raise InputError([Problem(labels, str(error))]) from error
    result = tuple(tuple(of_curve) for of_curve in detections)
    score = _write(score_curves, result, kind, fps, optional_path(csv), labels)
    return DecodedCurves(tuple(score_curves), result, chosen, tuple(folds), fixed, score, tuple(notes))


def _gap_notes(curves: Sequence[ScoreCurve]) -> list[str]:
    """Return a note on how many samples of the curves were missing and filled."""
    gaps = [curve for curve in curves if curve.missing]
    if not gaps:
        return []
    samples = sum(curve.missing for curve in gaps)
    return [f"{samples} frames of {len(gaps)} of {len(curves)} videos have no score, {gaps[0].video!r} first; filled"]


def _halves(curves: Sequence[ScoreCurve], length: float | None, fps: float | None) -> list[int]:
    """Return half of an expression's expected length for each curve, in samples of it.

    Raises:
        InputError: Nothing tells how long an expression is.
    """
    if length is None and fps is None:
        message = "is needed without annotations (or --length): nothing tells how many frames an expression has"
        raise InputError([Problem("--fps", message)])
    frames = length if length is not None else PRIOR_DURATION_MS * (fps or 0.0) / 1000
    return [half_length([frames / curve.step]) for curve in curves]


def _labelled(
    path: Path, labels: Path, curves: Sequence[ScoreCurve], kind: Kind, notes: list[str]
) -> list[LabelledCurve]:
    """Return the curves with the coded intervals of their videos, and with the subjects that the labels name.

    Raises:
        InputError: The labels cannot be read, share no video with the curves, or name no subject of one.
    """
    reference = read_events(labels, "reference")
    facts = tuple(VideoFacts(curve.subject, curve.video, curve.line) for curve in curves)
    fields = {"video"} | ({"subject"} if all(curve.subject for curve in curves) else set())
    curve_file = EventFile(path, (), facts, frozenset(fields))
    naming = Naming(reference, curve_file)
    problems = naming.problems
    # What the comparison notes, the scores note too.
    compare_videos(reference, curve_file, naming.key, problems, [], [])
    marked: dict[VideoKey, list[tuple[float, float]]] = defaultdict(list)
    others = 0
    for event in reference.events:
        if event.kind in (None, kind):
            marked[naming.key(event)].append((event.onset, event.offset))
        else:
            others += 1
    if others:
        notes.append(f"{others} events of {labels.name} are of the other kind; what detects them is a false positive")
    coded = {naming.key(video): video.subject for video in reference.videos}
    result = []
    unassigned = []
    for curve, video in zip(curves, facts, strict=True):
        key = naming.key(video)
        subject = curve.subject or coded.get(key)
        if not subject:
            unassigned.append(curve)
            continue
        subject_curve = replace(curve, subject=subject_key(subject))
        result.append(LabelledCurve(subject_curve, tuple(marked.get(key, ()))))
    if unassigned:
        more = ", ..." if len(unassigned) > _LISTED else ""
        names = ", ".join(repr(curve.video) for curve in unassigned[:_LISTED]) + more
        message = f"{len(unassigned)} of {len(curves)} videos have no subject, neither here nor in {labels.name}"
        mend = "thresholds are chosen on other people; add a column subject"
        problems.append(Problem(path, f"{message} ({names}): {mend}"))
    if problems:
        raise InputError(problems)
    return result


def _write(
    curves: Sequence[ScoreCurve],
    detections: Sequence[Sequence[Detection]],
    kind: Kind,
    fps: float | None,
    csv: Path | None,
    labels: Path | None,
) -> ScoreResult | None:
    """Write the table of events and score it against the coded events of its kind."""
    has_subjects = any(curve.subject for curve in curves)
    columns = _COLUMNS if has_subjects else _COLUMNS[1:]
    rows: list[Sequence[str]] = [columns]
    for curve, of_curve in zip(curves, detections, strict=True):
        video: dict[str, Any] = {"subject": curve.subject, "video": curve.video, "fps": fps}
        events = [
            {name: int(curve.frames[getattr(detection, name)]) for name in ("onset", "apex", "offset")}
            | {"kind": kind, "score": detection.score}
            for detection in of_curve
        ]
        rows += event_rows(columns, video, events)
    text = csv_text(rows)
    if csv is not None:
        write_whole(csv, text)
    if labels is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = csv
        if table is None:
            table = Path(folder) / "detections.csv"
            write_whole(table, text)
        return score_events(table, labels, changes=(f"evaluate={kind}",), fps=fps)
