"""Bring answers and references together: a run or a file of answers, and a question file that holds the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.official import QuestionFile
from mevqa.errors import InputError, Problem
from mevqa.inference.runs import RunRecord
from mevqa.names import match_key
from mevqa.scoring.answers.answer_sources import (
    LoadedAnswers,
    answers_of_files,
    answers_of_run,
    doubled_ids,
    files_of_run,
    is_run,
    open_answers_run,
    read_files,
)
from mevqa.types import Answer, Question, Value

_LISTED = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with a reference, and what was answered.

    Attributes:
        question: The question of the reference file; its ``reference`` is set.
        path: The reference file.
        text: What was answered; None when there is no answer.
        missing: Whether the answers do not mention the question at all.
        error: Why there is no answer, when the run says so.
        options: Probabilities of the options of a closed question.
        source: The file that holds the answer.
        line: 1-based line of the answer in ``source``.
        truncated: Whether the writer says that the answer was cut off.
        unusable: Why what a model wrote is no answer, when the run says so.
        value: What the answer was read as when it was given; None to read it.
    """

    question: Question
    path: Path
    text: str | None = None
    missing: bool = False
    error: str | None = None
    options: Mapping[str, float] | None = None
    source: Path = Path()
    line: int | None = None
    truncated: bool = False
    unusable: str | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Everything that can be compared.

    Attributes:
        answers: Where the answers come from.
        references: The files with the references.
        pairs: In the order of the reference files.
        task: ``vqa`` or ``lvqa``; that of the first reference file.
        notes: What a reader of the scores must know.
        warnings: What makes the scores worthless.
    """

    answers: Path
    references: tuple[Path, ...]
    pairs: tuple[Pair, ...]
    task: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_pairs(
    answers: Path,
    reference: Path | None = None,
    *,
    opened: RunRecord | None = None,
    files: Sequence[QuestionFile] | None = None,
) -> Pairs:
    """Read answers and references and match them, by question id or, between layouts, by clip and question text.

    Args:
        answers: A run folder, a file of answers in either layout, or a folder of such files.
        reference: A question file with answers, or a folder of such files; None for the files that the run answered.
        opened: The run, where it is read already.
        files: The files with the references, where they are read already.

    Raises:
        InputError: Every problem of both sides, with lines: unreadable rows, doubled ids, answers to questions that
            the reference does not have, another text or data set under the same id, ambiguous clip and text.
    """
    problems: list[Problem] = []
    run = opened or (open_answers_run(answers, problems) if is_run(answers) else None)
    if reference is None and run is None:
        hint = "name the question file with the references after it"
        raise InputError(problems or [Problem(answers, f"is not a run, so that nothing says what is right; {hint}")])
    if reference is not None:
        files = read_files(reference, problems) if files is None else files
        # A run that cannot be opened is a problem already; its log is no file of answers.
        loaded = answers_of_run(run, []) if is_run(answers) else answers_of_files(answers, problems)
    else:
        assert run is not None
        files = files_of_run(run, problems) if files is None else files
        loaded = answers_of_run(run, files)
    problems.extend(doubled_ids(files))
    if problems:
        raise InputError(problems)
    questions = [(question, file.path) for file in files for question in file.questions]
    if run is not None and reference is None:
        questions = _planned(run, questions, loaded.notes)
    match = _matcher(loaded, files, problems)
    pairs = [_pair(question, path, match(question), loaded) for question, path in questions]
    problems.extend(_collapsed(_unknown_ids(loaded, [question for question, _ in questions], match)))
    scored = [pair for pair in pairs if pair.question.reference is not None]
    where = reference or (files[0].path if files else answers)
    if not scored and not problems:
        hint = "is it the file to answer? Name the one with the references"
        problems.append(Problem(where, f"has no answers to compare with; {hint}"))
    if problems:
        raise InputError(problems)
    notes = [*loaded.notes, *_coverage(scored, len(pairs) - len(scored))]
    paths = tuple(file.path for file in files)
    return Pairs(answers, paths, tuple(scored), files[0].task, tuple(notes), tuple(loaded.warnings))


def pair_answer(question: Question, answers: Mapping[str, Answer], path: Path = Path()) -> Pair:
    """Return a question with its answer of a run.

    Args:
        question: The question, with its reference.
        answers: By question id.
        path: The reference file, for messages.
    """
    answer = answers.get(question.id)
    if answer is None:
        return Pair(question, path, missing=True)
    return _of_run(question, path, answer, path, None)


def _planned(run: RunRecord, questions: list[tuple[Question, Path]], notes: list[str]) -> list[tuple[Question, Path]]:
    """Leave out the clips that the run left out (``--limit``)."""
    media = run.manifest.get("decides", {}).get("media", {})
    clips = {question.clip_id for question, _ in questions}
    if not media or clips <= set(media):
        return questions
    notes.append(f"the run was limited to {len(clips & set(media))} of {len(clips)} clips; only these are scored")
    return [(question, path) for question, path in questions if question.clip_id in media]


def _matcher(
    loaded: LoadedAnswers, files: Sequence[QuestionFile], problems: list[Problem]
) -> Callable[[Question], str | None]:
    """Return the function from a question of the reference to the id under which it was answered."""
    layouts = {file.layout for file in files}
    if not loaded.layouts or loaded.layouts & layouts:
        return lambda question: question.id if question.id in loaded.answers else None
    reference_rows = [(question, file.path) for file in files for question in file.questions]
    answer_rows = [(question, loaded.paths.get(question.id, loaded.path)) for question in loaded.questions.values()]
    for side in (reference_rows, answer_rows):
        problems.extend(_ambiguous(side))
    ids = {_clip_and_text(question): question.id for question in loaded.questions.values()}
    loaded.notes.append("the layouts differ: answers are matched by clip and question text")
    return lambda question: ids.get(_clip_and_text(question))


def _clip_and_text(question: Question) -> tuple[str, str]:
    """Return what identifies a question in two files of different layouts: the clip in any spelling, and the text."""
    return match_key(question.clip_id), question.text


def _ambiguous(rows: Iterable[tuple[Question, Path]]) -> Iterator[Problem]:
    """Yield a problem for every row whose clip and text an earlier row has."""
    first: dict[tuple[str, str], int | None] = {}
    for question, path in rows:
        key = _clip_and_text(question)
        if key in first:
            same = f"clip {question.clip_id!r} is asked the same in line {first[key]}"
            yield Problem(path, f"{same}: cannot be told apart without ids", question.line)
        else:
            first[key] = question.line


def _pair(question: Question, path: Path, key: str | None, loaded: LoadedAnswers) -> Pair:
    answer = loaded.answers[key] if key is not None and key in loaded.answers else None
    if answer is None:
        return Pair(question, path, missing=True)
    assert key is not None
    source, line = loaded.paths.get(key, loaded.path), loaded.lines.get(key)
    if isinstance(answer, str):
        return Pair(question, path, text=answer, source=source, line=line, truncated=key in loaded.truncated)
    answered_question = loaded.questions.get(key)
    same = answered_question is not None and answered_question.text == question.text
    return _of_run(question, path, answer if same else replace(answer, value=None), source, line)


def _of_run(question: Question, path: Path, answer: Answer, source: Path, line: int | None) -> Pair:
    """Return a question with its answer of a run; the text of an unreadable answer is kept to be shown."""
    return Pair(
        question,
        path,
        text=(answer.text or (answer.raw if answer.unusable is not None else None)) or None,
        error=answer.error,
        options=answer.options,
        source=source,
        line=line,
        truncated=answer.truncated,
        unusable=answer.unusable,
        value=answer.value,
    )


def _unknown_ids(
    loaded: LoadedAnswers, reference_questions: Sequence[Question], match: Callable[[Question], str | None]
) -> Iterator[Problem]:
    """Yield a problem for answers to no question of the reference, or to another question under the same id."""
    matched = {key: question for question in reference_questions if (key := match(question)) is not None}
    if loaded.answers and not matched:
        hint = "are these the answers to other questions?"
        here, there = (
            ", ".join(map(repr, ids[:3]))
            for ids in (list(loaded.answers), [question.id for question in reference_questions])
        )
        count = len(reference_questions)
        none = f"none of its {len(loaded.answers)} questions (as {here}) is among the {count} of the reference"
        yield Problem(loaded.path, f"has no question in common with the reference: {none} (as {there}); {hint}")
        return
    mixed: Counter[tuple[str, str]] = Counter()
    for key in loaded.answers:
        answered = loaded.questions.get(key)
        path, line = loaded.paths.get(key, loaded.path), loaded.lines.get(key)
        reference = matched.get(key)
        if reference is None:
            yield Problem(path, f"the question {key!r} is not in the reference", line)
        elif answered is not None and _clip_and_text(answered) != _clip_and_text(reference):
            message = f"{key!r} is another question than in line {reference.line} of the reference"
            here = f"{answered.text!r} about {answered.clip_id!r}"
            there = f"{reference.text!r} about {reference.clip_id!r}"
            yield Problem(path, f"{message}: {here} instead of {there}", line)
        elif (
            answered is not None
            and answered.dataset != reference.dataset
            and "unknown" not in (answered.dataset, reference.dataset)
        ):
            mixed[answered.dataset, reference.dataset] += 1
    for (answer_set, reference_set), count in mixed.items():
        message = f"{count} answers are about {answer_set}, their references about {reference_set}: mixed data sets"
        yield Problem(loaded.path, message)


def _collapsed(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems; those of a file after its first few become one problem that lists their lines."""
    by_path: dict[Path | str, list[Problem]] = {}
    for problem in problems:
        by_path.setdefault(problem.path, []).append(problem)
    listed = []
    for path, file_problems in by_path.items():
        listed.extend(file_problems[:_LISTED])
        lines = [problem.line for problem in file_problems[_LISTED:] if problem.line is not None]
        if len(file_problems) > _LISTED:
            where = f": {_line_list(lines)}" if lines else ""
            listed.append(Problem(path, f"{len(file_problems) - _LISTED} more rows have such problems{where}"))
    return listed


def _line_list(lines: Sequence[int]) -> str:
    """Return line numbers, runs of them as ``3-7``."""
    runs: list[list[int]] = []
    for line in sorted(lines):
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return f"{'lines' if len(lines) > 1 else 'line'} {', '.join(parts)}"


def _coverage(scored: Sequence[Pair], without: int) -> Iterator[str]:
    """Yield notes: questions that were not answered, questions without a reference, mixed data sets."""
    if without:
        yield f"{without} questions have no reference and are not scored"
    missing = [pair for pair in scored if pair.missing]
    if missing:
        for path in dict.fromkeys(pair.path for pair in missing):
            lines = [pair.question.line or 0 for pair in missing if pair.path == path]
            yield f"{len(lines)} questions of {path.name} were not answered: {_line_list(lines)}"
    datasets = Counter(pair.question.dataset for pair in scored)
    if len(datasets) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in datasets.most_common())
        yield f"the reference mixes data sets ({listed}); the scores pool them, --by dataset tells them apart"
