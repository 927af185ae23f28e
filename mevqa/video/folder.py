"""A folder of frames (or a single picture) as a video: natural order, any bit depth, one size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.pictures import picture_size, read_picture, white_level
from mevqa.video.reader import Video
from mevqa.video.timing import decide_timing

#: Suffixes of frames, lower case.
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})

#: How many frames of a deep folder are looked at for the white level.
_LEVEL_SAMPLES = 9


def is_picture(path: Path) -> bool:
    """Return whether ``path`` is a file with a picture's suffix."""
    return path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key that puts ``img2`` before ``img10``, whatever the case of the letters."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() and part.isascii() else (1, part) for part in parts if part)


class FolderVideo(Video):
    """Frames that are files; reading one opens one file, nothing is kept.

    Attributes:
        files: The frames' files in order; the number in ``reg_img46.jpg`` is what some data sets' labels refer to.
    """

    backend = "folder"

    def __init__(self, path: Path, fps: float | None) -> None:
        """List the frames of ``path`` and hold their sizes against each other.

        Raises:
            MediaError: No frames, a frame that is not a picture, frames of different sizes.
        """
        files = _list_frames(path)
        width, height = picture_size(files[0])
        for file in files:
            size = picture_size(file)
            if size != (width, height):
                raise MediaError(
                    file, f"is {size[0]}x{size[1]} pixels, the first frame {files[0].name} is {width}x{height}"
                )
        super().__init__(path, (width, height), decide_timing(len(files), fps))
        gap = _gap(files)
        if gap is not None:
            self.warnings += (gap,)
        self.files = tuple(files)
        self._white = white_level(files[:: max(1, len(files) // _LEVEL_SAMPLES)])

    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices:
            yield index, self._read(self.files[index])

    def _stream(self) -> Iterator[np.ndarray]:
        for file in self.files:
            self._check_open()
            yield self._read(file)

    def _read(self, file: Path) -> np.ndarray:
        frame = read_picture(file, self._white)
        if frame.shape[1::-1] != self.size:
            raise MediaError(file, f"is no longer {self.size[0]}x{self.size[1]} pixels; did the file change?")
        return frame

    def _release(self) -> None:
        pass


def _list_frames(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = [file for file in path.iterdir() if is_picture(file) and not file.name.startswith(".")]
    except OSError as error:
        raise MediaError(path, f"cannot be listed ({error.strerror or error})") from error
    if not files:
        suffixes = ", ".join(sorted(suffix[1:] for suffix in PICTURE_SUFFIXES))
        raise MediaError(path, f"holds no frames ({suffixes})")
    files.sort(key=lambda file: natural_key(file.stem))
    for first, second in pairwise(files):
        if natural_key(first.stem) == natural_key(second.stem):
            raise MediaError(path, f"{first.name} and {second.name} claim the same place; keep one of them")
    return files


def _frame_number(file: Path) -> int | None:
    """Return the last number in the name of ``file``: 46 for ``reg_img46.jpg``."""
    found = re.findall(r"\d+", file.stem)
    return int(found[-1]) if found else None


def _gap(files: Sequence[Path]) -> str | None:
    """Say where the frame numbers jump; such a folder lost frames, or was thinned out on purpose."""
    numbers = [_frame_number(file) for file in files]
    for file, before, after in zip(files[1:], numbers, numbers[1:], strict=False):
        if before is not None and after is not None and after - before != 1:
            return f"the frame numbers jump from {before} to {after} at {file.name}; times and speeds are wrong there"
    return None
