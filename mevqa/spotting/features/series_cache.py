"""Series of pictures in the folder of the motion records: what is read of the frames of a video is read once.

One safetensors file a video and set of channels, beside the record of the video and named after it. A file that is
damaged, or that was made with another record, is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mevqa.errors import InputError
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import make_folder, write_whole
from mevqa.spotting.features.cache import FeatureCache, record_digest
from mevqa.spotting.features.types import FeatureSeries, MotionRecord

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

_ARRAYS = ("times_ms", "frames", "values", "measured")


class _Header(StrictModel):
    """Fields that are stored beside the arrays, as JSON in the file's metadata.

    Attributes:
        sha256: Of the arrays.
        record: Hash of the record with which they were made.
        step_ms: Time from one sample to the next.
    """

    sha256: str
    record: str
    step_ms: float


def stored_series(
    folder: Path, video: Video, record: MotionRecord, name: str, make: Callable[[], FeatureSeries]
) -> FeatureSeries:
    """Return the stored series of an open video, or make it and store it.

    What cannot be stored is not lost: it is made anew the next time.

    Args:
        folder: Of the cache.
        video: The video.
        record: Its record.
        name: Of the channels, with their version.
        make: Makes the series.

    Raises:
        MediaError: The media cannot be read.
    """
    file = folder / f"{FeatureCache(folder).file(video).stem}.{name}.safetensors"
    record_hash = record_digest(record)
    if (stored := _read(file, record_hash)) is not None:
        return stored
    series = make()
    arrays = {name: np.ascontiguousarray(getattr(series, name)) for name in _ARRAYS}
    header = _Header(sha256=_digest(arrays), record=record_hash, step_ms=series.step_ms)
    with suppress(InputError):
        make_folder(folder)
        write_whole(file, save(arrays, {"mevqa": header.model_dump_json()}))
    return series


def _read(file: Path, record: str) -> FeatureSeries | None:
    """Return the series in a file; None where there is none that is whole and made with the record."""
    with suppress(OSError, SafetensorError, ValidationError, ValueError, KeyError):
        with safe_open(file, "numpy") as content:
            header = _Header.model_validate_json((content.metadata() or {})["mevqa"])
            arrays = {name: content.get_tensor(name) for name in _ARRAYS}
        if (header.record, header.sha256) == (record, _digest(arrays)):
            return FeatureSeries(step_ms=header.step_ms, **arrays)
    return None


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return a hash of the arrays, with their types and shapes."""
    state = hashlib.sha256()
    for name in _ARRAYS:
        state.update(f"{arrays[name].dtype} {arrays[name].shape}".encode())
        state.update(np.ascontiguousarray(arrays[name]).data)
    return state.hexdigest()
