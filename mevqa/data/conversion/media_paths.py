"""Clip ids from the paths of pictures and videos that records of other toolkits name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.data.layouts import VIDEO_SUFFIXES
from mevqa.video.reading.frame_files import PICTURE_SUFFIXES

_PICTURES = PICTURE_SUFFIXES | {".webp", ".gif"}


@dataclass(frozen=True, slots=True)
class ClipNames:
    """Clip ids of some records.

    Attributes:
        clips: One a record; None where it names no media or has a problem.
        problems: By the place of the record, one clear line each.
        notes: How the ids were made, one sentence each.
    """

    clips: tuple[str | None, ...]
    problems: dict[int, str]
    notes: tuple[str, ...]


def name_clips(media: Sequence[Sequence[str]]) -> ClipNames:
    """Return the clip that each record is about: the folder of its pictures, or its video.

    Where a file's records name one picture each and all lie in one folder, the pictures are the clips. Absolute paths
    are taken below the folder that all have in common.

    Args:
        media: The paths that each record names.
    """
    problems: dict[int, str] = {}
    cleaned: list[list[str]] = []
    for index, paths in enumerate(media):
        cleaned.append([_clean(path) for path in paths])
        far = next((path for path in paths if re.match(r"(?:data|https?|s3|gs|oss):", path)), None)
        if far is not None:
            what = "is embedded" if far.startswith("data:") else f"is at an address ({far[:40]})"
            problems[index] = f"the picture {what}; save pictures as files and name them"
            cleaned[-1] = []
    singles = {paths[0] for paths in cleaned if len(paths) == 1 and _suffix(paths[0]) in _PICTURES}
    many = any(len(paths) > 1 for paths in cleaned)
    flat = not many and len(singles) > 1 and len({posixpath.dirname(path) for path in singles}) == 1
    clips: list[str | None] = []
    for index, paths in enumerate(cleaned):
        try:
            clips.append(_clip(paths, pictures_are_clips=flat) if paths else None)
        except ValueError as error:
            problems[index] = str(error)
            clips.append(None)
    clips, root = _below(clips)
    notes = []
    if root:
        notes.append(f"clips are named below {root}: give that folder as --media")
    if flat:
        notes.append("all pictures lie in one folder, one a record: each picture is a clip")
    return ClipNames(tuple(clips), problems, tuple(notes))


def _clean(path: str) -> str:
    path = path.strip().removeprefix("file://").replace("\\", "/")
    return posixpath.normpath(path) if path else ""


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def _clip(paths: Sequence[str], *, pictures_are_clips: bool) -> str:
    """Return the clip of one record's paths."""
    names = set()
    for path in paths:
        suffix = _suffix(path)
        folder = posixpath.dirname(path)
        if suffix in VIDEO_SUFFIXES:
            names.add(posixpath.splitext(path)[0])
        elif suffix not in _PICTURES:
            names.add(path)
        elif (pictures_are_clips or not folder) and len(paths) == 1:
            names.add(posixpath.splitext(path)[0])
        elif not folder:
            raise ValueError(f"its pictures ({paths[0]}, ...) lie in no folder that could name the clip")
        else:
            names.add(folder)
    if len(names) > 1:
        clips = sorted(names)
        raise ValueError(f"names media of {len(clips)} clips ({', '.join(clips[:3])}); a question is about one")
    return names.pop()


def _below(clips: list[str | None]) -> tuple[list[str | None], str]:
    """Take off the folder that all clips have in common, if one of them does not stay below a media folder."""
    clip_parts = [clip.split("/") for clip in clips if clip is not None]
    if not any(parts[0] in ("", "..", "~") or parts[0].endswith(":") for parts in clip_parts):
        return clips, ""
    shared: list[str] = []
    for column in zip(*(parts[:-1] for parts in clip_parts), strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    shortened = ["/".join(clip.split("/")[len(shared) :]) if clip is not None else None for clip in clips]
    return shortened, "/".join(shared) or "/"
