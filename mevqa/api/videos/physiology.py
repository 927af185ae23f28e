"""Physiological signals around events, as ``mevqa physiology`` measures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mevqa.api.paths import AnyPath, optional_path
from mevqa.data.clip_notes import write_clip_notes
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.physiology.events import read_timed_events
from mevqa.physiology.extra import import_extra
from mevqa.physiology.feature_table import MeasuredEvent, measure_events, read_features, write_features
from mevqa.physiology.fusion.feature_level import FeatureFusion
from mevqa.physiology.fusion.late import LateFusion
from mevqa.physiology.fusion.nested import TooFewSubjects, Way, fit_fusion, leave_one_subject_out
from mevqa.physiology.fusion.saved import SavedFusion, load_fusion
from mevqa.physiology.fusion.table import FusionTable, Task, read_fusion_table, write_fused
from mevqa.physiology.fusion.types import Array, Examples
from mevqa.physiology.placement import VideoClocks, read_begins
from mevqa.physiology.reading.biopac import column_kinds
from mevqa.physiology.reading.recording import ReadOptions, find_recordings, read_signals
from mevqa.physiology.sentence import describe_videos, read_template
from mevqa.scoring.metrics.classification import score_classes


@dataclass(frozen=True, slots=True)
class SignalFeatures:
    """The physiological features of events.

    Attributes:
        events: Each event with what was measured, in the order of the table.
        notes: What a reader should know, one sentence each.
    """

    events: tuple[MeasuredEvent, ...]
    notes: tuple[str, ...]


@errors_name_parameters
def signal_features(
    signals: AnyPath,
    events: AnyPath,
    *,
    out: AnyPath | None = None,
    fps: float | None = None,
    media: AnyPath | None = None,
    begins: AnyPath | None = None,
    columns: Sequence[str] = (),
    rate: float | None = None,
    phase: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SignalFeatures:
    """Measure physiological signals around events: each against the seconds before it.

    Args:
        signals: Folder of recordings, each a file or a folder, named after its video or after its subject.
        events: The events: what ``mevqa.spot_folder`` writes, coded events, or MMME's coding file.
        out: File of the table, CSV.
        fps: Frames per second where the table of events does not tell.
        media: Folder of the videos' frames, whose names tell the time and the marker (MMME): the markers bring the
            clock of the frames to that of the signals. None: the first frame is the signals' time 0.
        begins: Table of when each video begins on the clock of its signals (video, begin in s).
        columns: What each column of MATLAB files without labels is: a modality, ``digital`` or ``-``.
        rate: Samples per second of MATLAB files that do not tell.
        phase: Whether the phase locking of the EEG's electrodes is measured too.
        progress: Called with recordings done and recordings in all.

    Raises:
        InputError: Everything that is wrong with the files, or a package of the extra ``physiology`` is missing.
    """
    if media is not None and begins is not None:
        raise InputError([Problem("--begins", "and --media both tell when videos begin; leave one of them out")])
    if media is not None and not Path(media).is_dir():
        raise InputError([Problem(Path(media), "is not a folder of frames")])
    column_kinds(columns)
    options = ReadOptions(tuple(columns), rate)
    recordings = find_recordings(Path(signals))
    timed_events, notes = read_timed_events(Path(events), fps)
    clocks = VideoClocks(None if begins is None else read_begins(Path(begins)), optional_path(media))
    measured, more_notes = measure_events(
        timed_events, recordings, lambda path: read_signals(path, options), clocks, phase=phase, progress=progress
    )
    if out is not None:
        write_features(Path(out), measured)
    return SignalFeatures(tuple(measured), tuple(dict.fromkeys([*notes, *more_notes])))


@dataclass(frozen=True, slots=True)
class Fused:
    """Events decided by video and signals together.

    Attributes:
        table: The events, what the video says of them, and their features.
        task: What was decided.
        probabilities: [events, classes] by each way that was judged, and ``video`` alone; every subject by what was
            learned of the others.
        scores: By way: of classes ``accuracy``, ``uf1`` and ``uar``; of detections ``average_precision``, ``brier`` and
            ``log_loss``.
        notes: What a reader should know, one sentence each.
    """

    table: FusionTable
    task: Task
    probabilities: Mapping[str, Array]
    scores: Mapping[str, Mapping[str, float]]
    notes: tuple[str, ...]


@errors_name_parameters
def fuse_signals(
    events: AnyPath,
    features: AnyPath,
    labels: AnyPath,
    *,
    out: AnyPath | None = None,
    way: Way = "late",
    task: Task | None = None,
    fps: float | None = None,
    save: AnyPath | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Fused:
    """Decide events by video and signals together, each subject by what the other subjects teach.

    Args:
        events: What a spotter or recogniser says: scores, or probabilities of classes (``p_CLASS``).
        features: Physiological features of the same events (``signal_features``).
        labels: What coders marked.
        out: File of the events as they were decided, CSV, as ``mevqa.score`` reads them.
        way: ``late`` (probabilities), ``features`` (one classifier of everything) or ``signals`` (without the video).
        task: ``recognise`` (which class) or ``spot`` (whether it is an expression); None: as the events tell.
        fps: Frames per second where a table does not tell.
        save: File of the fusion fitted on all subjects, for ``apply_fusion``.
        progress: Called with subjects done and subjects in all.

    Raises:
        InputError: Everything that is wrong with the files, or they hold fewer than two subjects.
    """
    if save is not None and way == "signals":
        raise InputError([Problem("--save", "goes with --way late or features")])
    table = read_fusion_table(Path(events), Path(features), Path(labels), task=task, fps=fps)
    examples = table.examples
    try:
        judged = leave_one_subject_out(examples, progress=progress)
    except TooFewSubjects as error:
        raise InputError([Problem(Path(labels), str(error))]) from error
    probabilities: dict[str, Array] = {"video": examples.video, **judged}
    scores = {name: _scores(examples, chances, table.task) for name, chances in probabilities.items()}
    if out is not None:
        write_fused(Path(out), table, judged[way])
    if save is not None:
        fitted = fit_fusion(examples, way)
        assert isinstance(fitted, LateFusion | FeatureFusion)
        SavedFusion(fitted, table.task, examples.classes).save(Path(save))
    return Fused(table, table.task, probabilities, scores, table.notes)


@errors_name_parameters
def apply_fusion(
    fusion: AnyPath, events: AnyPath, features: AnyPath, *, out: AnyPath, fps: float | None = None
) -> FusionTable:
    """Decide events of people without labels by a fusion that was fitted on others.

    Args:
        fusion: What ``fuse_signals`` saved.
        events: What the spotter or recogniser says.
        features: Physiological features of the same events.
        out: File of the events as they were decided, CSV.
        fps: Frames per second where a table does not tell.

    Raises:
        InputError: What is wrong with the files.
    """
    fitted = load_fusion(Path(fusion))
    table = read_fusion_table(Path(events), Path(features), task=fitted.task, classes=fitted.classes, fps=fps)
    write_fused(Path(out), table, fitted.fusion.probabilities(table.examples))
    return table


@errors_name_parameters
def describe_signals(
    features: AnyPath, *, out: AnyPath | None = None, template: AnyPath | None = None
) -> dict[str, str]:
    """Describe the signals around the events of each video in a sentence, for ``evaluate(notes=...)``.

    Args:
        features: Table of features (``signal_features``); its videos are the clips.
        out: File of clip and note, CSV.
        template: YAML in place of the shipped template (``mevqa/physiology/sentence.yaml``).

    Returns:
        Sentences by video; videos without signals have none.

    Raises:
        InputError: What is wrong with the files, or nothing was measured at all.
    """
    notes = describe_videos(read_features(Path(features)), read_template(optional_path(template)))
    if not notes:
        raise InputError(
            [Problem(Path(features), "has no measured feature of which the template speaks: nothing can be told")]
        )
    if out is not None:
        write_clip_notes(Path(out), notes)
    return notes


def _scores(examples: Examples, chances: Array, task: Task) -> dict[str, float]:
    """Return the scores of the events with a right class."""
    coded = np.flatnonzero(examples.truth >= 0)
    truth, probabilities = examples.truth[coded], chances[coded]
    if task == "recognise":
        names = np.array(examples.classes)
        scored = score_classes(names[truth].tolist(), names[probabilities.argmax(axis=1)].tolist())
        return {"accuracy": scored.accuracy, "uf1": scored.uf1, "uar": scored.uar}
    metrics = import_extra("sklearn.metrics", "fusion")
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return {
        "average_precision": float(metrics.average_precision_score(truth, probabilities[:, 1])),
        "brier": float(np.mean((probabilities[:, 1] - truth) ** 2)),
        "log_loss": float(-np.log(clipped[np.arange(len(truth)), truth]).mean()),
    }
