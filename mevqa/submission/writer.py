"""The files to hand in: official names, the question files' own bytes with the answers filled in, and the zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mevqa.data.official import QuestionFile
from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.system_errors import writing
from mevqa.files.whole import make_folder, write_whole
from mevqa.inference.runs import RunRecord, file_digest
from mevqa.questions.answers import fault
from mevqa.questions.prior import prior_answer
from mevqa.safe_text import PathShortener
from mevqa.types import Question

QUESTIONS_ENDING = "_to_answer.jsonl"
PREDICTIONS_ENDING = "_pred.jsonl"
ARCHIVE = "submission.zip"
FILLED = "filled.json"
#: Advice where replies of the model could not be used.
_UNREAD = "answer the {count} that could not be read with other settings (--variant, --max-new-tokens) into a new --out"
#: The oldest date that a zip can hold: the same answers give the same bytes on every day.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer that the model did not give.

    Attributes:
        file: Name of the question file.
        id: The question.
        answer: The prior answer.
        reason: Why the run has no answer.
        source: Where the prior comes from.
    """

    file: str
    id: str
    answer: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Submission:
    """The files of a submission that were written.

    Attributes:
        predictions: One file a question file, in their order.
        archive: The zip of them.
        filled: Answers that the model did not give.
    """

    predictions: tuple[Path, ...]
    archive: Path
    filled: tuple[Filled, ...]


def submission_name(questions: Path) -> str:
    """Return the official name of the answers to a question file.

    Raises:
        InputError: It does not have the official name of a file to answer.
    """
    stem = questions.name.removesuffix(QUESTIONS_ENDING)
    if stem in ("", questions.name):
        message = f"does not have an official name to derive the submission's from: <name>{QUESTIONS_ENDING}"
        raise InputError([Problem(questions, message)])
    return stem + PREDICTIONS_ENDING


def write_submission(run: RunRecord, files: Sequence[QuestionFile], out: Path, *, fill: bool = False) -> Submission:
    """Write the official files of a run, the zip, and the record of what was filled in.

    Nothing is written unless everything can be.

    Args:
        run: The answers.
        files: The question files, in the order of the zip.
        out: Folder to write to; files of the same names are replaced.
        fill: Give the prior answer where the run has none.

    Raises:
        InputError: A question without an answer (each is listed) unless ``fill``; an answer outside the vocabulary of
            its question type; a file that is not official, comes twice, or is not the one that the run answered;
            another process writes the folder.
    """
    problems = [*_doubled(files), *_unknown_ids(run, files)]
    missing = [(file, q, _why(run, q)) for file in files for q in file.questions if _why(run, q) is not None]
    filled: list[Filled] = []
    for file, question, reason in missing:
        prior = prior_answer(question) if fill else None
        if prior is not None:
            filled.append(Filled(file.path.name, question.id, prior.text, reason or "", prior.source))
        else:
            hint = "; an open question has no prior answer" if fill else ""
            problems.append(Problem(file.path, f"question {question.id!r}: {reason}{hint}", question.line))
    if missing and not fill:
        total = sum(len(file.questions) for file in files)
        final = sum(run.answers[q.id].unusable is not None for _, q, _ in missing if q.id in run.answers)
        again = "run `mevqa eval` again to answer them"
        if final:
            again = (again + ", " if final < len(missing) else "") + _UNREAD.format(count=final)
        mend = f"{again}, or fill in prior answers with --fill"
        problems.append(Problem(run.path, f"lacks {len(missing)} of {total} answers; {mend}"))
    problems.extend(_outside_vocabulary(run, files))
    if problems:
        raise InputError(problems)
    texts = {entry.id: entry.answer for entry in filled}
    contents: dict[str, bytes] = {}
    for file in files:
        answers = {q.id: texts[q.id] if q.id in texts else run.answers[q.id].text for q in file.questions}
        contents[submission_name(file.path)] = file.render(answers)
    with hold_folder(out):
        return _write(contents, out, tuple(filled))


def _doubled(files: Sequence[QuestionFile]) -> Iterator[Problem]:
    """Refuse files without an official name and files or ids that come twice."""
    names: dict[str, Path] = {}
    ids: dict[str, Path] = {}
    for file in files:
        try:
            name = submission_name(file.path)
        except InputError as error:
            yield from error.problems
            continue
        if names.setdefault(name, file.path) is not file.path:
            yield Problem(file.path, f"gives {name} like {names[name]}; name each question file once")
            continue
        for question in file.questions:
            if ids.setdefault(question.id, file.path) is not file.path:
                message = f"the id {question.id!r} stands in {ids[question.id]} too; hand in one run for each of them"
                yield Problem(file.path, message, question.line)


def _unknown_ids(run: RunRecord, files: Sequence[QuestionFile]) -> Iterator[Problem]:
    """Refuse a file that the run did not answer though it has answers under its ids.

    The 2025 and the 2026 files of one test set share their ids and differ in their questions.
    """
    answered: Mapping[str, str] = run.manifest.get("decides", {}).get("questions", {})
    for file in files:
        shares_ids = any(question.id in run.answers for question in file.questions)
        if answered and shares_ids and file_digest(file.path) not in answered.values():
            yield Problem(file.path, f"is not the file that {run.path} answered ({', '.join(sorted(answered))})")


def _why(run: RunRecord, question: Question) -> str | None:
    """Say why the run has no answer to a question, None when it has one."""
    answer = run.answers.get(question.id)
    if answer is None:
        return "was not answered"
    if answer.unusable is not None:
        return answer.error
    return None if answer.error is None else f"failed: {answer.error}"


def _outside_vocabulary(run: RunRecord, files: Sequence[QuestionFile]) -> Iterator[Problem]:
    """Refuse answers that no version of the toolkit writes: the run was edited or made by something else."""
    for file in files:
        for question in file.questions:
            answer = run.answers.get(question.id)
            reason = fault(question, answer.text) if answer is not None and answer.error is None else None
            if reason is not None:
                yield Problem(run.path, f"the answer to {question.id!r} is outside the vocabulary: {reason}")


def _write(contents: Mapping[str, bytes], out: Path, filled: tuple[Filled, ...]) -> Submission:
    """Write predictions, zip and record; each file appears whole or not at all."""
    make_folder(out)
    for name, content in contents.items():
        write_whole(out / name, content)
    archive = out / ARCHIVE
    write_archive(contents, archive)
    record = out / FILLED
    if filled:
        shorten = PathShortener()
        listed = [asdict(entry) | {"reason": shorten(entry.reason)} for entry in filled]
        write_whole(record, json.dumps(listed, indent=1, ensure_ascii=False) + "\n")
    else:
        with writing(record, "cannot be removed"):
            record.unlink(missing_ok=True)
    return Submission(tuple(out / name for name in contents), archive, filled)


def write_archive(contents: Mapping[str, bytes], path: Path) -> None:
    """Write a zip of some files; the same files give the same bytes on every day.

    Args:
        contents: Content by name, in the order of the zip.
        path: The zip; one of the same name is replaced.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            package.writestr(entry, content)
    write_whole(path, packed.getvalue())
