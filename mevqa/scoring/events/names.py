"""Which videos of two files are the same, and what the files say about them that does not fit together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from mevqa.data.clip_problems import list_lines
from mevqa.data.events.read import EventFile
from mevqa.data.events.rows import EventRow, VideoFacts
from mevqa.data.layouts import without_suffix
from mevqa.errors import Problem
from mevqa.names import fold_name, match_key, subject_key
from mevqa.scoring.events.presets import EventSwitches

#: Subject (or nothing) and video, without their spelling.
VideoKey = tuple[str, str]


class Naming:
    """Keys under which videos of both files are the same.

    Attributes:
        by_subject: Whether both files name subjects; otherwise the video alone must tell.
        problems: Names that stand for two videos.
    """

    def __init__(self, reference: EventFile, predictions: EventFile) -> None:
        self.by_subject = "subject" in reference.fields & predictions.fields
        self._same = reference.same
        self.problems: list[Problem] = []
        for file in (reference, predictions):
            first: dict[VideoKey, VideoFacts] = {}
            for facts in file.videos:
                other = first.setdefault(self.key(facts), facts)
                if _is_other(other, facts, self.by_subject):
                    first_name, second_name = written_name(other), written_name(facts)
                    hint = "both files need a subject column" if not self.by_subject else "their names must differ"
                    message = f"the videos {first_name!r} and {second_name!r} cannot be told apart; {hint}"
                    self.problems.append(Problem(file.path, message, facts.line))

    def key(self, row: VideoFacts | EventRow) -> VideoKey:
        """Return the key under which a video is the same in both files."""
        subject = subject_key(row.subject) if self.by_subject and row.subject else ""
        return subject, match_key(_base_name(self._same(row.video)))


def _is_other(first: VideoFacts, second: VideoFacts, by_subject: bool) -> bool:
    """Whether two names with one key are two videos: of other subjects, in other folders, or numbered otherwise."""
    if not by_subject and subject_key(first.subject or "") != subject_key(second.subject or ""):
        return True
    if _base_name(first.video) != _base_name(second.video):
        return True
    return "/" in first.video and "/" in second.video and fold_name(first.video) != fold_name(second.video)


def _base_name(name: str) -> str:
    """Return the name of a video without its folders, suffix and case."""
    return without_suffix(fold_name(re.split(r"[/\\]", name.rstrip("/\\"))[-1]))


def _examples(facts: Sequence[VideoFacts]) -> str:
    """Return the first three videos by name."""
    first = sorted(facts, key=lambda item: item.line)[:3]
    return ", ".join(repr(written_name(item)) for item in first) + (", ..." if len(facts) > 3 else "")


def written_name(facts: VideoFacts) -> str:
    """Return subject and video in the spelling of their file."""
    return f"{facts.subject} {facts.video}" if facts.subject else facts.video


def merge_facts(
    reference: EventFile, predictions: EventFile, key: Callable[[VideoFacts], VideoKey], problems: list[Problem]
) -> dict[VideoKey, VideoFacts]:
    """Return the facts of every video from both files; where both state a fact, the reference's counts."""
    merged = {key(facts): facts for facts in reversed(reference.videos)}
    merged = {key(facts): merged[key(facts)] for facts in reference.videos}
    for facts in predictions.videos:
        first = merged.setdefault(key(facts), facts)
        for name in ("fps", "frames"):
            first_value, value = getattr(first, name), getattr(facts, name)
            if first_value is not None and value is not None and first_value != value:
                values = f"{name} {value:g} here and {first_value:g} in {reference.path}"
                problems.append(
                    Problem(predictions.path, f"the video {written_name(facts)!r} has {values}", facts.line)
                )
        if first.dataset and facts.dataset and first.dataset != facts.dataset:
            message = (
                f"the video {written_name(facts)!r} is of {facts.dataset} here and of {first.dataset} in the reference"
            )
            problems.append(Problem(predictions.path, message, facts.line))
        merged[key(facts)] = VideoFacts(
            first.subject or facts.subject,
            first.video,
            first.line,
            first.fps or facts.fps,
            first.frames or facts.frames,
            first.dataset or facts.dataset,
        )
    return merged


