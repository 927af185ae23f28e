"""Put the events of two files together, video by video, under the switches that decide which of them count."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mevqa.errors import InputError, Problem
from mevqa.scoring.event_files import EventFile, list_lines
from mevqa.scoring.event_presets import EventSwitches
from mevqa.scoring.event_rows import MACRO, MICRO, EventRow, VideoFacts, column_table

#: A micro-expression lasts at most half a second (Yan et al., J. Nonverbal Behavior 37, 2013; MEGC since 2019).
MICRO_SECONDS = 0.5
#: Longest onset phase of a micro-expression in published filters (the same study: 260 ms).
ONSET_SECONDS = 0.25
#: Longest macro-expression in the reduced reference of LGSNet.
_REDUCED_MACRO_SECONDS = 4.0

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Video:
    """What counts in one video.

    Attributes:
        name: Subject and video as they are written.
        unit: What the bootstrap draws: the subject, or the video when subjects are unknown.
        subject: The subject, or None.
        dataset: The data set, or None.
        fps: Frames per second, or None.
        references: Accepted reference events.
        reference_kinds: ``micro`` or ``macro`` of each.
        detections: Detections that count.
        named_kinds: Kind that each detection names; None where it names none.
        length_kinds: Kind of each detection by its duration; None where the duration in seconds is unknown.
    """

    name: str
    unit: str
    subject: str | None
    dataset: str | None
    fps: float | None
    references: tuple[EventRow, ...]
    reference_kinds: tuple[str, ...]
    detections: tuple[EventRow, ...]
    named_kinds: tuple[str | None, ...]
    length_kinds: tuple[str | None, ...]


@dataclass(slots=True)
class Videos:
    """All videos that are scored, and what was left out on the way.

    Attributes:
        videos: In the order of the reference, then of the predictions.
        counts: How many of what.
        notes: What a reader must know, one sentence each.
    """

    videos: list[Video]
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def put_together(
    reference: EventFile, predictions: EventFile, switches: EventSwitches, fps: float | None = None
) -> Videos:
    """Find the detections and the references of every video.

    Names are compared without case, folders, video suffixes and leading zeros; subjects also without ``s``, ``sub`` and
    the like before their number.

    Args:
        reference: What human coders wrote.
        predictions: What was detected.
        switches: Which of them count.
        fps: Frames per second where the files do not tell.

    Raises:
        InputError: The files have no video in common, contradict each other, a detection ends after its video, a
            subject is in several folds, or a switch needs frames per second that are not known.
    """
    naming = _Naming(reference, predictions)
    problems = naming.problems
    facts = _merge_facts(reference, predictions, naming.key, problems)
    problems += _beyond(predictions, facts, naming.key, switches.prediction_frame_base)
    result = Videos([])
    _check_folds(predictions, switches, problems, result.notes)
    _compare_videos(reference, predictions, naming.key, problems, result.notes)
    if problems:
        raise InputError(problems)
    rates = {key: _rate(known, fps) for key, known in facts.items()}
    _require_rates(reference, switches, rates, naming.key)
    detections = _choose(predictions, switches, rates, naming.key, result)
    references = _accept(reference, switches, rates, naming.key, result)
    skipped = [0, 0]
    for key, known in facts.items():
        found, coded = detections.get(key, []), references.get(key, [])
        if switches.videos == "with-events" and not coded:
            skipped[0] += 1
            skipped[1] += len(found)
            continue
        result.videos.append(_video(key, known, rates[key], coded, found, switches))
    if skipped[0]:
        result.notes.append(
            f"videos=with-events: {skipped[0]} videos without accepted events are not scored, and {skipped[1]} "
            "detections in them do not count as false positives; not comparable with scores over all videos"
        )
    result.counts["videos"] = len(result.videos)
    result.counts["videos_skipped"] = skipped[0]
    return result


class _Naming:
    """How videos are named in both files at once."""

    def __init__(self, reference: EventFile, predictions: EventFile) -> None:
        self.by_subject = "subject" in reference.fields & predictions.fields
        self.problems: list[Problem] = []
        for file in (reference, predictions):
            first: dict[_Key, VideoFacts] = {}
            for facts in file.videos:
                other = first.setdefault(self.key(facts), facts)
                if _is_other(other, facts, self.by_subject):
                    one, two = _written(other), _written(facts)
                    hint = "both files need a subject column" if not self.by_subject else "their names must differ"
                    message = f"the videos {one!r} and {two!r} cannot be told apart; {hint}"
                    self.problems.append(Problem(file.path, message, facts.line))

    def key(self, named: VideoFacts | EventRow) -> _Key:
        subject = _simple_subject(named.subject) if self.by_subject and named.subject else ""
        return subject, _simple_video(named.video)


def _is_other(first: VideoFacts, second: VideoFacts, by_subject: bool) -> bool:
    """Whether two names with one key are two videos: of other subjects, or in other folders."""
    if not by_subject and _simple_subject(first.subject or "") != _simple_subject(second.subject or ""):
        return True
    return "/" in first.video and "/" in second.video and first.video.casefold() != second.video.casefold()


def _simple_video(name: str) -> str:
    base = re.split(r"[/\\]", name.rstrip("/\\"))[-1].casefold()
    base = re.sub(r"\.(?:mp4|m4v|avi|mov|mkv|webm|mpe?g|wmv)$", "", base)
    return base.lstrip("0") or "0" if base.isdigit() else base


def _simple_subject(name: str) -> str:
    found = re.fullmatch(r"(?:subject|sub|spno|sp|s)?[\s._-]*0*(\d+)", name.casefold())
    return found[1] if found else name.casefold()


def _written(facts: VideoFacts) -> str:
    return f"{facts.subject} {facts.video}" if facts.subject else facts.video


def _merge_facts(
    reference: EventFile, predictions: EventFile, key: Callable[[VideoFacts], _Key], problems: list[Problem]
) -> dict[_Key, VideoFacts]:
    """Return what both files together tell about every video; the reference tells first."""
    merged = {key(facts): facts for facts in reversed(reference.videos)}
    merged = {key(facts): merged[key(facts)] for facts in reference.videos}
    for facts in predictions.videos:
        first = merged.setdefault(key(facts), facts)
        for name in ("fps", "frames"):
            one, two = getattr(first, name), getattr(facts, name)
            if one is not None and two is not None and one != two:
                message = f"the video {_written(facts)!r} has {name} {two:g} here and {one:g} in {reference.path}"
                problems.append(Problem(predictions.path, message, facts.line))
        if first.dataset and facts.dataset and first.dataset != facts.dataset:
            message = (
                f"the video {_written(facts)!r} is of {facts.dataset} here and of {first.dataset} in the reference"
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


def _beyond(
    predictions: EventFile, facts: Mapping[_Key, VideoFacts], key: Callable[[EventRow], _Key], base: int
) -> list[Problem]:
    """Return a problem for every detection that ends after the video's length as the reference tells it."""
    return [
        Problem(
            predictions.path,
            f"ends at {event.offset + base:g}, but the last frame of the video is {frames - 1 + base}",
            event.line,
        )
        for event in predictions.events
        if (frames := facts[key(event)].frames) is not None and event.offset >= frames
    ]


