"""Loading answers for scoring: from a run, a file in the official layout, or a folder of such files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mevqa.data.documents.foreign_formats import foreign_format
from mevqa.data.official import QuestionFile, scan_questions
from mevqa.errors import InputError, Problem
from mevqa.inference.logs.answer_log import torn_line
from mevqa.inference.runs import RunRecord, file_digest, open_run
from mevqa.inference.shards import lacking_clips
from mevqa.inference.trained_on import trained_on_warning
from mevqa.types import Answer, Question

_MANIFEST = "manifest.json"
#: Keys by which servers say why an answer ended, and what they call the bound on its length.
_ENDINGS = ("finish_reason", "stop_reason", "finishReason", "done_reason")
_LENGTH = frozenset({"length", "max_tokens", "max_length", "max_new_tokens", "max_output_tokens", "model_length"})
#: Suffixes of files that may hold answers in the format of another toolkit.
_OTHERS = frozenset({".json", ".csv", ".tsv", ".txt"})


@dataclass(slots=True)
class LoadedAnswers:
    """Answers by question id, and the questions that they answer, as far as these are known."""

    path: Path
    answers: Mapping[str, Answer | str]
    questions: Mapping[str, Question]
    layouts: frozenset[str]
    paths: Mapping[str, Path] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    truncated: frozenset[str] = frozenset()


def is_run(path: Path) -> bool:
    """Whether a path is a run folder."""
    return (path / _MANIFEST).is_file()


def open_answers_run(path: Path, problems: list[Problem]) -> RunRecord | None:
    """Open a run folder; None when it is damaged, which is a problem."""
    try:
        return open_run(path)
    except InputError as error:
        problems.extend(error.problems)
        return None


def read_files(path: Path, problems: list[Problem]) -> list[QuestionFile]:
    """Read a question file, or every question file of a folder."""
    if path.is_dir():
        paths = sorted(path.glob("*.jsonl"))
        if not paths:
            problems.extend(_without_answers(path))
    else:
        paths = [path]
    files = []
    for file_path in paths:
        scan = scan_questions(file_path)
        problems.extend(scan.problems)
        files.append(scan.file)
    return files


def _without_answers(folder: Path) -> list[Problem]:
    """Return the problem of a folder without official files: files of other formats in it, or that there are none."""
    others = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _OTHERS and file.is_file()]
    foreign = [problem for file in others if (problem := foreign_format(file, file.read_bytes())) is not None]
    return foreign or [Problem(folder, f"holds no .jsonl file and no {_MANIFEST}")]


def doubled_ids(files: Sequence[QuestionFile]) -> Iterator[Problem]:
    """Yield a problem for every question id that stands in two of the files."""
    first_paths: dict[str, Path] = {}
    for file in files:
        for question in file.questions:
            first = first_paths.setdefault(question.id, file.path)
            if first != file.path:
                yield Problem(file.path, f"the id {question.id!r} stands in {first} too", question.line)


def answers_of_files(path: Path, problems: list[Problem]) -> LoadedAnswers:
    """Return the answers of a file in the official layout."""
    files = read_files(path, problems)
    problems.extend(doubled_ids(files))
    rows = [(question, file.path) for file in files for question in file.questions]
    return LoadedAnswers(
        path,
        {question.id: question.reference or "" for question, _ in rows},
        {question.id: question for question, _ in rows},
        frozenset(file.layout for file in files),
        {question.id: source for question, source in rows},
        {question.id: question.line or 0 for question, _ in rows},
        truncated=frozenset(
            question.id
            for file in files
            for question, row in zip(file.questions, file.rows, strict=True)
            if was_truncated(row.values)
        ),
    )


def was_truncated(row: Mapping[str, Any]) -> bool:
    """Whether a row of answers says that its answer was cut off (``truncated``, or why the writing ended)."""
    if row.get("truncated") is True:
        return True
    return any(str(row.get(key)).lower() in _LENGTH for key in _ENDINGS)


def answers_of_run(run: RunRecord | None, files: Sequence[QuestionFile]) -> LoadedAnswers:
    """Return the answers of a run, with its questions where its files are still as it read them."""
    if run is None:
        return LoadedAnswers(Path(), {}, {}, frozenset())
    notes: list[str] = [note for note in [torn_line(run.path)] if note is not None]
    if not files:
        hidden: list[Problem] = []
        files = files_of_run(run, hidden)
        if hidden:
            files = ()
            notes.append("the question files of the run are gone or changed: answers are matched by id alone")
    questions = {question.id: question for file in files for question in file.questions}
    notes += [note for note in [lacking_clips(run, list(questions.values()))] if note is not None]
    layouts = frozenset(file.layout for file in files)
    log = run.path / "answers.jsonl"
    trained_on = trained_on_warning(run.manifest, questions.values())
    warnings = [] if trained_on is None else [trained_on]
    return LoadedAnswers(log, run.answers, questions, layouts, lines=run.lines, notes=notes, warnings=warnings)


def questions_of_run(run: RunRecord) -> tuple[Question, ...]:
    """Return the questions that a run was asked, clip by clip in the order of its files.

    Raises:
        InputError: A question file is gone or has changed since.
    """
    problems: list[Problem] = []
    files = files_of_run(run, problems)
    if problems:
        raise InputError(problems)
    clips = {*run.manifest.get("decides", {}).get("media", {}), *run.manifest.get("clips", ())}
    by_clip: dict[str, list[Question]] = {}
    for question in (question for file in files for question in file.questions):
        if not clips or question.clip_id in clips:
            by_clip.setdefault(question.clip_id, []).append(question)
    return tuple(question for group in by_clip.values() for question in group)


def files_of_run(run: RunRecord, problems: list[Problem]) -> list[QuestionFile]:
    """Read the question files that a run answered, if they are still the same."""
    digests: Mapping[str, str] = run.manifest.get("decides", {}).get("questions", {})
    paths = [Path(name) for name in run.manifest.get("question_files", [])]
    if not paths:
        problems.append(Problem(run.path, "does not say which files it answered; name the reference after it"))
    files: list[QuestionFile] = []
    for path in paths:
        if not path.is_file():
            problems.append(Problem(path, f"was answered by {run.path} and is gone; name the reference after the run"))
        elif digests and file_digest(path) not in digests.values():
            hint = "name the reference after the run to score it against this file all the same"
            problems.append(Problem(path, f"has changed since {run.path} answered it; {hint}"))
        else:
            files.extend(file.without_rows() for file in read_files(path, problems))
    return files
