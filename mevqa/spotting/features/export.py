"""Motion records and series as files that other programs read: NumPy archives and CSV."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.spotting.features.types import FeatureSeries, MotionRecord

ExportFormat: TypeAlias = Literal["npz", "csv"]


def export_record(path: Path, record: MotionRecord) -> None:
    """Write everything that was measured of a video, a row or an entry for each frame that was read.

    ``.npz``: ``frames``, ``times_ms``, ``stretch`` (-1 where nothing was measured), ``displacement``
    [samples, regions, 2] (right, down; eye distances), ``mismatch`` [samples, regions], ``placement`` [samples, 2, 3]
    (where the canonical face of 256 pixels lies in the frame), ``missing`` (why nothing was measured, empty where
    something was), ``regions``, ``fps``, ``length``. ``.csv``: ``frame``, ``time_ms``, ``stretch``, ``missing``, and of
    each region ``NAME right``, ``NAME down`` and ``NAME mismatch``, empty where nothing was measured.

    Args:
        path: The file; its suffix says which.
        record: The record.

    Raises:
        InputError: It cannot be written.
    """
    missing = np.array(record.reasons)[record.missing]
    if path.suffix == ".npz":
        _write_npz(
            path,
            frames=record.frames,
            times_ms=record.times_ms,
            stretch=record.stretch,
            displacement=record.displacement,
            mismatch=record.mismatch,
            placement=record.placement,
            missing=missing,
            regions=np.array(record.regions),
            fps=np.float64(record.fps),
            length=np.int64(record.length),
        )
        return
    measures = [f"{region} {what}" for region in record.regions for what in ("right", "down", "mismatch")]
    values = np.concatenate([record.displacement, record.mismatch[..., None]], axis=2).reshape(len(record.frames), -1)
    facts = zip(record.frames, record.times_ms, record.stretch, missing, strict=True)
    head = ([str(frame), f"{ms:.3f}", str(stretch), str(why)] for frame, ms, stretch, why in facts)
    _write_csv(path, ["frame", "time_ms", "stretch", "missing", *measures], head, values, record.missing == 0)


def export_series(path: Path, series: FeatureSeries, names: Sequence[str]) -> None:
    """Write a series at even steps of time.

    ``.npz``: ``times_ms``, ``frames`` (the nearest of the footage), ``values`` [samples, channels], ``measured``,
    ``channels`` (their names), ``step_ms``. ``.csv``: ``time_ms``, ``frame``, ``measured`` (0 or 1), and a column for
    each channel.

    Args:
        path: The file; its suffix says which.
        series: The series.
        names: Of its channels.

    Raises:
        InputError: It cannot be written.
    """
    if path.suffix == ".npz":
        _write_npz(
            path,
            times_ms=series.times_ms,
            frames=series.frames,
            values=series.values,
            measured=series.measured,
            channels=np.array(names),
            step_ms=np.float64(series.step_ms),
        )
        return
    facts = zip(series.times_ms, series.frames, series.measured, strict=True)
    head = ([f"{ms:.3f}", str(frame), str(int(measured))] for ms, frame, measured in facts)
    every = np.ones(len(series.frames), dtype=bool)
    _write_csv(path, ["time_ms", "frame", "measured", *names], head, series.values, every)


def _write_npz(path: Path, **arrays: Any) -> None:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_whole(path, content.getvalue())


def _write_csv(
    path: Path, columns: Sequence[str], head: Iterator[list[str]], values: np.ndarray, measured: np.ndarray
) -> None:
    nothing = [""] * values.shape[1]
    rows = [
        [*first, *([f"{value:.6g}" for value in row] if there else nothing)]
        for first, row, there in zip(head, values.tolist(), measured, strict=True)
    ]
    write_whole(path, csv_text([list(columns), *rows]))
