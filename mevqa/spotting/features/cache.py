"""A folder of motion records, found by the content of the media: a video is measured once, whatever it is called.

One safetensors file a video. Its name is a hash of the bytes of the media (of a folder, of its frames in order), of the
frame rate that the user gave, of the rate of measuring, of the table of regions and of the version of the tracker. A
file that is damaged, or that is not of the video as it is read now, is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mevqa.errors import InputError, MediaError
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import make_folder, write_whole
from mevqa.spotting.features.measure import measure, video_name
from mevqa.spotting.features.types import MotionRecord
from mevqa.spotting.tracking.pace import FIND_FPS
from mevqa.spotting.tracking.tracker import TRACKER_VERSION
from mevqa.video.face.regions import network_regions
from mevqa.video.reading.frame_files import list_frames

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

#: Format of the files.
_FORMAT = 1

#: Bytes that are hashed at a time.
_BLOCK = 1 << 20

#: The arrays of a record, and how each is stored: type, and the axes behind that of the samples.
_ARRAYS: dict[str, tuple[str, tuple[int | str, ...]]] = {
    "frames": ("int64", ()),
    "times_ms": ("float64", ()),
    "stretch": ("int32", ()),
    "displacement": ("float32", ("regions", 2)),
    "mismatch": ("float32", ("regions",)),
    "placement": ("float32", (2, 3)),
    "missing": ("uint8", ()),
}


class _Header(StrictModel):
    """Fields that are stored beside the arrays, as JSON in the file's metadata.

    Attributes:
        format: Of the file.
        sha256: Of the arrays, in the order of ``_ARRAYS``.
    """

    format: int
    sha256: str
    video: str
    fps: float
    length: int
    regions: tuple[str, ...]
    reasons: tuple[str, ...]
    unread: tuple[int, ...]
    warnings: tuple[str, ...]


class FeatureCache:
    """Motion records of videos in a folder.

    Attributes:
        folder: The folder; it is made when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, video: Video) -> Path:
        """Return where the record of an open video is stored, or would be.

        Raises:
            MediaError: The media cannot be read.
        """
        return self.folder / f"{_key(video)}.safetensors"

    def load(self, video: Video, file: Path | None = None) -> MotionRecord | None:
        """Return the stored record of an open video; None where there is none, or none that is whole and its own.

        Args:
            video: The video.
            file: What ``file`` returned of it, where that is known.

        Raises:
            MediaError: The media cannot be read.
        """
        record = read_record(file or self.file(video))
        if record is None or not _agrees(record, video):
            return None
        return replace(record, video=video_name(video))

    def store(self, file: Path, record: MotionRecord) -> None:
        """Store a record whole, or not at all.

        Args:
            file: What ``file`` returned of its video.
            record: The record.

        Raises:
            InputError: It cannot be written.
        """
        make_folder(self.folder)
        arrays = {name: np.ascontiguousarray(getattr(record, name), kind) for name, (kind, _) in _ARRAYS.items()}
        header = _Header(
            format=_FORMAT,
            sha256=_digest(arrays),
            video=os.fsencode(record.video).decode("utf-8", "replace"),
            fps=record.fps,
            length=record.length,
            regions=record.regions,
            reasons=record.reasons,
            unread=record.unread,
            warnings=record.warnings,
        )
        try:
            write_whole(file, save(arrays, {"mevqa": header.model_dump_json()}))
        except InputError:
            # Another process may have stored the same content at the same time.
            if read_record(file) is None:
                raise

    def record(self, video: Video, progress: Callable[[int, int], None] = lambda done, total: None) -> MotionRecord:
        """Return the record of an open video: the stored one, or measured now and stored.

        What cannot be stored is said in the record's warnings: what was measured is not lost for that.

        Args:
            video: The video.
            progress: Called now and then with frames done and frames in all.

        Raises:
            MediaError: The video cannot be read.
        """
        file = self.file(video)
        record = self.load(video, file)
        if record is not None:
            progress(record.length, record.length)
            return record
        record = measure(video, progress)
        try:
            self.store(file, record)
        except InputError as error:
            return replace(record, warnings=(*record.warnings, f"what was measured is not kept: {error}"))
        return record


def _key(video: Video) -> str:
    """Return the hash of everything that decides the record of an open video."""
    return record_key(video.path, video.fps if video.fps_source == "given" else None)


def record_key(path: Path, fps: float | None) -> str:
    """Return the hash of everything that decides the record of a video, for what is kept of it.

    Args:
        path: The media.
        fps: Frames per second, where the user or the data set knows better than the file.

    Raises:
        MediaError: The media cannot be read.
    """
    settings = {
        "media": _content(path),
        "fps": fps,
        "find_fps": FIND_FPS,
        "tracker": TRACKER_VERSION,
        "regions": [[region.name, region.kind, region.centre, region.size] for region in network_regions()],
    }
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:40]


def _content(path: Path) -> list[str]:
    """Return hashes of the bytes of a video file, or of the frames of a folder in their order.

    Raises:
        MediaError: They cannot be read.
    """
    files = list_frames(path).files if path.is_dir() else (path,)
    digests = []
    for media_file in files:
        state = hashlib.sha256()
        try:
            with media_file.open("rb") as file:
                while block := file.read(_BLOCK):
                    state.update(block)
        except OSError as error:
            raise MediaError(media_file, f"cannot be read ({error.strerror or error})") from error
        digests.append(state.hexdigest())
    return digests


def record_digest(record: MotionRecord) -> str:
    """Return a hash of what was measured, for what is computed from it."""
    return _digest({name: np.ascontiguousarray(getattr(record, name), kind) for name, (kind, _) in _ARRAYS.items()})


def _digest(arrays: dict[str, Any]) -> str:
    """Return a hash of the arrays of a record."""
    state = hashlib.sha256()
    for name in _ARRAYS:
        state.update(np.ascontiguousarray(arrays[name]).data)
    return state.hexdigest()


def read_record(file: Path) -> MotionRecord | None:
    """Return the record in a file; None where there is no such file, or none that is whole."""
    with suppress(OSError, SafetensorError, ValidationError, ValueError, KeyError):
        with safe_open(file, "numpy") as content:
            header = _Header.model_validate_json((content.metadata() or {})["mevqa"])
            arrays = {name: content.get_tensor(name) for name in _ARRAYS}
        samples = len(arrays["frames"])
        sizes: dict[int | str, int] = {"regions": len(header.regions)}
        for name, (kind, axes) in _ARRAYS.items():
            shape = (samples, *(sizes.get(axis, axis) for axis in axes))
            if arrays[name].dtype != kind or arrays[name].shape != shape:
                return None
        if header.format != _FORMAT or header.sha256 != _digest(arrays):
            return None
        facts = header.model_dump(exclude={"format", "sha256"})
        return MotionRecord(**facts, **arrays)
    return None


def _agrees(record: MotionRecord, video: Video) -> bool:
    """Return whether a record has the frames and times of a video as it is opened now.

    A file whose packets announce other frames than it has is opened in another way than announced.
    """
    return (
        (record.length, record.fps) == (len(video), video.fps)
        and bool((record.frames < len(video)).all())
        and np.array_equal(record.times_ms, video.times_ms[record.frames])
    )