def _check_folds(predictions: EventFile, switches: EventSwitches, problems: list[Problem], notes: list[str]) -> None:
    """Refuse or flag subjects that stand in several folds: their other videos were trained on."""
    folds: dict[str, dict[str, int]] = defaultdict(dict)
    for facts in predictions.videos:
        if facts.fold is not None and facts.subject is not None:
            folds[_simple_subject(facts.subject)].setdefault(facts.fold, facts.line)
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


def _compare_videos(
    reference: EventFile,
    predictions: EventFile,
    key_of: Callable[[VideoFacts | EventRow], _Key],
    problems: list[Problem],
    notes: list[str],
) -> None:
    """Report videos that only one file names; files without a common video or subject do not belong together."""
    coded = {key_of(facts): facts for facts in reversed(reference.videos)}
    found = {key_of(facts): facts for facts in reversed(predictions.videos)}
    persons = {subject for subject, _ in coded if subject} & {subject for subject, _ in found}
    if found and not coded.keys() & found.keys() and not persons:
        first = predictions.videos[0]
        close = difflib.get_close_matches(first.video, [facts.video for facts in reference.videos], n=1)
        known = close[0] if close else _written(reference.videos[0])
        message = f"no video of it is in {reference.path} (here {_written(first)!r}, there {known!r}); the names differ"
        problems.append(Problem(predictions.path, message, first.line))
        return
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
            names = ", ".join(repr(_written(item)) for item in facts[:5]) + (", ..." if len(facts) > 5 else "")
            are = "videos of {} are" if len(facts) > 1 else "video of {} is"
            notes.append(
                f"{len(facts)} {are.format(file.path.name)} {what}: {names} ({list_lines([f.line for f in facts])})"
            )


def _rate(facts: VideoFacts, fps: float | None) -> float | None:
    return facts.fps or fps or column_table().fps.get(facts.dataset or "")


def _require_rates(
    reference: EventFile, switches: EventSwitches, rates: Mapping[_Key, float | None], key: Callable[[EventRow], _Key]
) -> None:
    """Refuse switches that need durations in seconds where frames per second are not known."""
    needed = {
        f"filter={switches.filter}": switches.filter != "none",
        "kinds=length": switches.kinds == "length" and switches.micro_frames is None,
    }
    reasons = [name for name, holds in needed.items() if holds]
    unknown = next((event for event in reference.events if rates[key(event)] is None), None)
    if reasons and unknown is not None:
        message = f"{' and '.join(reasons)} needs frames per second; give --fps, or a column fps"
        raise InputError([Problem(reference.path, message, unknown.line)])


