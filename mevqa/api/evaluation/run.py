"""A run: the answers to question files, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.api.evaluation.report import report
from mevqa.api.evaluation.score import Changes, score
from mevqa.api.evaluation.submit import submit
from mevqa.api.paths import AnyPath, path_list
from mevqa.errors import InputError, Problem
from mevqa.inference.runs import RunRecord
from mevqa.inference.runs import open_run as read_run
from mevqa.questions.values import answer_value, to_json
from mevqa.reporting import Written
from mevqa.scoring.answers.answer_sources import questions_of_run
from mevqa.scoring.metrics.bootstrap import DRAWS
from mevqa.scoring.result import ScoreResult
from mevqa.submission.writer import QUESTIONS_ENDING, Submission
from mevqa.types import Answer, Question

if TYPE_CHECKING:
    import pandas


class Run(RunRecord):
    """A run folder with the answers of a model.

    Attributes:
        path: The folder.
        manifest: Everything that decided the answers, as ``manifest.json`` has it.
        answers: The newest answer to each question, by question id.
        lines: The line of ``answers.jsonl`` that each of them was read from, where it was read.
    """

    def __init__(
        self,
        path: Path,
        manifest: Mapping[str, Any],
        answers: dict[str, Answer],
        lines: Mapping[str, int] | None = None,
        *,
        questions: Sequence[Question] | None = None,
    ) -> None:
        super().__init__(path, manifest, answers, lines)
        if questions is not None:
            self.__dict__["questions"] = tuple(questions)

    def __repr__(self) -> str:
        model = self.manifest.get("decides", {}).get("model") or {}
        return f"Run({str(self.path)!r}, model={model.get('name')!r}, answers={len(self.answers)})"

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions that were asked, clip by clip in the order of the files.

        Raises:
            InputError: A question file is gone or has changed since.
        """
        return questions_of_run(self)

    def score(
        self,
        reference: AnyPath | None = None,
        *,
        preset: str | None = None,
        changes: Changes = (),
        by: Sequence[str] = (),
        draws: int = DRAWS,
        seed: int = 0,
    ) -> ScoreResult:
        """Score the answers like the challenge, with intervals.

        Args:
            reference: A question file with the right answers; None for the files that were answered.
            preset: Name of the preset; None for that of the task of 2026.
            changes: Switches of the preset that are set otherwise.
            by: Parts to score besides: ``dataset``, ``subject``, ``type``.
            draws: Bootstrap draws; 0 for no intervals.
            seed: Of the bootstrap.

        Raises:
            InputError: What is wrong with answers, references or options, together.
        """
        return score(self.path, reference, preset=preset, changes=changes, by=by, draws=draws, seed=seed)

    def report(self, out: AnyPath, **options: Any) -> Written:
        """Write a report: one HTML page of scores, charts and clips.

        Args:
            out: Folder of the report.
            options: As for ``mevqa.report``.

        Raises:
            InputError: What is wrong with the run or the folder.
        """
        return report(self.path, out, **options)

    def submit(
        self, out: AnyPath, questions: AnyPath | Sequence[AnyPath] | None = None, *, fill: bool = False
    ) -> Submission:
        """Write the official files and their zip.

        Args:
            out: Folder for them.
            questions: Official files (``..._to_answer.jsonl``); None: those that were answered.
            fill: Give prior answers where the run has none, and record them in ``filled.json``.

        Raises:
            InputError: Questions without an answer, files that are not official or were not answered.
        """
        return submit(self, self._official_files() if questions is None else path_list(questions), out, fill=fill)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with a row a question: its text, the answer and, where it is known, the right answer.

        Raises:
            InputError: A question file is gone or has changed since.
        """
        # Half a second of import that only who wants a table should pay.
        import pandas

        rows = [_row(question, self.answers.get(question.id)) for question in self.questions]
        return pandas.DataFrame(rows, columns=list(_COLUMNS))

    def _official_files(self) -> list[Path]:
        """Return the answered files that are official files to answer."""
        files = [Path(name) for name in self.manifest.get("question_files", ())]
        official = [path for path in files if path.name.endswith(QUESTIONS_ENDING)]
        if not official:
            message = f"answered no official file (..._{QUESTIONS_ENDING.lstrip('_')}); name the files to submit"
            raise InputError([Problem(self.path, message)])
        return official


#: Columns of ``Run.to_pandas``.
_COLUMNS = (
    "question_id",
    "clip_id",
    "dataset",
    "subject",
    "type",
    "question",
    "reference",
    "answer",
    "value",
    "confidence",
    "options",
    "error",
    "unusable",
    "seconds",
    "warnings",
)


def open_run(path: AnyPath) -> Run:
    """Open a run folder.

    Args:
        path: The folder that ``mevqa.evaluate`` or ``mevqa eval --out`` wrote.

    Raises:
        InputError: It is no run folder, or a line of its log is broken.
    """
    record = read_run(Path(path))
    return Run(record.path, record.manifest, record.answers, record.lines)


def _row(question: Question, answer: Answer | None) -> dict[str, Any]:
    """Return a row of the table; cells without a value are None."""
    cells: dict[str, Any] = {
        "question_id": question.id,
        "clip_id": question.clip_id,
        "dataset": question.dataset,
        "subject": question.subject,
        "type": question.type,
        "question": question.text,
        "reference": question.reference,
    }
    if answer is None:
        return cells | {"error": "was not answered"}
    return cells | {
        "answer": answer.text or None,
        "value": to_json(answer_value(question, answer)),
        "confidence": answer.confidence,
        "options": dict(answer.options) if answer.options is not None else None,
        "error": answer.error,
        "unusable": answer.unusable,
        "seconds": answer.seconds,
        "warnings": list(answer.warnings),
    }
