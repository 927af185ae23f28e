"""The frames of a folder: their order, the number of each, and the key frames that their names tell."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from mevqa.errors import MediaError
from mevqa.video.reading.key_frame_names import ROLES, named_role, roles_together

#: Suffixes of frames, lower case.
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})

#: So many files or fewer that all name one key frame are copies of it; more are frames whose names share a word.
_MOST_COPIES = 3


@dataclass(frozen=True, slots=True)
class FrameFiles:
    """The frames of a folder.

    Attributes:
        files: In the order of time.
        numbers: The frame number of each: the number that changes from name to name. None when names do not tell.
        key_frames: Position of the onset, the apex and the offset, as far as names tell them.
        left_out: Pictures beside the key frames that have no place among them.
    """

    files: tuple[Path, ...]
    numbers: tuple[int, ...] | None = None
    key_frames: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[Path, ...] = ()


def is_picture(path: Path) -> bool:
    """Return whether ``path`` is a file with a picture's suffix."""
    return path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key that puts ``img2`` before ``img10``, whatever the case of the letters."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() and part.isascii() else (1, part) for part in parts if part)


def list_frames(path: Path) -> FrameFiles:
    """List the frames of a folder, or a single picture.

    Names that say ``onset``, ``apex`` or ``offset`` (``tables/key_frame_names.yaml``) give the order of time. Frames
    between them must have numbers. A word that all names share names nothing.

    Raises:
        MediaError: The folder cannot be listed or holds no frames, two frames claim the same place or the same key
            frame, or a key frame has no place among numbered frames.
    """
    if not path.is_dir():
        return FrameFiles((path,), frame_numbers([path.name]), _single(path))
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
    return _by_key_frames(path, files)


def _single(path: Path) -> dict[str, int]:
    role = named_role(path.stem)
    return {role: 0} if role in ROLES else {}


def _by_key_frames(path: Path, files: Sequence[Path]) -> FrameFiles:
    """Return sorted files with the key frames that names tell, these in the order of time.

    Raises:
        MediaError: Two files name one key frame, or a named one has no place among the others.
    """
    parted = _without_shared_words([file.stem for file in files])
    roles = [named_role(stem) for stem in parted]
    if not {"onset", "apex"} <= set(roles):
        together = roles_together(parted)
        roles = together if any(together) else roles
    numbers = frame_numbers([file.name for file in files])
    if not any(roles) or (len(files) > _MOST_COPIES and len(set(roles)) == 1):
        _refuse_without_number(path, files)
        _refuse_unordered(path, files)
        return FrameFiles(tuple(files), numbers)
    by_role: dict[str, Path] = {}
    for file, role in zip(files, roles, strict=True):
        if role is not None and by_role.setdefault(role, file) is not file:
            raise MediaError(path, f"{by_role[role].name} and {file.name} both name the {role}; keep one of them")
    # A neutral face stands in for an onset that no file is named for; beside one it is a picture of its own.
    neutral = by_role.pop("neutral", None)
    if neutral is not None and "onset" not in by_role:
        by_role["onset"] = neutral
    ordered = [by_role[role] for role in ROLES if role in by_role]
    others = [file for file in files if file not in ordered]
    if others and numbers is not None:
        positions = {role: files.index(by_role[role]) for role in ROLES if role in by_role}
        if list(positions.values()) != sorted(positions.values()):
            order = ", ".join(f"{role} {files[position].name}" for role, position in positions.items())
            raise MediaError(path, f"the key frames that its names tell are not in order ({order}); rename them")
        return FrameFiles(tuple(files), numbers, positions)
    if others and not {"onset", "apex"} <= by_role.keys():
        message = f"names {ordered[0].name} beside {_list(others)}, which have no place in time before or after it"
        raise MediaError(path, f"{message}; number all of them, or take one kind out")
    key_positions = {role: position for position, role in enumerate(role for role in ROLES if role in by_role)}
    return FrameFiles(tuple(ordered), None, key_positions, tuple(others))


