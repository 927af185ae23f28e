"""Predictions of other toolkits as a run: joined to the questions that were exported, and read as any answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.clip_facts import named_dataset, named_subject
from mevqa.data.conversion.answers import ExpectedAnswer, GivenAnswer, join_answers
from mevqa.data.conversion.convert import read_source
from mevqa.data.documents.foreign_formats import describe, form_of_records
from mevqa.data.documents.records import Document, Record
from mevqa.data.official import read_question_files
from mevqa.errors import InputError, Problem
from mevqa.files.whole import is_vacant, whole_folder
from mevqa.inference.engine import read_replies
from mevqa.inference.evaluation import Plan, Source
from mevqa.inference.fingerprint import annotations_digest, media_digests, package_versions
from mevqa.inference.runs import RunRecord, file_digest, open_run, start_run
from mevqa.training.export.formats import PICTURE
from mevqa.training.export.record import ExportedFolder
from mevqa.types import Answer, Clip, Question, Reply

#: Ids that a message names before it counts the rest.
_NAMED = 5
#: Error of a question whose prediction has no text.
_EMPTY = "the prediction is empty"


@dataclass(frozen=True, slots=True)
class Expected:
    """Questions that predictions answer.

    Attributes:
        name: What messages call them.
        groups: What one file may answer, by the name of the fold; one group without folds.
    """

    name: str
    groups: Mapping[str, Sequence[ExpectedAnswer]]

    @property
    def all_ids(self) -> dict[str, None]:
        """Every id, in order."""
        return dict.fromkeys(question.id for group in self.groups.values() for question in group)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of other toolkits.

    Attributes:
        given: By question id.
        source: What the files are (``a file of query-response records (ms-swift)``).
        revision: Hash of the files.
        notes: How they were joined, one sentence each.
        place: What errors about all of them name: the file, or ``predictions`` where there are several.
    """

    given: Mapping[str, GivenAnswer]
    source: str
    revision: str
    notes: tuple[str, ...]
    place: str | Path = "predictions"


def expected_of_export(exported: ExportedFolder, split: str | None) -> Expected:
    """Return the questions of a split of an export, of all folds.

    Args:
        exported: The export.
        split: Name of the split; None: ``test``, or the only one that there is.

    Raises:
        InputError: There is no such split.
    """
    splits = exported.record.splits
    names = list(dict.fromkeys(name for fold in splits.values() for name in fold))
    chosen = split or ("test" if "test" in names or len(names) != 1 else names[0])
    if chosen not in names:
        raise InputError([Problem("--split", f"there is no split {chosen!r} in {exported.path}; {', '.join(names)}")])
    rows = {row.id: row for row in exported.rows()}
    groups: dict[str, list[ExpectedAnswer]] = {}
    for fold, sides in splits.items():
        for name in sides.get(chosen, ()):
            if (row := rows.get(name)) is None:
                message = f"the index has no row of the question {name!r}; export again into a new folder"
                raise InputError([Problem(exported.path, message)])
            text = row.user.rpartition(PICTURE)[2]
            groups.setdefault(fold, []).append(ExpectedAnswer(name, text, row.user, tuple(row.pictures), row.answer))
    return Expected(f"the split {chosen!r} of {exported.path}", groups)


def expected_of_questions(questions: Sequence[Question], name: str) -> Expected:
    """Return the questions of question files.

    Args:
        questions: The questions, in order.
        name: What messages call them.
    """
    expected = [ExpectedAnswer(question.id, question.text, label=question.reference) for question in questions]
    return Expected(name, {"": expected})


