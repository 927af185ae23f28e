"""The interface of a video: frames by index, exact or an error."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mevqa.video.decoding.timing import Timing


class Footage(Protocol):
    """Frames by index, read forward, with their times: a video, or some frames of one."""

    @property
    def times_ms(self) -> NDArray[np.float64]:
        """Presentation times [frames], ms; the first is 0."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the media for a reader of an answer."""
        ...

    def __len__(self) -> int:
        """Return the number of frames."""
        ...

    def frames(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Return RGB frames uint8 [height, width, 3] at ascending indices."""
        ...


class FrameRead(NamedTuple):
    """One frame of a pass through a video.

    Attributes:
        number: Its place in the whole video.
        ms: Its time from the first frame.
        picture: RGB [H, W, 3]; None for a frame that was not wanted, and for one that is missing.
        missing: Why it could not be read; stands for all frames up to the next that could. Empty when it was read.
    """

    number: int
    ms: float
    picture: np.ndarray | None
    missing: str = ""


class Video(ABC):
    """Frames by index, RGB uint8 ``[height, width, 3]``, 0-based, upright (rotation metadata is applied).

    Behaves as a sequence: ``len``, ``video[i]`` (negative counts from the end), iteration. Every frame handed out is
    the caller's own to change. Not thread-safe: a video keeps a decoding position; open one per thread.

    Attributes:
        path: The file or folder.
        backend: Which reader serves it: ``pyav``, ``decord`` or ``folder``.
        size: (width, height) in pixels, as the frames are handed out.
        fps: Frames per second: the one given by the user, else the file's, else the median of its timestamps.
        fps_source: Where ``fps`` comes from: ``given``, ``metadata``, ``timestamps`` or ``assumed``.
        times_ms: float64 ``[frames]``, presentation times in ms, the first is 0.
        warnings: What a reader should know about the media (an assumed frame rate, lost frames).
        missing: Frames that are known to be unreadable, of a video that was opened to skip those.
        skips_damaged: Whether a frame may still turn out to be damaged that is then to be left out; reading it by its
            index is an error all the same.
        named_key_frames: Frames of onset, apex and offset, as far as the names of a folder's files tell them.
    """

    backend: str
    skips_damaged: bool = False

    def __init__(self, path: Path, size: tuple[int, int], timing: Timing) -> None:
        self.path = path
        self.size = size
        self.fps = timing.fps
        self.fps_source = timing.source
        self.times_ms = timing.times_ms
        self.warnings: tuple[str, ...] = ()
        self.missing: set[int] = set()
        self.named_key_frames: Mapping[str, int] = {}
        if timing.source == "assumed":
            self.warnings += (f"the media does not tell its frame rate; {self.fps:g} frames per second are assumed",)
        self._closed = False

    def __len__(self) -> int:
        return len(self.times_ms)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.frames([index])[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        self._check_open()
        return (frame.picture for frame in self.read_forward() if frame.picture is not None)

    def frames(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Return the frames at ``indices``, in that order, repeats included, reading forward once.

        Raises:
            IndexError: An index is outside the video; nothing was decoded.
            MediaError: A frame cannot be decoded exactly.
            ValueError: The video is closed.
        """
        self._check_open()
        wanted = [self._normalise(index) for index in indices]
        decoded: dict[int, np.ndarray] = {}
        for index, frame in self._pick(sorted(set(wanted))):
            decoded[index] = frame
        handed_out: set[int] = set()
        frames = []
        for index in wanted:
            frames.append(decoded[index].copy() if index in handed_out else decoded[index])
            handed_out.add(index)
        return frames

    @abstractmethod
    def read_forward(self, wants: Callable[[float], bool] = lambda ms: True) -> Iterator[FrameRead]:
        """Yield every frame from the first, whatever ``frames`` reads meanwhile.

        Args:
            wants: Given the time of a frame in ms, whether its picture is wanted.

        Raises:
            MediaError: A frame cannot be read, unless the video was opened to skip those.
        """

    def close(self) -> None:
        """Release file handles and decoders, those of unfinished iterations too; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self._release()

    def __enter__(self) -> Video:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        width, height = self.size
        return f"<Video {self.path} {len(self)} frames {width}x{height} {self.fps:g} fps {self.backend}>"

    @abstractmethod
    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (index, frame) for ascending unique ``indices``; the frames belong to the caller."""

    @abstractmethod
    def _release(self) -> None:
        """Free what the backend holds open."""

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"{self.path}: the video is closed")

    def _normalise(self, index: int) -> int:
        position = operator.index(index)
        if position < 0:
            position += len(self)
        if not 0 <= position < len(self):
            raise IndexError(f"{self.path}: frame {index} is outside the video of {len(self)} frames")
        return position
