"""Training texts for fine-tuning, written from what is known of clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.data.clip_facts import named_dataset, named_subject
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
        described: The descriptions, one a clip.
        rows: Rows of the file.
        left_out: Ids of the clips of which no unit and no class is known.
        scores: Precision and recall of the facts that the reader of answers finds in the texts, for ``units``,
            ``side``, ``fine``, ``coarse``.
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
        work = plan(
            path_list(questions),
            optional_path(media),
            annotations=optional_path(annotations),
            pictures=pictures,
            numbers=numbers or "names",
        )
    described = describe_clips(work, motion=motion and media is not None, seed=seed, face=face, on_clip=on_clip)
    rows = _rows(work, described, alone)
    write_whole(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    described_ids = {description.clip.id for description in described}
    left_out = tuple(name for name in work.questions if name not in described_ids)
    scores = score_descriptions((description.facts, description.text) for description in described)
    return Descriptions(target, described, len(rows), left_out, scores)


def _of_answers(files: list[Path]) -> Plan:
    """Return a plan of question files without media or labels: only the answers tell of the clips.

    Raises:
        InputError: Every problem of all files together.
    """
    question_files: list[QuestionFile] = []
    problems: list[Problem] = []
    for path in files:
        try:
            question_files.append(read_questions(path).without_rows())
        except InputError as error:
            problems += error.problems
    groups: dict[str, list[Question]] = {}
    files_by_id: dict[str, Path] = {}
    for file in question_files:
        for question in file.questions:
            if question.id in files_by_id:
                message = f"the id {question.id!r} stands in {files_by_id[question.id]} too"
                problems.append(Problem(file.path, message, question.line))
            files_by_id[question.id] = file.path
            groups.setdefault(question.clip_id, []).append(question)
    if problems:
        raise InputError(problems)
    clips = {name: Clip(name, named_dataset(questions), named_subject(questions)) for name, questions in groups.items()}
    return Plan(tuple(question_files), clips, {name: tuple(questions) for name, questions in groups.items()})


def _rows(work: Plan, described: list[Description], alone: bool) -> list[dict[str, str]]:
    """Return the rows of the file, clip by clip: its answered questions, then its description."""
    descriptions = {description.clip.id: description for description in described}
    taken = {question.id for question in work.all_questions}
    rows = []
    for name, questions in work.questions.items():
        clip = work.clips[name]
        if not alone:
            # A description takes the place of analyses; without one they are all that there is.
            answered = [
                q for q in questions if q.reference is not None and (q.type != "analysis" or name not in descriptions)
            ]
            rows += [_row(question.id, clip, question.text, str(question.reference)) for question in answered]
        if name in descriptions:
            row_id = f"{name}_analysis"
            while row_id in taken:
                row_id += "_"
            taken.add(row_id)
            rows.append(_row(row_id, clip, descriptions[name].question, descriptions[name].text))
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
