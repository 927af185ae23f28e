"""Put the events of two files together, video by video, under the switches that decide which of them count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mevqa.data.events.read import EventFile
from mevqa.data.events.rows import MACRO, MICRO, EventRow, VideoFacts
from mevqa.data.layouts import without_suffix
from mevqa.datasets import dataset
from mevqa.errors import InputError, Problem
from mevqa.events import MICRO_MS, MICRO_RISE_MS
from mevqa.names import spelling_notes, subject_key
from mevqa.scoring.events.names import (
    Naming,
    VideoKey,
    check_folds,
    compare_videos,
    find_beyond,
    merge_facts,
    written_name,
)
from mevqa.scoring.events.presets import EventSwitches

#: Longest macro-expression in the reduced reference of LGSNet.
_REDUCED_MACRO_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Video:
    """The accepted reference events and the detections of one video.

    Attributes:
        name: Subject and video as they are written.
        clip: The video alone, without the suffix of its file.
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
    clip: str
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
        warnings: What makes the scores worthless, one sentence each.
    """

    videos: list[Video]
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


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
    naming = Naming(reference, predictions)
    problems = naming.problems
    facts = merge_facts(reference, predictions, naming.key, problems)
    problems += find_beyond(predictions, facts, naming.key, switches.prediction_frame_base)
    result = Videos([])
    check_folds(predictions, switches, problems, result.notes)
    compare_videos(reference, predictions, naming.key, problems, result.notes, result.warnings)
    if problems:
        raise InputError(problems)
    rates = {key: _rate(video_facts, fps) for key, video_facts in facts.items()}
    _require_rates(reference, switches, rates, naming.key)
    detections = _choose(predictions, switches, rates, naming.key, result)
    references = _accept(reference, switches, rates, naming.key, result)
    result.notes += spelling_notes((video_facts.dataset, video_facts.subject) for video_facts in facts.values())
    people: dict[tuple[str | None, str], str] = {}
    skipped = [0, 0]
    for key, video_facts in facts.items():
        detected, coded = detections.get(key, []), references.get(key, [])
        if switches.videos == "with-events" and not coded:
            skipped[0] += 1
            skipped[1] += len(detected)
            continue
        if video_facts.subject:
            spelt = people.setdefault((video_facts.dataset, subject_key(video_facts.subject)), video_facts.subject)
            video_facts = replace(video_facts, subject=spelt)
        result.videos.append(_video(key, video_facts, rates[key], coded, detected, switches))
    if skipped[0]:
        result.notes.append(
            f"videos=with-events: {skipped[0]} videos without accepted events are not scored, and {skipped[1]} "
            "detections in them do not count as false positives; not comparable with scores over all videos"
        )
    result.counts["videos"] = len(result.videos)
    result.counts["videos_skipped"] = skipped[0]
    return result


def _rate(facts: VideoFacts, fps: float | None) -> float | None:
    return facts.fps or fps or (dataset(facts.dataset).fps if facts.dataset else None)


def _require_rates(
    reference: EventFile,
    switches: EventSwitches,
    rates: Mapping[VideoKey, float | None],
    key: Callable[[EventRow], VideoKey],
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
    rates: Mapping[VideoKey, float | None],
    key: Callable[[EventRow], VideoKey],
    result: Videos,
) -> dict[VideoKey, list[EventRow]]:
    """Return the detections that count, by video."""
    chosen: dict[VideoKey, list[EventRow]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    for event in predictions.events:
        by_length = switches.kinds == "length"
        kind = kind_by_length(event, rates[key(event)], switches) if by_length else event.kind
        if _is_other_kind(kind, switches):
            left_out[f"are {kind}-expressions (evaluate={switches.evaluate})"] += 1
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
    rates: Mapping[VideoKey, float | None],
    key: Callable[[EventRow], VideoKey],
    result: Videos,
) -> dict[VideoKey, list[tuple[EventRow, str]]]:
    """Return the accepted reference events with their kinds, by video."""
    accepted: dict[VideoKey, list[tuple[EventRow, str]]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    unnamed = 0
    unnamed_kind = MICRO if switches.evaluate == "all" else switches.evaluate
    for event in reference.events:
        rate = rates[key(event)]
        kind = kind_by_length(event, rate, switches) if switches.kinds == "length" else event.kind
        unnamed += kind is None
        kind = kind or unnamed_kind
        if _is_other_kind(kind, switches):
            left_out[f"are {kind}-expressions (evaluate={switches.evaluate})"] += 1
        elif rate is not None and not _passes(event, kind, rate, switches.filter):
            left_out[f"do not pass filter={switches.filter}"] += 1
        else:
            accepted[key(event)].append((event, kind))
    if unnamed:
        result.notes.append(f"{unnamed} reference events name no kind and count as {unnamed_kind}-expressions")
    for why, count in left_out.items():
        result.notes.append(f"{count} reference events {why}; what detects them is a false positive")
    if not accepted:
        raise InputError([Problem(reference.path, "no event is left to compare with; change evaluate or filter")])
    result.counts["references_left_out"] = sum(left_out.values())
    return accepted


def _is_other_kind(kind: str | None, switches: EventSwitches) -> bool:
    """Return whether an event is of a kind that is not evaluated; one that names none is not."""
    return kind is not None and switches.evaluate not in ("all", kind)


def kind_by_length(event: EventRow, fps: float | None, switches: EventSwitches) -> str | None:
    """Return the kind of an interval by its duration, offset - onset; None when the duration is not known."""
    if switches.micro_frames is not None:
        return MICRO if event.offset - event.onset <= switches.micro_frames else MACRO
    if fps is None:
        return None
    return MICRO if event.offset - event.onset <= MICRO_MS / 1000 * fps else MACRO


def _passes(event: EventRow, kind: str, fps: float, name: str) -> bool:
    if name == "none":
        return True
    seconds = (event.offset - event.onset) / fps
    if kind == MACRO:
        return name != "lgsnet-reduced" or seconds <= _REDUCED_MACRO_SECONDS
    if name == "quarter-second-apex":
        return event.apex is not None and (event.apex - event.onset) / fps <= MICRO_RISE_MS / 1000
    return seconds <= MICRO_MS / 1000


def _video(
    key: VideoKey,
    facts: VideoFacts,
    fps: float | None,
    coded: Sequence[tuple[EventRow, str]],
    detected: Sequence[EventRow],
    switches: EventSwitches,
) -> Video:
    length_kinds: tuple[str | None, ...] = tuple(kind_by_length(event, fps, switches) for event in detected)
    named_kinds = length_kinds if switches.kinds == "length" else tuple(event.kind for event in detected)
    if switches.evaluate != "all":
        length_kinds = named_kinds = (switches.evaluate,) * len(detected)
    subject = facts.subject
    return Video(
        name=written_name(facts),
        clip=without_suffix(facts.video),
        unit=subject_key(subject) if subject else "/".join(key),
        subject=subject,
        dataset=facts.dataset,
        fps=fps,
        references=tuple(event for event, _ in coded),
        reference_kinds=tuple(kind for _, kind in coded),
        detections=tuple(detected),
        named_kinds=named_kinds,
        length_kinds=length_kinds,
    )


def units(videos: Iterable[Video]) -> list[str]:
    """Return the units of the bootstrap, each once: data set and subject, or the video."""
    return list(dict.fromkeys(unit_of(video) for video in videos))


def unit_of(video: Video) -> str:
    """Return the unit of a video; equal subject numbers of two data sets are two persons."""
    return f"{video.dataset}/{video.unit}" if video.dataset else video.unit