def _without_shared_words(stems: Sequence[str]) -> list[str]:
    """Return names without the words that all begin or end with; unchanged where nothing would tell them apart."""
    before = re.sub(r"[^\W\d_]+$", "", os.path.commonprefix(list(stems)))
    after = re.sub(r"^[^\W\d_]+", "", os.path.commonprefix([stem[::-1] for stem in stems])[::-1])
    cut = [stem[len(before) : max(len(before), len(stem) - len(after))] for stem in stems]
    return cut if all(any(map(str.isalpha, stem)) for stem in cut) else list(stems)


def _refuse_without_number(path: Path, files: Sequence[Path]) -> None:
    """Refuse pictures without a number among numbered frames: a motion map would be taken for the first frame.

    ``img.jpg`` before ``img (1).jpg``, ``img (2).jpg``, ... is a frame.

    Raises:
        MediaError: The folder holds such a picture.
    """
    without_number = [file for file in files if not re.search(r"[0-9]", file.stem)]
    numbered = [file for file in files if file not in without_number]
    if not without_number or len(numbered) <= _MOST_COPIES or frame_numbers([file.name for file in numbered]) is None:
        return
    if len(without_number) == 1 and all(file.stem.startswith(without_number[0].stem) for file in numbered):
        return
    frames = f"{numbered[0].name} to {numbered[-1].name}"
    raise MediaError(
        path, f"holds {_list(without_number)} beside {frames}, which has no number; take it out, or number it"
    )


def _refuse_unordered(path: Path, files: Sequence[Path]) -> None:
    """Refuse a pair or a triple of key frames whose names have no order: the alphabet would make one.

    Letters that follow one another (a, b, c) are an order.

    Raises:
        MediaError: Its names are words that name no key frame.
    """
    if not 1 < len(files) <= _MOST_COPIES or any(re.search(r"\d", file.stem) for file in files):
        return
    shared = len(os.path.commonprefix([file.stem for file in files]))
    words = [file.stem[shared:].casefold() for file in files]
    steps = [ord(after) - ord(before) if len(before) == len(after) == 1 else 0 for before, after in pairwise(words)]
    if any(step != 1 for step in steps):
        message = f"the names {_list(files)} do not tell which comes first; name them onset, apex and offset, or number"
        raise MediaError(path, f"{message} them")


def _list(files: Sequence[Path], most: int = 3) -> str:
    names = ", ".join(file.name for file in files[:most])
    return f"{names} and {len(files) - most} more" if len(files) > most else names


def frame_numbers(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the number of each frame: that in its file's name which changes from frame to frame.

    The other numbers of a name (of a subject, a date, a size) are the same in all names: 46 for ``reg_img46_224.jpg``
    among ``reg_img47_224.jpg``, .... Where several numbers change, the one that counts in constant steps is taken,
    steps of one before others.

    Args:
        names: File names in the order of the frames.

    Returns:
        None when names have no number, two frames have the same one, or which number counts cannot be told.
    """
    name_numbers = [[int(digits) for digits in re.findall(r"[0-9]+", Path(name).stem)] for name in names]
    if not all(name_numbers):
        return None
    if len({len(numbers) for numbers in name_numbers}) > 1:
        # Names of different make: the last number of each, where that tells them apart.
        last = tuple(numbers[-1] for numbers in name_numbers)
        return last if len(set(last)) == len(last) else None
    columns = list(dict.fromkeys(zip(*name_numbers, strict=True)))
    if len(names) == 1:
        return columns[-1]
    columns = [column for column in columns if len(set(column)) == len(column)]
    if len(columns) > 1 and len(names) > 2:
        steps = [{after - before for before, after in pairwise(column)} for column in columns]
        by_one = [column for column, step in zip(columns, steps, strict=True) if step == {1}]
        constant = [c for c, step in zip(columns, steps, strict=True) if len(step) == 1 and min(step) > 0]
        columns = by_one or constant
    return columns[0] if len(columns) == 1 else None