def read_predictions(paths: Sequence[Path], expected: Expected, *, partial: bool = False) -> Predictions:
    """Read predictions in any known format and join them to the questions.

    Args:
        paths: Files; of several folds, one each, in any order.
        expected: The questions.
        partial: Whether questions may have no record.

    Raises:
        InputError: Every problem of all files: records of no question, or of one that has another; another order;
            questions without a record.
    """
    answers_by_id: dict[str, GivenAnswer] = {}
    first: dict[str, Path] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    sources: list[str] = []
    for path in paths:
        _, document = read_source(path)
        sources.append(_description(document))
        problems += [Problem(path, message, line) for line, message in document.problems]
        if document.problems and not document.records:
            continue
        answers, file_notes, join_problems = _join(document.records, expected)
        problems += [Problem(path, message, line or None) for line, message in join_problems]
        notes += [f"{path.name}: {note}" for note in (*document.notes, *file_notes)]
        for name, answer in answers.items():
            if name in first:
                problems.append(Problem(path, f"answers {name!r}, which {first[name]} answers already"))
            first.setdefault(name, path)
            answers_by_id.setdefault(name, answer)
    error_place = paths[0] if len(paths) == 1 else "predictions"
    missing = [name for name in expected.all_ids if name not in answers_by_id]
    if missing and not problems and not partial:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        problems.append(
            Problem(
                error_place,
                f"no record answers {len(missing)} of {len(expected.all_ids)} questions of {expected.name} "
                f"({', '.join(missing[:_NAMED])}{more}); --partial makes them errors of the run",
            )
        )
    if problems:
        raise InputError(problems)
    revision = hashlib.sha256("\n".join(file_digest(path) for path in paths).encode()).hexdigest()[:16]
    return Predictions(
        answers_by_id, "; ".join(dict.fromkeys(sources)), revision, tuple(dict.fromkeys(notes)), error_place
    )


def _description(document: Document) -> str:
    """Return whose predictions a file holds, by the keys that only one toolkit writes together."""
    keys = document.records[0].values.keys() if document.records else set()
    if {"response", "labels", "messages"} <= keys:
        return "predictions of ms-swift"
    if {"prompt", "predict", "label"} <= keys:
        return "predictions of LLaMA-Factory"
    return describe(document, form_of_records(document.records))


def _join(
    records: Sequence[Record], expected: Expected
) -> tuple[dict[str, GivenAnswer], list[str], list[tuple[int, str]]]:
    """Join the records of one file: to all questions, or to those of the one fold that they fit."""
    all_questions = list({question.id: question for group in expected.groups.values() for question in group}.values())
    joined_to_all = join_answers(records, all_questions, expected.name, unanswered=True)
    # Line 0: without ids, their number alone says which fold they answer.
    if not joined_to_all[2] or joined_to_all[2][0][0] != 0 or len(expected.groups) == 1:
        return joined_to_all
    joined_by_fold = {
        fold: join_answers(records, group, f"the fold {fold}", unanswered=True)
        for fold, group in expected.groups.items()
        if len(group) == len(records)
    }
    fitting = [fold for fold, (_, _, problems) in joined_by_fold.items() if not problems]
    if len(fitting) == 1:
        answers, notes, problems = joined_by_fold[fitting[0]]
        return answers, [*notes, f"it answers the fold {fitting[0]}"], problems
    if len(fitting) > 1:
        return {}, [], [(0, f"has no ids and fits the folds {', '.join(fitting)} alike; give its records an id")]
    return min(joined_by_fold.values(), key=lambda result: len(result[2]), default=joined_to_all)