def find_beyond(
    predictions: EventFile, facts: Mapping[VideoKey, VideoFacts], key: Callable[[EventRow], VideoKey], base: int
) -> list[Problem]:
    """Return a problem for every detection that ends after the last frame of its video, where the length is known."""
    return [
        Problem(
            predictions.path,
            f"ends at {event.offset + base}, but the last frame of the video is {frames - 1 + base}",
            event.line,
        )
        for event in predictions.events
        if (frames := facts[key(event)].frames) is not None and event.offset >= frames
    ]


def check_folds(predictions: EventFile, switches: EventSwitches, problems: list[Problem], notes: list[str]) -> None:
    """Refuse or flag subjects that stand in several folds: their other videos were trained on."""
    folds: dict[str, dict[str, int]] = defaultdict(dict)
    for facts in predictions.videos:
        if facts.fold is not None and facts.subject is not None:
            folds[subject_key(facts.subject)].setdefault(facts.fold, facts.line)
    split = {subject: lines for subject, lines in folds.items() if len(lines) > 1}
    if split and switches.split_subjects == "flag":
        notes.append(f"{len(split)} subjects stand in several folds: the detector has seen their other videos")
    elif split:
        problems.extend(
            Problem(
                predictions.path,
                f"the subject {subject!r} is in the folds {', '.join(lines)}: its other videos were trained on; "
                "split by subject, or flag it with split_subjects=flag",
                max(lines.values()),
            )
            for subject, lines in split.items()
        )


def compare_videos(
    reference: EventFile,
    predictions: EventFile,
    key_of: Callable[[VideoFacts | EventRow], VideoKey],
    problems: list[Problem],
    notes: list[str],
    warnings: list[str],
) -> None:
    """Report videos that only one file names; files without a common video or subject do not belong together.

    Args:
        reference: The coded events.
        predictions: The detected ones.
        key_of: Under which key a video is the same in both.
        problems: Gets a problem where no video and no subject is in both.
        notes: Gets how many videos are in both, and which are not.
        warnings: Gets a warning where subjects but no video are in both.
    """
    coded = {key_of(facts): facts for facts in reversed(reference.videos)}
    detected = {key_of(facts): facts for facts in reversed(predictions.videos)}
    persons = {subject for subject, _ in coded if subject} & {subject for subject, _ in detected}
    both = coded.keys() & detected.keys()
    if detected and not both:
        here, there = (_examples(list(videos.values())) for videos in (detected, coded))
        names = f"{len(detected)} video name{'s' if len(detected) > 1 else ''}"
        message = (
            f"none of the {names} of {predictions.path.name} ({here}) is among the {len(coded)} of "
            f"{reference.path.name} ({there})"
        )
        if not persons:
            problems.append(Problem(predictions.path, f"{message}; name them alike", predictions.videos[0].line))
            return
        warnings.append(f"{message}; every detection counts as false and every coded event as missed")
    elif len(both) < len(detected):
        notes.append(
            f"{len(both)} of the {len(detected)} video names of {predictions.path.name} are among the {len(coded)} of "
            f"{reference.path.name}"
        )
    with_events = {key_of(event) for event in reference.events}
    for file, only, videos, what in (
        (
            predictions,
            detected.keys() - coded.keys(),
            detected,
            "not in the reference; their detections are false positives",
        ),
        (
            reference,
            (coded.keys() - detected.keys()) & with_events,
            coded,
            "not in the predictions; their events are missed",
        ),
    ):
        facts = sorted((videos[key] for key in only), key=lambda item: item.line)
        if facts:
            names = ", ".join(repr(written_name(item)) for item in facts[:5]) + (", ..." if len(facts) > 5 else "")
            are = "videos of {} are" if len(facts) > 1 else "video of {} is"
            notes.append(
                f"{len(facts)} {are.format(file.path.name)} {what}: {names} ({list_lines([f.line for f in facts])})"
            )
