"""Find a clip's media below a folder: the paths of its data set, names in any case, and nothing outside the folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mevqa.datasets import dataset as find_dataset
from mevqa.errors import InputError, Problem
from mevqa.names import fold_name, match_key
from mevqa.video.reading.frame_files import PICTURE_SUFFIXES

#: Suffixes under which videos are looked for; what is inside decides how they are read.
VIDEO_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mts",
        ".m2ts",
        ".wmv",
        ".flv",
        ".ogv",
        ".3gp",
        ".mjpeg",
        ".mjpg",
        ".y4m",
    }
)


def without_suffix(name: str) -> str:
    """Return the name of a clip without the suffix of a video or of a picture, as tables of files write it."""
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and dot + suffix.strip().lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES else name


class _Start(str):
    """The beginning of a name that is looked for, a definition's ``name*``."""


_FOLLOW_LINKS: ContextVar[bool] = ContextVar("follow_links", default=False)


@contextmanager
def links_followed() -> Iterator[None]:
    """Let links lead out of media folders for a while (``--follow-links``)."""
    token = _FOLLOW_LINKS.set(True)
    try:
        yield
    finally:
        _FOLLOW_LINKS.reset(token)


@dataclass
class MediaFolder:
    """A folder with clips, each folder below it listed at most once.

    Attributes:
        root: The folder that the user named.
    """

    root: Path
    _listings: dict[Path, dict[str, list[Path]]] = field(default_factory=dict)

    @cached_property
    def _resolved_root(self) -> Path:
        return self.root.resolve()

    def candidates(self, clip_id: str, dataset: str) -> tuple[list[Path], list[Path]]:
        """Return what could be the clip's media, and folders of its name that hold no frames.

        Args:
            clip_id: The id, without parts that lead out of the folder (``official.leaves_folder``).
            dataset: Short name of the data set.
        """
        media: dict[Path, None] = {}
        bare: dict[Path, None] = {}
        for folders, name in _patterns(clip_id, dataset):
            for path in self._resolve(folders, name):
                if path.is_file() or self._has_frames(path):
                    media[path] = None
                else:
                    bare[path] = None
        if not media and not bare and (stem := without_suffix(clip_id)) != clip_id:
            return self.candidates(stem, dataset)
        return list(media), [folder for folder in bare if not any(folder in path.parents for path in media)]

    def refusal(self, media: Path) -> str | None:
        """Return why media must not be read: they, or frames in them, are links that lead out of the folder.

        The folder itself may be a link. ``links_followed`` allows them.

        Args:
            media: What ``candidates`` or ``pictures`` returned.
        """
        if _FOLLOW_LINKS.get():
            return None
        frames = (Path(entry.path) for entry in os.scandir(media) if entry.is_symlink()) if media.is_dir() else ()
        for path in (media, *frames):
            if not path.resolve().is_relative_to(self._resolved_root):
                name = path.relative_to(self.root)
                return f"{name} is a link that leads out of {self.root}; copy it there, or allow it by --follow-links"
        return None

    def pictures(self, clip_id: str) -> list[Path]:
        """Return the pictures that are named after the clip."""
        parts = re.split(r"[/\\]", clip_id)
        folders = self._walk(self.root, parts[:-1])
        return [path for folder in folders for path in self._files_named(folder, parts[-1], PICTURE_SUFFIXES)]

    def _resolve(self, folders: Sequence[str | None], name: str) -> Iterator[Path]:
        """Yield the folders and the videos of a name at the end of a path."""
        for folder in self._walk(self.root, folders):
            if isinstance(name, _Start):
                start = fold_name(name)
                alike = (path for path in self._children(folder, None) if fold_name(path.name).startswith(start))
                yield from (path for path in alike if path.is_dir() or _is_video(path))
                continue
            yield from (path for path in self._children(folder, name) if path.is_dir() or _is_video(path))
            yield from self._files_named(folder, name, VIDEO_SUFFIXES)

    def _walk(self, folder: Path, parts: Sequence[str | None]) -> list[Path]:
        """Return the folders that a path leads to; several where it has None or names differ in case only."""
        folders = [folder]
        for part in parts:
            folders = [child for parent in folders for child in self._children(parent, part) if child.is_dir()]
        return folders

    def _files_named(self, folder: Path, name: str, suffixes: frozenset[str]) -> list[Path]:
        return [path for suffix in sorted(suffixes) for path in self._children(folder, name, suffix) if path.is_file()]

    def _children(self, folder: Path, name: str | None, suffix: str = "") -> list[Path]:
        """Return the children of a name: the exact one, else those that differ in case, else those of one key.

        Args:
            folder: The folder.
            name: The name; None for all children.
            suffix: What follows it.
        """
        if folder not in self._listings:
            listing: dict[str, list[Path]] = {}
            for child in sorted(_list(folder)):
                listing.setdefault(_file_key(child.name), []).append(child)
            self._listings[folder] = listing
        if name is None:
            return [child for children in self._listings[folder].values() for child in children]
        alike = self._listings[folder].get(match_key(name) + suffix if suffix else _file_key(name), [])
        exact = [child for child in alike if child.name == name + suffix]
        return exact or [child for child in alike if fold_name(child.name) == fold_name(name + suffix)] or alike

    def _has_frames(self, folder: Path) -> bool:
        return any(child.suffix.lower() in PICTURE_SUFFIXES for child in _list(folder))


def _file_key(name: str) -> str:
    """Return the key of a file or folder name; the suffix of a video or picture is no part of the name."""
    path = Path(name)
    suffix = path.suffix.lower()
    return match_key(path.stem) + suffix if suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES else match_key(name)


def _list(folder: Path) -> list[Path]:
    """Return the children of a folder, none of a file.

    Raises:
        InputError: The folder cannot be listed.
    """
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise InputError([Problem(folder, f"cannot be listed: {error.strerror or error}")]) from error


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _patterns(clip_id: str, dataset: str) -> Iterator[tuple[list[str | None], str]]:
    """Yield the paths under which a clip may lie, as folders and a last name; None, a definition's ``*``: any folder.

    A last name that is only a beginning, a definition's ``name*``, is a ``_Start``. A ``*`` in the clip's id
    is an ordinary sign.
    """
    names = {"clip": clip_id, "dataset": dataset}
    templates: list[str] = []
    definitions = {definition.name: definition for definition in (find_dataset("unknown"), find_dataset(dataset))}
    for definition in definitions.values():
        match = re.fullmatch(definition.clip_id, clip_id, re.IGNORECASE) if definition.clip_id else None
        names |= match.groupdict() if match else {}
        templates += [path for path in definition.clip_paths if set(re.findall(r"{(\w+)}", path)) <= names.keys()]
    for template in templates:
        *folders, last = template.split("/")
        parts: list[str | None] = []
        for part in folders:
            parts += [None] if part == "*" else re.split(r"[/\\]", part.format(**names))
        *inner, name = re.split(r"[/\\]", last.removesuffix("*").format(**names))
        yield [*parts, *inner], _Start(name) if last.endswith("*") else name