def write_run(
    work: Plan,
    expected: Expected,
    predictions: Predictions,
    out: Path,
    *,
    model: str,
    exported: ExportedFolder | None = None,
    consistency: bool = False,
) -> RunRecord:
    """Write predictions as a run.

    Args:
        work: The questions with their clips.
        expected: The questions that were to be answered.
        predictions: The predictions.
        out: A new folder.
        model: What the run calls the model.
        exported: The export that was answered, which knows pictures and prompts.
        consistency: Whether a clip's answers are decided together.

    Raises:
        InputError: The folder holds something, or not one prediction is an answer.
    """
    if out.exists() and not (out.is_dir() and is_vacant(out)):
        raise InputError([Problem(out, "exists already; name a new folder for --out")])
    question_ids = expected.all_ids
    groups = {clip: [q for q in questions if q.id in question_ids] for clip, questions in work.questions.items()}
    groups = {clip: questions for clip, questions in groups.items() if questions}
    facts = {
        "question_files": [str(file.path.absolute()) for file in work.files],
        "sources": [source.as_record() for source in work.sources],
        "imported": {"from": predictions.source, "notes": list(predictions.notes)},
    }
    answers: list[list[Answer]] = []
    for clip, questions in groups.items():
        replies = [_reply(predictions.given.get(question.id)) for question in questions]
        answers.append(read_replies(questions, replies, work.clips[clip].dataset, consistency=consistency))
    _refuse_none_answered(answers, predictions)
    with whole_folder(out) as folder:
        run = start_run(
            folder, _fingerprint(work, list(groups), predictions, model, exported, consistency=consistency), facts
        )
        for of_clip in answers:
            run.append(of_clip)
    return open_run(out)


def _refuse_none_answered(answers: Sequence[Sequence[Answer]], predictions: Predictions) -> None:
    """Refuse predictions that answer no question: scored, they would look like a model that is always wrong.

    Raises:
        InputError: They do.
    """
    every = [answer for of_clip in answers for answer in of_clip]
    if any(answer.error is None for answer in every):
        return
    if all(answer.error == _EMPTY for answer in every):
        message = f"all {len(every)} predictions are empty"
    else:
        message = (
            f"not one of {len(every)} questions is answered; of the first, {every[0].question_id}: {every[0].error}"
        )
    raise InputError([Problem(predictions.place, f"{message}; no run is written")])


def _reply(prediction: GivenAnswer | None) -> Reply:
    """Return a prediction as a reply; what is not there, or was cut off by a server, is an error and no answer."""
    if prediction is None:
        return Reply("", error="the predictions have no record of this question")
    if prediction.error is not None or not prediction.text.strip():
        return Reply("", error=prediction.error or _EMPTY)
    return Reply(prediction.text, truncated=prediction.truncated)


def _fingerprint(
    work: Plan,
    clips: Sequence[str],
    predictions: Predictions,
    model: str,
    exported: ExportedFolder | None,
    *,
    consistency: bool,
) -> dict[str, object]:
    """Return the fingerprint of the run: everything that decided the answers, as far as it is known here."""
    exported_decides = {} if exported is None else exported.record.decides
    media = exported_decides.get("media") or media_digests(work)
    decides: dict[str, object] = {
        "questions": {file.path.name: file_digest(file.path) for file in work.files},
        "annotations": exported_decides.get("annotations", annotations_digest(work)),
        "media": {clip: media.get(clip, "") for clip in clips},
        "model": {"name": model, "revision": predictions.revision},
        "consistency": consistency,
        "settings": {"imported": predictions.source},
        "packages": package_versions(),
    }
    keys = ("prompts", "looking", "key_frames")
    return decides | {key: exported_decides[key] for key in keys if key in exported_decides}


def plan_without_media(files: Sequence[Path], datasets: Mapping[str, str] | None = None) -> Plan:
    """Return the questions of files with clips of which nothing is seen.

    Args:
        files: Question files.
        datasets: Data set by clip id, where it is known better than by the questions.

    Raises:
        InputError: Every problem of the files.
    """
    read = [file.without_rows() for file in read_question_files(files)]
    groups: dict[str, list[Question]] = {}
    for file in read:
        for question in file.questions:
            groups.setdefault(question.clip_id, []).append(question)
    clips = {
        name: Clip(name, (datasets or {}).get(name, named_dataset(questions)), named_subject(questions))
        for name, questions in groups.items()
    }
    questions = {name: tuple(group) for name, group in groups.items()}
    return Plan(tuple(read), clips, questions, (Source(tuple(files)),))
