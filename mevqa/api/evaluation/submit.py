"""Submissions: written from a run, checked, and mended where only their form is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mevqa.api.paths import AnyPath, path_list
from mevqa.data.official import read_question_files
from mevqa.errors import errors_name_parameters
from mevqa.inference.runs import RunRecord
from mevqa.inference.runs import open_run as read_run
from mevqa.submission import fix, validator
from mevqa.submission.writer import Submission, write_submission


@errors_name_parameters
def submit(
    run: RunRecord | AnyPath, questions: AnyPath | Sequence[AnyPath], out: AnyPath, *, fill: bool = False
) -> Submission:
    """Write the official files of a run and their zip; nothing is written unless everything can be.

    Args:
        run: The run, or its folder.
        questions: Official files (``..._to_answer.jsonl``), in the order of the zip.
        out: Folder for them; files of the same names are replaced.
        fill: Give prior answers where the run has none, and record them in ``filled.json``.

    Raises:
        InputError: Questions without an answer (each is listed), answers outside the vocabulary, files that are not
            official or were not answered.
    """
    record = run if isinstance(run, RunRecord) else read_run(Path(run))
    return write_submission(record, read_question_files(path_list(questions)), Path(out), fill=fill)


def check_submission(predictions: AnyPath, questions: AnyPath | Sequence[AnyPath]) -> validator.SubmissionCheck:
    """Check a file of answers, or a zip, against the question files that it answers.

    Args:
        predictions: The file or the zip.
        questions: The official question files.

    Raises:
        InputError: The question files cannot be read.
    """
    return validator.check_submission(Path(predictions), read_question_files(path_list(questions)))


def fix_submission(
    predictions: AnyPath, questions: AnyPath | Sequence[AnyPath], out: AnyPath, *, strict: bool = False
) -> fix.FixedSubmission:
    """Write a submission anew in the official form; answers, ids and questions stay as they are.

    Args:
        predictions: A file of answers, or a zip.
        questions: The official question files.
        out: A new file; a zip where the predictions are one.
        strict: Refuse answers outside the vocabulary too.

    Raises:
        InputError: Anything but the form is wrong; each problem is listed and nothing is written.
    """
    return fix.fix_submission(Path(predictions), read_question_files(path_list(questions)), Path(out), strict=strict)
