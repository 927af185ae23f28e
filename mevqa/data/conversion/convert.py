"""Convert question files and predictions between the official layout and the formats of other toolkits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.conversion.answers import ExpectedAnswer, join_answers
from mevqa.data.conversion.label_questions import label_questions
from mevqa.data.conversion.rows import rows_of
from mevqa.data.conversion.write import write_records, write_rows
from mevqa.data.documents.encoding import encoding_of
from mevqa.data.documents.foreign_formats import describe, workbook_document
from mevqa.data.documents.records import Document, read_document
from mevqa.data.official import QuestionFile, QuestionScan, read_questions, scan_question_bytes
from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.lock import hold_file
from mevqa.files.signatures import file_kind
from mevqa.files.system_errors import unreadable
from mevqa.files.text import decode_text
from mevqa.files.whole import make_folder, write_whole
from mevqa.formats import TARGETS, Target


@dataclass(frozen=True, slots=True)
class Conversion:
    """Result of a conversion: what the file was, how much was read and written, and notes.

    Attributes:
        source: What the file was, with its article (``a JSON array of LLaVA records``).
        records: Records that were read.
        questions: Questions that were written.
        clips: Clips that they are about.
        answered: Questions with an answer.
        notes: What was made or changed on the way, one sentence each.
    """

    source: str
    records: int
    questions: int
    clips: int
    answered: int
    notes: tuple[str, ...]


def convert(
    source: Path | str,
    out: Path | str,
    *,
    to: str = "official",
    dataset: str | None = None,
    questions: Path | str | None = None,
) -> Conversion:
    """Convert a file of questions, of predictions, or of labels.

    Ids, subjects, data sets, file names and the order are kept; what has no id gets one from its clip and its place
    among the questions about it. Nothing is written unless every record can be.

    Args:
        source: The official layouts, a JSON array, LLaVA, ShareGPT, OpenAI, ms-swift or Alpaca records, a CSV table,
            or a label file, about whose coded clips the questions for both classes are written; what it is, is seen
            from its content.
        out: A new file.
        to: Format to write, one of ``TARGETS``.
        dataset: Data set of records that name none.
        questions: Question file that the records answer; its rows are written with the answers filled in.

    Raises:
        InputError: Every problem of the file, or ``out`` exists.
        ValueError: ``to`` is no format.
    """
    source, out = Path(source), Path(out)
    target = _target(to)
    if out.exists():
        raise InputError([Problem(out, "exists already; name a new file to write")])
    if questions is None:
        try:
            scan, conversion = _read(source, dataset)
        except InputError:
            if (from_labels := _read_labels(source, dataset)) is None:
                raise
            scan, conversion = from_labels
    else:
        scan, conversion = _join(source, read_questions(questions))
    content = write_records(scan.file, target)
    make_folder(out.parent)
    with hold_file(out):
        write_whole(out, content)
    return conversion


def _target(name: str) -> Target:
    for target in TARGETS:
        if target == name:
            return target
    raise ValueError(f"no format {name!r}; there are {', '.join(TARGETS)}")


def read_source(source: Path) -> tuple[str, Document]:
    """Return the text of a file in any format, and its records.

    Raises:
        InputError: It cannot be read, or is no text.
    """
    try:
        data = read_file(source)
    except OSError as error:
        raise InputError([Problem(source, unreadable(error))]) from error
    if (workbook := workbook_document(source, data)) is not None:
        return "", workbook
    kind = file_kind(data[:512])
    if kind is not None:
        raise InputError([Problem(source, f"is {kind}, not a text of questions")])
    try:
        text = decode_text(data)
    except ValueError as error:
        raise InputError([Problem(source, str(error))]) from error
    document = read_document(text)
    if encoding_of(data).startswith("utf-8") and not _is_utf8(data):
        document.notes.append(
            "the file is not UTF-8: it was read in a Chinese or Western code page; look at its letters"
        )
    return text, document


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _join(source: Path, file: QuestionFile) -> tuple[QuestionScan, Conversion]:
    """Fill the answers of a file into the rows of their questions."""
    _, document = read_source(source)
    expected = [ExpectedAnswer(question.id, question.text) for question in file.questions]
    answers, notes, answer_problems = join_answers(document.records, expected, file.path.name)
    missing = len(expected) - len(answers)
    if missing and not answer_problems:
        notes.append(f"{missing} of {len(expected)} questions have no answer here and stay as they were")
    problems = [Problem(source, message, line or None) for line, message in (*document.problems, *answer_problems)]
    if problems:
        raise InputError(problems)
    scan = scan_question_bytes(file.path, file.render({name: answer.text for name, answer in answers.items()}))
    answered = sum(question.reference is not None for question in scan.file.questions)
    what = describe(document, "answers")
    count = len(scan.file.questions)
    return scan, Conversion(what, len(document.records), count, len(file.clip_ids), answered, (*document.notes, *notes))


def _read(source: Path, dataset: str | None) -> tuple[QuestionScan, Conversion]:
    """Read any format into official rows."""
    text, document = read_source(source)
    rows, form = rows_of(document, dataset)
    if form == "answers":
        raise InputError([Problem(source, f"is {describe(document, form)}; name their file: --questions QUESTIONS")])
    problems = [Problem(source, message, line) for line, message in rows.problems]
    official = form == "official" and document.container == "lines"
    content = text.encode("utf-8") if official else write_rows(rows.rows)
    if official:
        problems.clear()
    scan = scan_question_bytes(source, content)
    if document.records and not (rows.problems and not rows.rows):
        lines: Sequence[int] = () if official else rows.lines
        problems += [Problem(source, _with_mend(p.message, dataset), _line(p.line, lines)) for p in scan.problems]
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        raise InputError(problems)
    notes = [*document.notes, *rows.notes, *(warning.message for warning in scan.warnings)]
    if scan.file.dataset == "unknown":
        notes.append("the data set of the questions is unknown; --dataset NAME writes it (it decides the options)")
    questions = scan.file.questions
    answered = sum(question.reference is not None for question in questions)
    what = describe(document, form)
    return scan, Conversion(
        what, len(document.records), len(questions), len(scan.file.clip_ids), answered, tuple(notes)
    )


def _read_labels(source: Path, dataset: str | None) -> tuple[QuestionScan, Conversion] | None:
    """Make official rows of a label file; None when it is none."""
    questions = label_questions(source, dataset)
    if questions is None:
        return None
    scan = scan_question_bytes(source, write_rows(questions.rows))
    if scan.problems:
        raise InputError(scan.problems)
    count = len(questions.rows)
    return scan, Conversion("a label file", questions.clips, count, len(scan.file.clip_ids), count, questions.notes)


def _with_mend(message: str, dataset: str | None) -> str:
    """Return a message with the option that mends it."""
    lacks_dataset = message == "the key 'dataset' is missing" and dataset is None
    return f"{message}; --dataset NAME writes it" if lacks_dataset else message


def _line(line: int | None, lines: Sequence[int]) -> int | None:
    """Return the line of the source that a line of the official rows comes from."""
    return lines[line - 1] if line is not None and lines else line
