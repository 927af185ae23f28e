"""The clip browser of a report: every clip with its pictures, questions, answers and references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mevqa.names import subject_key
from mevqa.questions.question_types import asks_long_video
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.reporting.answer_grading import VERDICTS, answered_class, reference_class, verdict
from mevqa.reporting.charts.chart import Chart
from mevqa.reporting.pictures import ClipPictures
from mevqa.reporting.reading import ReadRun
from mevqa.reporting.thumbnails import allowance, shows_pixels, thumbnail
from mevqa.types import NO_MOTION, Answer, Question

#: A report of more pictures would show stamps, and take hours to draw: the clips beyond have none.
_MOST_PICTURES = 3000
_LEFT_OUT = "its pictures are left out: the report has too many"
#: Options with less than this share are not listed.
_LEAST_SHARE = 0.005
#: Roles of pictures in the colours of motion maps.
_MAPS = ("motion", "motion-centred")
#: How the warning begins of an answer that was not seen in the clip (``mevqa.inference.long_videos.analysis``).
_PRIOR = "prior answer"


@dataclass(frozen=True, slots=True)
class ClipSection:
    """The clip browser of a page.

    Attributes:
        data: Plain values that the page's script reads.
        timelines: Timelines by their name in ``data``.
        choices: Options of each filter: (value, name).
        clips: Number of clips.
        questions: Number of questions.
        shown: Number of pictures.
        motion: Whether a motion map is among them.
        given: Whether a motion map was given as a file.
        left_out: Number of clips whose pictures are left out.
    """

    data: Mapping[str, Any]
    timelines: Mapping[str, Chart] = field(default_factory=dict)
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    clips: int = 0
    questions: int = 0
    shown: int = 0
    motion: bool = False
    given: bool = False
    left_out: int = 0


def clip_section(
    runs: Sequence[ReadRun], pictures_of: Callable[[str, Sequence[Question]], ClipPictures] | None
) -> ClipSection:
    """Gather the clips of all runs.

    Args:
        runs: The runs; their questions are taken together.
        pictures_of: Returns the pictures of a clip, by clip id and its questions; None for no pictures.
    """
    groups: dict[str, dict[str, Question]] = {}
    for run in runs:
        for question in run.questions:
            groups.setdefault(question.clip_id, {}).setdefault(question.id, question)
    subjects = _subjects(runs)
    clips: list[dict[str, Any]] = []
    timelines: dict[str, Chart] = {}
    for clip_id, questions in groups.items():
        first = next(iter(questions.values()))
        clip: dict[str, Any] = {"id": clip_id, "dataset": first.dataset, "subject": subjects.get(clip_id, "")}
        shared = [_shared_warnings(run, questions) for run in runs]
        warnings = list(dict.fromkeys(text for run_warnings in shared for text in run_warnings))
        if warnings:
            clip["warnings"] = warnings
        clip["questions"] = [_question(runs, question, shared) for question in questions.values()]
        clips.append(clip)
    looks = _looks(clips, list(groups.values()), pictures_of)
    for index, (clip, clip_views) in enumerate(zip(clips, looks, strict=True)):
        if clip_views.timeline is not None:
            clip["timeline"] = f"timeline-{index}"
            timelines[clip["timeline"]] = clip_views.timeline
        if clip_views.events is not None:
            clip["events"] = clip_views.events
        clip["notes"] = [text for text in dict.fromkeys(clip_views.notes) if text not in clip.get("warnings", ())]
    picture_count = _add_pictures(clips, looks)
    names = [run.name for run in runs]
    maps = [picture for clip_views in looks for row in clip_views.rows for picture in row]
    return ClipSection(
        {"runs": names, "verdicts": VERDICTS, "clips": clips},
        timelines,
        choices_of(clips, names),
        len(clips),
        sum(len(clip["questions"]) for clip in clips),
        picture_count,
        motion=any(picture.role in _MAPS for picture in maps),
        given=any(picture.role in _MAPS and picture.given for picture in maps),
        left_out=sum(_LEFT_OUT in clip_views.notes for clip_views in looks),
    )


def _looks(
    clips: Sequence[Mapping[str, Any]],
    questions: Sequence[Mapping[str, Question]],
    pictures_of: Callable[[str, Sequence[Question]], ClipPictures] | None,
) -> list[ClipPictures]:
    """Return the pictures of each clip; where they are too many, clips with a wrong answer come first.

    Clips whose pictures would be left out are not looked at, but for long videos, which have a timeline.
    """
    looks = [ClipPictures()] * len(clips)
    if pictures_of is None:
        return looks
    total = 0
    for place in sorted(range(len(clips)), key=lambda index: (not _has_wrong(clips[index]), index)):
        clip_questions = list(questions[place].values())
        if total >= _MOST_PICTURES and not any(asks_long_video(question) for question in clip_questions):
            looks[place] = ClipPictures(notes=(_LEFT_OUT,))
            continue
        clip_views = pictures_of(clips[place]["id"], clip_questions)
        count = sum(map(len, clip_views.rows))
        if total + count > _MOST_PICTURES:
            clip_views = replace(clip_views, rows=(), titles=(), notes=(*clip_views.notes, _LEFT_OUT))
        else:
            total += count
        looks[place] = clip_views
    return looks


def _add_pictures(clips: Sequence[dict[str, Any]], looks: Sequence[ClipPictures]) -> int:
    """Write the pictures into the clips, as fine as their number allows; return how many there are."""
    total = sum(len(row) for clip_views in looks for row in clip_views.rows)
    room = allowance(total)
    for clip, clip_views in zip(clips, looks, strict=True):
        if _LEFT_OUT in clip_views.notes:
            continue
        clip["rows"] = []
        if clip_views.titles:
            clip["titles"] = list(clip_views.titles)
        for row in clip_views.rows:
            entries = []
            for picture in row:
                entry = {"name": picture.name, "role": picture.role, "caption": picture.caption}
                tiny = {"tiny": True} if shows_pixels(picture.image) else {}
                entries.append({**entry, "uri": thumbnail(picture.image, room), **tiny})
            clip["rows"].append(entries)
    return total


def _question(runs: Sequence[ReadRun], question: Question, clip_warnings: Sequence[Collection[str]]) -> dict[str, Any]:
    """Return a question with the answer of each run; ``clip_warnings`` stand at the clip already, by run."""
    item = next((run.items[question.id] for run in runs if question.id in run.items), None)
    content: dict[str, Any] = {"type": question.type, "text": question.text, "id": question.id}
    reference = item.question.reference if item is not None else question.reference
    if reference is not None:
        content["reference"] = reference
    if label := reference_class(item):
        content["class"] = label
    content["answers"] = [
        _answer(run, question, run.answers.get(question.id), above)
        for run, above in zip(runs, clip_warnings, strict=True)
    ]
    return content


def _answer(run: ReadRun, question: Question, answer: Answer | None, clip_warnings: Collection[str]) -> dict[str, Any]:
    item = run.items.get(question.id)
    usable = answer is not None and bool(answer.text)
    content: dict[str, Any] = {"verdict": verdict(item, answered=usable)}
    if label := answered_class(item):
        content["answer"] = label
    text = answer.text if answer is not None and answer.text else item.text if item is not None else ""
    if text:
        content["text"] = text
    error = answer.error if answer is not None else item.error if item is not None else None
    if error:
        content["error"] = error
    elif item is not None and item.fault in UNUSABLE_MEANING:
        content["error"] = UNUSABLE_MEANING[item.fault]
    if answer is None and not text:
        content["error"] = "not answered"
    if answer is None:
        return content
    if answer.raw is not None and answer.raw != answer.text:
        content["raw"] = answer.raw
    if answer.thought:
        content["thought"] = answer.thought
    if answer.samples:
        counts = Counter(answer.samples)
        content["samples"] = [[text, count] for text, count in counts.most_common()]
    if answer.shots:
        content["shots"] = list(answer.shots)
    if any(text.startswith(_PRIOR) for text in answer.warnings):
        content["prior"] = True
    if any(text.startswith(NO_MOTION) for text in answer.warnings):
        content["still"] = True
    if warnings := [text for text in answer.warnings if text not in clip_warnings]:
        content["warnings"] = warnings
    if answer.evidence:
        content["evidence"] = list(answer.evidence)
    if answer.confidence is not None:
        content["confidence"] = round(float(answer.confidence), 4)
    if answer.options:
        ordered = sorted(answer.options.items(), key=lambda pair: -pair[1])
        content["options"] = [[name, round(float(share), 4)] for name, share in ordered if share >= _LEAST_SHARE]
    return content


def _shared_warnings(run: ReadRun, questions: Iterable[str]) -> list[str]:
    """Return the warnings that all answers of a run about one clip share: they are about the clip, not an answer."""
    answers = [run.answers[key] for key in questions if key in run.answers]
    first = answers[0].warnings if answers else ()
    shared = [text for text in first if all(text in answer.warnings for answer in answers)]
    return [text for text in shared if not text.startswith(_PRIOR)]


def _subjects(runs: Sequence[ReadRun]) -> dict[str, str]:
    """Return the subject of each clip, from any question that names it, in one spelling a person."""
    people: dict[tuple[str, str], str] = {}
    return {
        question.clip_id: people.setdefault((question.dataset, subject_key(question.subject)), question.subject)
        for run in runs
        for question in [*run.questions, *(item.question for item in run.items.values())]
        if question.subject is not None
    }


def _has_wrong(clip: Mapping[str, Any]) -> bool:
    return any(a["verdict"] in ("wrong", "partly", "none") for q in clip["questions"] for a in q["answers"])


def choices_of(clips: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the options of each filter that has more than one."""
    questions = [question for clip in clips for question in clip["questions"]]
    verdicts = {answer["verdict"] for question in questions for answer in question["answers"]}
    counts = Counter(question["type"] for question in questions)
    choices = {
        "verdict": [(key, name) for key, name in VERDICTS.items() if key in verdicts],
        "type": [(key, f"{key.replace('_', ' ')} ({count})") for key, count in counts.items()],
        "class": [(name, name) for name in sorted({q["class"] for q in questions if "class" in q})],
        "answer": [
            (name, name) for name in sorted({a["answer"] for q in questions for a in q["answers"] if "answer" in a})
        ],
        "dataset": [(name, name) for name in sorted({clip["dataset"] for clip in clips})],
        "subject": [(name, name) for name in sorted({clip["subject"] for clip in clips if clip["subject"]})],
        "run": [(str(index), name) for index, name in enumerate(names)] if len(names) > 1 else [],
    }
    if any(answer.get("still") for question in questions for answer in question["answers"]):
        choices["verdict"].append(("still", NO_MOTION))
    if len(names) > 1:
        choices["verdict"].append(("differ", "runs disagree"))
    return {name: tuple(options) for name, options in choices.items()}
