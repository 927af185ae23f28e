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
    """How videos are named in both files at once.

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
                    one, two = written(other), written(facts)
                    hint = "both files need a subject column" if not self.by_subject else "their names must differ"
                    message = f"the videos {one!r} and {two!r} cannot be told apart; {hint}"
                    self.problems.append(Problem(file.path, message, facts.line))

    def key(self, named: VideoFacts | EventRow) -> VideoKey:
        """Return the key under which a video is the same in both files."""
        subject = subject_key(named.subject) if self.by_subject and named.subject else ""
        return subject, match_key(_base_name(self._same(named.video)))


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
    return ", ".join(repr(written(item)) for item in first) + (", ..." if len(facts) > 3 else "")


def written(facts: VideoFacts) -> str:
    """Return subject and video as they are written."""
    return f"{facts.subject} {facts.video}" if facts.subject else facts.video


def merge_facts(
    reference: EventFile, predictions: EventFile, key: Callable[[VideoFacts], VideoKey], problems: list[Problem]
) -> dict[VideoKey, VideoFacts]:
    """Return what both files together tell about every video; the reference tells first."""
    merged = {key(facts): facts for facts in reversed(reference.videos)}
    merged = {key(facts): merged[key(facts)] for facts in reference.videos}
    for facts in predictions.videos:
        first = merged.setdefault(key(facts), facts)
        for name in ("fps", "frames"):
            one, two = getattr(first, name), getattr(facts, name)
            if one is not None and two is not None and one != two:
                message = f"the video {written(facts)!r} has {name} {two:g} here and {one:g} in {reference.path}"
                problems.append(Problem(predictions.path, message, facts.line))
        if first.dataset and facts.dataset and first.dataset != facts.dataset:
            message = f"the video {written(facts)!r} is of {facts.dataset} here and of {first.dataset} in the reference"
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
    """Return a problem for every detection that ends after the video's length as the reference tells it."""
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
        problems: Is told that no video and no subject is in both.
        notes: Is told how many videos are in both, and which are not.
        warnings: Is told that no video is in both, where subjects are.
    """
    coded = {key_of(facts): facts for facts in reversed(reference.videos)}
    found = {key_of(facts): facts for facts in reversed(predictions.videos)}
    persons = {subject for subject, _ in coded if subject} & {subject for subject, _ in found}
    both = coded.keys() & found.keys()
    if found and not both:
        here, there = (_examples(list(named.values())) for named in (found, coded))
        names = f"{len(found)} video name{'s' if len(found) > 1 else ''}"
        message = (
            f"none of the {names} of {predictions.path.name} ({here}) is among the {len(coded)} of "
            f"{reference.path.name} ({there})"
        )
        if not persons:
            problems.append(Problem(predictions.path, f"{message}; name them alike", predictions.videos[0].line))
            return
        warnings.append(f"{message}; every detection counts as false and every coded event as missed")
    elif len(both) < len(found):
        notes.append(
            f"{len(both)} of the {len(found)} video names of {predictions.path.name} are among the {len(coded)} of "
            f"{reference.path.name}"
        )
    happening = {key_of(event) for event in reference.events}
    for file, only, named, what in (
        (predictions, found.keys() - coded.keys(), found, "not in the reference; their detections are false positives"),
        (
            reference,
            (coded.keys() - found.keys()) & happening,
            coded,
            "not in the predictions; their events are missed",
        ),
    ):
        facts = sorted((named[key] for key in only), key=lambda item: item.line)
        if facts:
            names = ", ".join(repr(written(item)) for item in facts[:5]) + (", ..." if len(facts) > 5 else "")
            are = "videos of {} are" if len(facts) > 1 else "video of {} is"
            notes.append(
                f"{len(facts)} {are.format(file.path.name)} {what}: {names} ({list_lines([f.line for f in facts])})"
            )
