"""Annotated long videos for fitting: a label file and its media."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.annotations import read_long_annotations
from mevqa.data.clip_problems import ClipProblem, together
from mevqa.data.frame_numbers import place_events
from mevqa.data.label_types import ClipLabels
from mevqa.data.layouts import VIDEO_SUFFIXES, MediaFolder
from mevqa.data.official import leaves_folder
from mevqa.datasets import dataset
from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.names import spelling_notes, subject_key

#: How many names a message lists.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class LongVideo:
    """One annotated video.

    Attributes:
        id: Its name in the annotations.
        subject: Who is seen.
        path: Its media.
        fps: Frames per second; None: as the media tell.
        coded: The expressions with onset and offset.
        half_coded: Known frames of expressions without onset or offset: what is found there is not judged.
    """

    id: str
    subject: str
    path: Path
    fps: float | None
    coded: tuple[Event, ...]
    half_coded: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Annotated:
    """The videos of a label file.

    Attributes:
        source: The file.
        dataset: The data set, where the user named one.
        videos: In the order of the file.
        notes: What a reader should know of what is not used, one sentence each.
    """

    source: Path
    dataset: str | None
    videos: tuple[LongVideo, ...]
    notes: tuple[str, ...]


def find_annotated(path: Path, media: Path, dataset: str | None = None, *, to_learn: bool = True) -> Annotated:
    """Read annotations and find their media.

    Args:
        path: Our own CSV, or a data set's label file of long videos.
        media: Folder of videos and folders of frames.
        dataset: The data set, when the file does not tell.
        to_learn: Whether something is to be learned from it: then several subjects and coded expressions are needed.

    Raises:
        InputError: What is wrong with the file and what is missing or ambiguous, together.
    """
    labels = read_long_annotations(path, dataset)
    if not media.is_dir():
        reason = "the folder of the media is a file, not a folder" if media.exists() else "there is no such folder"
        raise InputError([Problem(media, reason)])
    folder = MediaFolder(media)
    problems: list[ClipProblem] = []
    notes: list[str] = []
    videos = []
    people: dict[str, str] = {}
    for clip in labels.values():
        line = clip.lines[0] if clip.lines else None
        messages = list(clip.errors)
        video_path = _media(clip, folder, messages)
        if clip.subject is None:
            messages.append("has no subject: leave-one-subject-out needs the column")
        problems += [
            ClipProblem(clip.clip, message, line, of_many=f"have {message[4:]}" if message.startswith("has ") else None)
            for message in messages
        ]
        if video_path is not None and clip.subject is not None and not messages:
            subject = people.setdefault(subject_key(clip.subject), clip.subject)
            videos.append(replace(_long_video(clip, video_path, notes), subject=subject))
    if problems:
        raise InputError(together(problems, len(labels), path))
    notes += spelling_notes((clip.dataset, clip.subject) for clip in labels.values())
    if to_learn:
        _check(path, videos)
    return Annotated(path, dataset, tuple(videos), (*notes, *_unused_videos(media, videos)))


def _media(clip: ClipLabels, folder: MediaFolder, messages: list[str]) -> Path | None:
    """Return a video's media; problems are added to ``messages``."""
    if leaves_folder(clip.clip):
        messages.append("the name leads out of the media folder")
        return None
    candidates, bare = folder.candidates(clip.clip, clip.dataset)
    if len(candidates) == 1:
        if (refusal := folder.refusal(candidates[0])) is not None:
            messages.append(refusal)
        return candidates[0]
    if candidates:
        names = ", ".join(str(candidate.relative_to(folder.root)) for candidate in candidates)
        messages.append(f"has several media in {folder.root} ({names}); keep one")
    elif bare:
        messages.append(f"the folder {bare[0].relative_to(folder.root)} in {folder.root} holds no frames")
    else:
        messages.append(f"has no media in {folder.root}: no video and no folder of frames of that name")
    return None


def _long_video(clip: ClipLabels, media: Path, notes: list[str]) -> LongVideo:
    """Return a video with its events in frames of its media."""
    placed = place_events(clip, media)
    coded, half = [], []
    for event in placed.events:
        if event.interval is not None:
            coded.append(event)
        else:
            half += _known_frames(event)
    lost = [f"row {line}: {reason}" for line, reason in placed.missing.items()]
    if len(coded) < len(placed.events):
        lost.append(f"{len(placed.events) - len(coded)} expressions have no onset or no offset")
    notes += [f"{clip.clip}: {reason}; not used" for reason in lost]
    fps = clip.fps
    if fps is None and media.is_dir():
        fps = dataset(clip.dataset).fps
    return LongVideo(clip.clip, str(clip.subject), media, fps, tuple(coded), tuple(half))


def _known_frames(event: Event) -> list[int]:
    return [frame for frame in (event.onset, event.apex, event.offset) if frame is not None]


def _check(path: Path, videos: Sequence[LongVideo]) -> None:
    """Refuse annotations to which nothing can be fitted.

    Raises:
        InputError: No video, fewer than two subjects, or no coded expression.
    """
    subjects = {video.subject for video in videos}
    if not videos:
        raise InputError([Problem(path, "names no video")])
    if len(subjects) < 2:
        only = next(iter(subjects))
        raise InputError([Problem(path, f"has one subject ({only}): leave-one-subject-out needs two at least")])
    if not any(video.coded for video in videos):
        raise InputError([Problem(path, "has no expression with onset and offset")])


def _unused_videos(media: Path, videos: Sequence[LongVideo]) -> list[str]:
    """Return a note about the video files of the folder that the annotations do not name."""
    used = {video.path for video in videos}
    files = sorted(file for file in media.rglob("*") if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())
    left = [file.name for file in files if file not in used]
    if not left:
        return []
    more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
    return [f"videos in {media} that the annotations do not name are not used: {', '.join(left[:_LISTED])}{more}"]
