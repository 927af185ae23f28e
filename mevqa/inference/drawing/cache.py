"""A folder of views, found by the content of the media and by how it is looked at: no run or training draws them twice.

One safetensors file for each clip and way of looking at it, with the pictures as PNG. Its name is a hash of everything
that decides them: the bytes and names of the media (of a folder, of all its files), frame rate, onset, apex and offset
as they were given, ready-made pictures, views, sampler and face alignment, the releases of the packages that read and
draw, and the code and tables of ``mevqa.video``. So nothing stored is ever out of date; a file that is damaged is drawn
anew. What somebody registered (a view, a sampler) is not stored: its code may change under the same name.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

import mevqa.video
from mevqa.errors import InputError, MediaError
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.whole import PART_ENDING, write_whole
from mevqa.inference.drawing.rows import facts_of, png_bytes, views_of
from mevqa.inference.drawing.versions import installed_versions
from mevqa.inference.runs import file_digest
from mevqa.resources import TABLES
from mevqa.types import Clip, View
from mevqa.video.face.landmarks import MODEL_VARIABLE
from mevqa.video.reading.key_frames import KEY_FRAME_RULES
from mevqa.video.views.registry import VIEWS
from mevqa.video.views.render import ClipViews, views_to_draw
from mevqa.video.views.sampler import SAMPLERS

if TYPE_CHECKING:
    from mevqa.inference.view_config import ViewConfig

#: Environment variable that names the folder; ``NONE`` for no cache.
CACHE_VARIABLE = "MEVQA_VIEWS"
NONE = "none"

#: Format of the files.
_FORMAT = 1

#: Bytes that the folder holds at most once a run is over: what was not used for longest is removed.
LARGEST = 4 << 30

#: Packages whose release can change a picture.
_PACKAGES = ("mevqa", "numpy", "scipy", "opencv-python-headless", "av", "decord", "pillow", "mediapipe")

#: Compression of the pictures: a face is a tenth larger than with the best, and written four times as fast.
_LEVEL = 1


class _Picture(StrictModel):
    name: str
    caption: str
    frames: tuple[int, ...]


class _Header(StrictModel):
    """Record beside the pictures, as JSON in the file's metadata.

    Attributes:
        format: Of the file.
        sha256: Of the pictures, in order, and the times.
        views: Name, caption and frames of each picture.
        facts: As ``facts_of`` returns them.
        timed: Whether the times of the frames are stored.
    """

    format: int
    sha256: str
    views: tuple[_Picture, ...]
    facts: dict[str, Any]
    timed: bool


@dataclass(frozen=True, slots=True)
class ViewCache:
    """Views of clips in a folder.

    Attributes:
        folder: The folder; it is made when something is stored, readable for the user alone: it shows faces.
    """

    folder: Path

    def file(self, clip: Clip, view_config: ViewConfig, *, long_video: bool) -> Path | None:
        """Return where the views of a clip are stored, or would be; None for those that are not to be stored.

        Raises:
            OSError: The media cannot be read.
        """
        views = view_config.long_views if long_video else view_config.views
        sampler = view_config.long_sampler if long_video else view_config.sampler
        ours = _is_ours(SAMPLERS.find, sampler) and all(_is_ours(VIEWS.find, name) for name in views)
        if not ours or clip.media is None or not views_to_draw(clip, views):
            return None
        annotation = clip.annotation
        settings = {
            "format": _FORMAT,
            "made_with": _made_with(),
            "key_frames": KEY_FRAME_RULES,
            "media": file_digest(clip.media),
            "fps": clip.fps,
            "at": None if annotation is None else [annotation.onset, annotation.apex, annotation.offset],
            "pictures": {name: file_digest(path) for name, path in sorted(clip.pictures.items())},
            "warnings": clip.warnings,
            "views": views,
            "sampler": sampler,
            "face": view_config.face,
            "landmarks": _landmarks() if view_config.face == "mediapipe" else None,
            "frames": view_config.long_frames if long_video and sampler == "uniform" else view_config.frames,
            "stride": view_config.stride,
        }
        name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:40]
        return self.folder / name[:2] / f"{name}.safetensors"

    def load(self, file: Path) -> ClipViews | None:
        """Return the views in a file; None where there is no such file, or none that is whole."""
        with suppress(OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError):
            with safe_open(file, "numpy") as content:
                header = _Header.model_validate_json((content.metadata() or {})["mevqa"])
                arrays = [content.get_tensor(name) for name in _names(header)]
            if header.format != _FORMAT or header.sha256 != _digest(arrays):
                return None
            os.utime(file)  # Used now: what was not for longest is removed first.
            pictures = [Image.open(io.BytesIO(array.tobytes())) for array in arrays[: len(header.views)]]
            for picture in pictures:
                picture.load()
            views = [
                View(view.name, _plain(picture), view.caption, view.frames)
                for view, picture in zip(header.views, pictures, strict=True)
            ]
            return views_of(header.facts, views, arrays[-1] if header.timed else None)
        return None

    def store(self, file: Path, clip_views: ClipViews) -> None:
        """Store views whole, or not at all.

        Raises:
            InputError: They cannot be written.
            OSError: Likewise.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.mkdir(exist_ok=True)
        arrays = [np.frombuffer(png_bytes(view.image, _LEVEL), np.uint8) for view in clip_views.views]
        if clip_views.times_ms is not None:
            arrays.append(np.ascontiguousarray(clip_views.times_ms, np.float64))
        header = _Header(
            format=_FORMAT,
            sha256=_digest(arrays),
            views=tuple(
                _Picture(name=v.name, caption=v.caption, frames=tuple(map(int, v.frames))) for v in clip_views.views
            ),
            facts=facts_of(clip_views),
            timed=clip_views.times_ms is not None,
        )
        names = _names(header)
        try:
            write_whole(file, save(dict(zip(names, arrays, strict=True)), {"mevqa": header.model_dump_json()}))
        except InputError:
            # Another process may have stored the same at the same time.
            if self.load(file) is None:
                raise

    def trim(self, largest: int = LARGEST) -> int:
        """Remove what was not used for longest until the folder holds no more than so many bytes.

        Args:
            largest: Bytes.

        Returns:
            The number of files that were removed.
        """
        stored = []
        with suppress(OSError):
            for file in self.folder.glob("??/*"):
                if file.suffix == ".safetensors" or file.name.endswith(PART_ENDING):
                    with suppress(OSError):
                        state = file.stat()
                        stored.append((state.st_mtime, state.st_size, file))
        size, removed = sum(bytes_ for _, bytes_, _ in stored), 0
        for _, bytes_, file in sorted(stored):
            if size <= largest:
                break
            with suppress(OSError):
                file.unlink()
                size, removed = size - bytes_, removed + 1
        return removed


