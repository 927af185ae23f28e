"""A folder of frames (or a single picture) as a video: natural order, any bit depth, one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.decoding.timing import decide_timing
from mevqa.video.reading.frame_files import list_frames
from mevqa.video.reading.key_frames import MOST_KEY_FRAMES
from mevqa.video.reading.pictures import picture_size, read_picture, white_level
from mevqa.video.reading.video import FrameRead, Video

#: How many frames of a deep folder are looked at for the white level.
_LEVEL_SAMPLES = 9


class FolderVideo(Video):
    """Frames that are files; reading one opens one file, nothing is kept.

    What is white in 16-bit frames is decided once, by frames spread over the clip: the files do not tell the camera's
    depth, reading all of them for their maximum would take as long as the clip itself, and a level that grew on the way
    would be a change of brightness, which looks like motion. So a frame that is not among them and is brighter keeps
    the level: its highlights become white, as in a camera. A frame of which more than 1 % would become white is
    refused, since its face would be lost.

    Attributes:
        files: The frames' files in order of time.
        numbers: Number of each frame in its file's name, to which some data sets' labels refer; None when names do not
            tell.
    """

    backend = "folder"

    def __init__(self, path: Path, fps: float | None, *, skip: bool = False) -> None:
        """List the frames of ``path`` and hold their sizes against each other.

        Args:
            path: The folder, or a single picture.
            fps: Frames per second.
            skip: Whether a pass goes on where a picture is damaged.

        Raises:
            MediaError: No frames, a frame that is not a picture, frames of different sizes, or names that contradict
                one another.
        """
        listed = list_frames(path)
        files = listed.files
        width, height = picture_size(files[0])
        for file in files:
            size = picture_size(file)
            if size != (width, height):
                raise MediaError(
                    file, f"is {size[0]}x{size[1]} pixels, the first frame {files[0].name} is {width}x{height}"
                )
        super().__init__(path, (width, height), decide_timing(len(files), fps))
        # Two or three pictures are key frames (``mevqa.video.reading.key_frames``), which are no neighbours.
        gap = _gap(files, listed.numbers) if listed.numbers is not None and len(files) > MOST_KEY_FRAMES else None
        if gap is not None:
            self.warnings += (gap,)
        if listed.left_out:
            names = ", ".join(file.name for file in listed.left_out[:3])
            more = f" and {len(listed.left_out) - 3} more" if len(listed.left_out) > 3 else ""
            self.warnings += (f"only the pictures named as key frames are read, not {names}{more}",)
        self.skips_damaged = skip
        self.files = files
        self.numbers = listed.numbers
        self.named_key_frames = listed.key_frames
        self._white = white_level(files[:: max(1, len(files) // _LEVEL_SAMPLES)])

    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices:
            yield index, self._read(self.files[index])

    def read_forward(self, wants: Callable[[float], bool] = lambda ms: True) -> Iterator[FrameRead]:
        """Yield every frame as ``Video.read_forward`` does."""
        for number, file in enumerate(self.files):
            self._check_open()
            ms = float(self.times_ms[number])
            picture, missing = None, ""
            try:
                picture = self._read(file) if wants(ms) else None
            except MediaError:
                self.missing.add(number)
                if not self.skips_damaged or len(self.missing) == len(self):
                    raise
                missing = "damaged pictures"
            yield FrameRead(number, ms, picture, missing)

    def _read(self, file: Path) -> np.ndarray:
        frame = read_picture(file, self._white)
        if frame.shape[1::-1] != self.size:
            raise MediaError(file, f"is no longer {self.size[0]}x{self.size[1]} pixels; did the file change?")
        return frame

    def _release(self) -> None:
        pass


def _gap(files: Sequence[Path], numbers: Sequence[int]) -> str | None:
    """Return a warning where the frame numbers jump: such a folder lost frames, or was thinned out on purpose."""
    for file, before, after in zip(files[1:], numbers, numbers[1:], strict=False):
        if after - before != 1:
            return f"the frame numbers jump from {before} to {after} at {file.name}; times and speeds are wrong there"
    return None
