"""The report of runs: one HTML page of scores, charts and clips."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mevqa.api.paths import AnyPath, optional_path
from mevqa.data.media import ready_pictures
from mevqa.errors import errors_name_parameters
from mevqa.inference.runs import RunRecord
from mevqa.reporting import ReportOptions, Scoring, Written, write_report


@errors_name_parameters
def report(
    runs: RunRecord | AnyPath | Sequence[RunRecord | AnyPath],
    out: AnyPath,
    *,
    reference: AnyPath | None = None,
    preset: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    title: str | None = None,
    events: AnyPath | None = None,
    pictures: bool = True,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    on_clip: Callable[[int, int], None] = lambda done, total: None,
    on_frames: Callable[[str, int, int], None] = lambda clip, done, total: None,
) -> Written:
    """Write a report of runs; several are compared with the first.

    Args:
        runs: Runs, or their folders.
        out: Folder of the report; files of an earlier report in it are replaced.
        reference: A question file with the right answers; None for those that the runs answered.
        preset: How answers are scored; None: as the task is.
        draws: Bootstrap draws; 0 for no intervals.
        seed: Of the bootstrap.
        title: Title of the page; None: models and data sets.
        events: Detected events of long videos; None for ``events.csv`` of a run.
        pictures: Whether clips are shown with pictures.
        media: Folder of the clips; None for the one that the run recorded.
        annotations: Label file; None likewise.
        precomputed: Folders of ready-made pictures by view name; empty likewise.
        on_clip: Called with the number of clips done and of all.
        on_frames: Called with a long video, its frames that are passed and all of them.

    Raises:
        InputError: Everything that is wrong with the runs, or the folder cannot be written.
    """
    run_list = [runs] if isinstance(runs, (RunRecord, str, os.PathLike)) else runs
    folders = [run.path if isinstance(run, RunRecord) else Path(run) for run in run_list]
    options = ReportOptions(
        pictures,
        optional_path(media),
        optional_path(annotations),
        ready_pictures(precomputed),
        optional_path(events),
        title,
    )
    scoring = Scoring(optional_path(reference), preset, draws, seed)
    return write_report(folders, Path(out), scoring, options, on_clip=on_clip, on_frames=on_frames)