@dataclass(frozen=True, slots=True)
class CachedViews:
    """Draws views that are not stored yet, and stores them.

    Attributes:
        view_config: Which views are made and how.
        cache: Where they are stored.
    """

    view_config: ViewConfig
    cache: ViewCache

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return the views of a clip: from the cache, or drawn now.

        Views that cannot be stored are returned all the same, with one note on standard error.

        Args:
            clip: The clip.
            long_video: Whether it is asked about as a long video, at the whole of which the model looks.

        Raises:
            InputError: As for ``ViewConfig.render``.
            MediaError: Likewise.
        """
        file = self._file(clip, long_video)
        clip_views = None if file is None else self.cache.load(file)
        if clip_views is None:
            clip_views = self.view_config.render(clip, long_video=long_video)
            # Media that were replaced meanwhile are drawn, and not stored as what they were.
            if file is not None and file == self._file(clip, long_video):
                try:
                    self.cache.store(file, clip_views)
                except (InputError, MediaError, OSError) as error:
                    _say_once(f"note: views are drawn and not stored: {error} (--views-cache none: no cache)")
        return clip_views

    def _file(self, clip: Clip, long_video: bool) -> Path | None:
        try:
            return self.cache.file(clip, self.view_config, long_video=long_video)
        except OSError:
            return None  # The reader of the media says what is wrong with them.


def chosen_cache(folder: Path | None) -> ViewCache | None:
    """Return the cache that the user named, by an option or the environment, else that of the user's caches.

    Args:
        folder: The folder, or ``none``; None where the user does not say.
    """
    chosen = str(folder) if folder is not None else os.environ.get(CACHE_VARIABLE)
    if chosen == NONE:
        return None
    if chosen:
        return ViewCache(Path(chosen).expanduser())
    # The XDG Base Directory Specification, as for `mevqa features`.
    caches = os.environ.get("XDG_CACHE_HOME")
    try:
        return ViewCache((Path(caches) if caches else Path.home() / ".cache") / "mevqa" / "views")
    except RuntimeError:  # A user without a home folder.
        return None


def drawn_with(view_config: ViewConfig, cache: ViewCache | None) -> ViewConfig | CachedViews:
    """Return what draws the views of clips, through a cache where there is one."""
    return view_config if cache is None else CachedViews(view_config, cache)


def _is_ours(find: Callable[[str], Any], name: str) -> bool:
    """Return whether a view or sampler is shipped, and not of somebody's own code."""
    try:
        registered = find(name)
    except InputError:
        return False
    return str(getattr(registered, "func", registered).__module__).startswith("mevqa.")


@functools.cache
def _made_with() -> str:
    """Return a hash of the code that reads and draws, of its tables and of the releases of what it uses."""
    digest = hashlib.sha256(json.dumps(installed_versions(_PACKAGES)).encode())
    folder = Path(mevqa.video.__file__).parent
    for file in (*sorted(folder.rglob("*.py")), *sorted(TABLES.glob("*.yaml"))):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _landmarks() -> str | None:
    model_path = os.environ.get(MODEL_VARIABLE)
    return file_digest(Path(model_path)) if model_path and Path(model_path).is_file() else model_path


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture as one that was drawn, without what a file adds."""
    plain = Image.new(picture.mode, picture.size)
    plain.paste(picture)
    return plain


def _names(header: _Header) -> list[str]:
    names = [f"view.{number}" for number in range(len(header.views))]
    return [*names, "times_ms"] if header.timed else names


def _digest(arrays: list[np.ndarray]) -> str:
    state = hashlib.sha256()
    for array in arrays:
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


@functools.cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