def _choose(
    predictions: EventFile,
    switches: EventSwitches,
    rates: Mapping[_Key, float | None],
    key: Callable[[EventRow], _Key],
    result: Videos,
) -> dict[_Key, list[EventRow]]:
    """Return the detections that count, by video."""
    chosen: dict[_Key, list[EventRow]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    for event in predictions.events:
        by_length = switches.kinds == "length"
        kind = kind_by_length(event, rates[key(event)], switches) if by_length else event.kind
        if switches.evaluate == "micro" and kind == MACRO:
            left_out["are macro-expressions (evaluate=micro)"] += 1
        elif switches.score_above is not None and not (event.score or 0.0) > switches.score_above:
            left_out[f"have no score above {switches.score_above:g}"] += 1
        else:
            chosen[key(event)].append(event)
    if switches.most_per_video is not None:
        for name, events in chosen.items():
            events.sort(key=lambda event: -(event.score or 0.0))
            left_out[f"are not among the first {switches.most_per_video} of their video"] += len(
                events[switches.most_per_video :]
            )
            chosen[name] = events[: switches.most_per_video]
    result.notes += [f"{count} detections {why} and do not count" for why, count in left_out.items() if count]
    result.counts["detections_left_out"] = sum(left_out.values())
    return chosen


def _accept(
    reference: EventFile,
    switches: EventSwitches,
    rates: Mapping[_Key, float | None],
    key: Callable[[EventRow], _Key],
    result: Videos,
) -> dict[_Key, list[tuple[EventRow, str]]]:
    """Return the accepted reference events with their kinds, by video."""
    accepted: dict[_Key, list[tuple[EventRow, str]]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    unnamed = 0
    for event in reference.events:
        rate = rates[key(event)]
        kind = kind_by_length(event, rate, switches) if switches.kinds == "length" else event.kind
        unnamed += kind is None
        kind = kind or MICRO
        if switches.evaluate == "micro" and kind == MACRO:
            left_out["are macro-expressions (evaluate=micro)"] += 1
        elif rate is not None and not _passes(event, kind, rate, switches.filter):
            left_out[f"do not pass filter={switches.filter}"] += 1
        else:
            accepted[key(event)].append((event, kind))
    if unnamed:
        result.notes.append(f"{unnamed} reference events name no kind and count as micro-expressions")
    for why, count in left_out.items():
        result.notes.append(f"{count} reference events {why}; what detects them is a false positive")
    if not accepted:
        raise InputError([Problem(reference.path, "no event is left to compare with; change evaluate or filter")])
    result.counts["references_left_out"] = sum(left_out.values())
    return accepted


def kind_by_length(event: EventRow, fps: float | None, switches: EventSwitches) -> str | None:
    """Return the kind of an interval by its duration, offset - onset; None when the duration is not known."""
    if switches.micro_frames is not None:
        return MICRO if event.offset - event.onset <= switches.micro_frames else MACRO
    if fps is None:
        return None
    return MICRO if event.offset - event.onset <= MICRO_SECONDS * fps else MACRO


def _passes(event: EventRow, kind: str, fps: float, name: str) -> bool:
    if name == "none":
        return True
    seconds = (event.offset - event.onset) / fps
    if kind == MACRO:
        return name != "lgsnet-reduced" or seconds <= _REDUCED_MACRO_SECONDS
    if name == "quarter-second-apex":
        return event.apex is not None and (event.apex - event.onset) / fps <= ONSET_SECONDS
    return seconds <= MICRO_SECONDS


def _video(
    key: _Key,
    facts: VideoFacts,
    fps: float | None,
    coded: Sequence[tuple[EventRow, str]],
    found: Sequence[EventRow],
    switches: EventSwitches,
) -> Video:
    lengths: tuple[str | None, ...] = tuple(kind_by_length(event, fps, switches) for event in found)
    named = lengths if switches.kinds == "length" else tuple(event.kind for event in found)
    if switches.evaluate == "micro":
        lengths = named = (MICRO,) * len(found)
    subject = facts.subject
    return Video(
        name=_written(facts),
        unit=_simple_subject(subject) if subject else "/".join(key),
        subject=subject,
        dataset=facts.dataset,
        fps=fps,
        references=tuple(event for event, _ in coded),
        reference_kinds=tuple(kind for _, kind in coded),
        detections=tuple(found),
        named_kinds=named,
        length_kinds=lengths,
    )


def units(videos: Iterable[Video]) -> list[str]:
    """Return the units of the bootstrap, each once: data set and subject, or the video."""
    return list(dict.fromkeys(unit_of(video) for video in videos))


def unit_of(video: Video) -> str:
    """Return the unit of a video; equal subject numbers of two data sets are two persons."""
    return f"{video.dataset}/{video.unit}" if video.dataset else video.unit
