"""Training texts for fine-tuning, written from what is known of clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.data.media import ready_pictures
from mevqa.data.official import QuestionFile, read_questions
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.files.whole import write_whole
from mevqa.inference.evaluation import Plan, plan
from mevqa.scoring.answers.descriptions import NamedScore, score_descriptions
from mevqa.training.examples.descriptions import Description, describe_clips
from mevqa.types import Clip, Question
from mevqa.video.face.aligned_face import FaceMode


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Descriptions that were written.

    Attributes:
        file: The question file.
        described: The descriptions.
        rows: Rows of the file.
        left_out: Ids of the clips of which no unit and no class is known.
        scores: What the descriptions name, by the reader of answers, for ``units``, ``side``, ``fine``, ``coarse``.
    """

    file: Path
    described: list[Description]
    rows: int
    left_out: tuple[str, ...]
    scores: Mapping[str, NamedScore]


@errors_name_parameters
def describe(
    questions: AnyPath | list[AnyPath],
    out: AnyPath,
    *,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | list[str] | None = None,
    numbers: FolderNumbers | None = None,
    motion: bool = True,
    alone: bool = False,
    seed: int = 0,
    face: FaceMode = "auto",
    on_clip: Callable[[int, int], None] = lambda done, clips: None,
) -> Descriptions:
    """Write descriptions of clips as answers to analysis questions, in a file that fine-tuning takes.

    Args:
        questions: Question files about the clips.
        out: The new question file.
        media: Folder of the clips; without it no motion is measured.
        annotations: Label file with units and classes; without it they are taken from the answers of ``questions``.
        precomputed: Ready-made pictures by view.
        numbers: How the frames of folders were numbered.
        motion: Whether motion is measured.
        alone: Whether the file holds the descriptions alone, and not the answered questions too.
        seed: Decides the words.
        face: How faces are found.
        on_clip: Called with the number of clips done and of all.

    Raises:
        InputError: Everything that is wrong with the files; the new file exists.
    """
    target = Path(out)
    if target.exists():
        raise InputError([Problem(target, "exists; name a new file as --out")])
    pictures = ready_pictures(precomputed or [])
    if media is None and not pictures:
        if annotations is not None:
            raise InputError([Problem("--annotations", "goes with the clips: name their folder as --media")])
        work = _of_answers(path_list(questions))
    else:
        places = optional_path(media), optional_path(annotations)
        work = plan(
            path_list(questions), places[0], annotations=places[1], pictures=pictures, numbers=numbers or "names"
        )
    described = describe_clips(work, motion=motion and media is not None, seed=seed, face=face, on_clip=on_clip)
    rows = _rows(work, described, alone)
    write_whole(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    known = {one.clip.id for one in described}
    left_out = tuple(name for name in work.questions if name not in known)
    scores = score_descriptions((one.facts, one.text) for one in described)
    return Descriptions(target, described, len(rows), left_out, scores)


def _of_answers(files: list[Path]) -> Plan:
    """Return the clips of question files of which nothing but their answers is known.

    Raises:
        InputError: Every problem of all files together.
    """
    read: list[QuestionFile] = []
    problems: list[Problem] = []
    for path in files:
        try:
            read.append(read_questions(path).without_rows())
        except InputError as error:
            problems += error.problems
    groups: dict[str, list[Question]] = {}
    places: dict[str, Path] = {}
    for file in read:
        for question in file.questions:
            if question.id in places:
                message = f"the id {question.id!r} stands in {places[question.id]} too"
                problems.append(Problem(file.path, message, question.line))
            places[question.id] = file.path
            groups.setdefault(question.clip_id, []).append(question)
    if problems:
        raise InputError(problems)
    clips = {name: Clip(name, asked[0].dataset, asked[0].subject) for name, asked in groups.items()}
    return Plan(tuple(read), clips, {name: tuple(asked) for name, asked in groups.items()})


def _rows(work: Plan, described: list[Description], alone: bool) -> list[dict[str, str]]:
    """Return the rows of the file, clip by clip: its answered questions, then its description."""
    texts = {one.clip.id: one for one in described}
    taken = {question.id for question in work.all_questions}
    rows = []
    for name, asked in work.questions.items():
        clip = work.clips[name]
        if not alone:
            # A description takes the place of analyses; without one they are all that there is.
            answered = [q for q in asked if q.reference is not None and (q.type != "analysis" or name not in texts)]
            rows += [_row(one.id, clip, one.text, str(one.reference)) for one in answered]
        if name in texts:
            own = f"{name}_analysis"
            while own in taken:
                own += "_"
            taken.add(own)
            rows.append(_row(own, clip, texts[name].question, texts[name].text))
    return rows


def _row(name: str, clip: Clip, question: str, answer: str) -> dict[str, str]:
    """Return a row in the layout of the official training files."""
    return {
        "id": name,
        "dataset": clip.dataset,
        "image_id": clip.id,
        "subject": clip.subject or "",
        "filename": clip.id,
        "question": question,
        "answer": answer,
    }
