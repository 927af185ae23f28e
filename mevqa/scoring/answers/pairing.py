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
    Given,
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
        given = answers_of_run(run, []) if is_run(answers) else answers_of_files(answers, problems)
    else:
        assert run is not None
        files = files_of_run(run, problems) if files is None else files
        given = answers_of_run(run, files)
    problems.extend(doubled_ids(files))
    if problems:
        raise InputError(problems)
    questions = [(question, file.path) for file in files for question in file.questions]
    if run is not None and reference is None:
        questions = _planned(run, questions, given.notes)
    match = _matcher(given, files, problems)
    pairs = [_pair(question, path, match(question), given) for question, path in questions]
    problems.extend(_collapsed(_unknown_ids(given, [question for question, _ in questions], match)))
    scored = [pair for pair in pairs if pair.question.reference is not None]
    where = reference or (files[0].path if files else answers)
    if not scored and not problems:
        hint = "is it the file to answer? Name the one with the references"
        problems.append(Problem(where, f"has no answers to compare with; {hint}"))
    if problems:
        raise InputError(problems)
    notes = [*given.notes, *_coverage(scored, len(pairs) - len(scored))]
    paths = tuple(file.path for file in files)
    return Pairs(answers, paths, tuple(scored), files[0].task, tuple(notes), tuple(given.warnings))


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
    """Leave out the clips that the run was told to leave out (``--limit``)."""
    media = run.manifest.get("decides", {}).get("media", {})
    clips = {question.clip_id for question, _ in questions}
    if not media or clips <= set(media):
        return questions
    notes.append(f"the run was limited to {len(clips & set(media))} of {len(clips)} clips; only these are scored")
    return [(question, path) for question, path in questions if question.clip_id in media]


def _matcher(given: Given, files: Sequence[QuestionFile], problems: list[Problem]) -> Callable[[Question], str | None]:
    """Return the function from a question of the reference to the id under which it was answered."""
    layouts = {file.layout for file in files}
    if not given.layouts or given.layouts & layouts:
        return lambda question: question.id if question.id in given.answers else None
    asked = [(question, file.path) for file in files for question in file.questions]
    answered = [(question, given.paths.get(question.id, given.path)) for question in given.questions.values()]
    for side in (asked, answered):
        problems.extend(_ambiguous(side))
    ids = {_asked(question): question.id for question in given.questions.values()}
    given.notes.append("the layouts differ: answers are matched by clip and question text")
    return lambda question: ids.get(_asked(question))


def _asked(question: Question) -> tuple[str, str]:
    """Return what one question has in common in two files: the clip in any spelling, and the text."""
    return match_key(question.clip_id), question.text


def _ambiguous(rows: Iterable[tuple[Question, Path]]) -> Iterator[Problem]:
    """Yield the rows whose clip and text another row has."""
    first: dict[tuple[str, str], int | None] = {}
    for question, path in rows:
        key = _asked(question)
        if key in first:
            same = f"clip {question.clip_id!r} is asked the same in line {first[key]}"
            yield Problem(path, f"{same}: cannot be told apart without ids", question.line)
        else:
            first[key] = question.line


def _pair(question: Question, path: Path, key: str | None, given: Given) -> Pair:
    answer = given.answers[key] if key is not None and key in given.answers else None
    if answer is None:
        return Pair(question, path, missing=True)
    assert key is not None
    source, line = given.paths.get(key, given.path), given.lines.get(key)
    if isinstance(answer, str):
        return Pair(question, path, text=answer, source=source, line=line, truncated=key in given.truncated)
    own = given.questions.get(key)
    same = own is not None and own.text == question.text
    return _of_run(question, path, answer if same else replace(answer, value=None), source, line)


def _of_run(question: Question, path: Path, answer: Answer, source: Path, line: int | None) -> Pair:
    """Return a question with its answer of a run; what could not be read is kept to be shown."""
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


def _unknown_ids(given: Given, asked: Sequence[Question], match: Callable[[Question], str | None]) -> Iterator[Problem]:
    """Yield answers that belong to no question of the reference, or to another question under the same id."""
    matched = {key: question for question in asked if (key := match(question)) is not None}
    if given.answers and not matched:
        hint = "are these the answers to other questions?"
        here, there = (", ".join(map(repr, ids[:3])) for ids in (list(given.answers), [one.id for one in asked]))
        none = f"none of its {len(given.answers)} questions (as {here}) is among the {len(asked)} of the reference"
        yield Problem(given.path, f"has no question in common with the reference: {none} (as {there}); {hint}")
        return
    mixed: Counter[tuple[str, str]] = Counter()
    for key in given.answers:
        own = given.questions.get(key)
        path, line = given.paths.get(key, given.path), given.lines.get(key)
        other = matched.get(key)
        if other is None:
            yield Problem(path, f"the question {key!r} is not in the reference", line)
        elif own is not None and _asked(own) != _asked(other):
            message = f"{key!r} is another question than in line {other.line} of the reference"
            here, there = f"{own.text!r} about {own.clip_id!r}", f"{other.text!r} about {other.clip_id!r}"
            yield Problem(path, f"{message}: {here} instead of {there}", line)
        elif own is not None and own.dataset != other.dataset and "unknown" not in (own.dataset, other.dataset):
            mixed[own.dataset, other.dataset] += 1
    for (one, other_set), count in mixed.items():
        message = f"{count} answers are about {one}, their references about {other_set}: mixed data sets"
        yield Problem(given.path, message)


def _collapsed(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems, of many in one file the lines of all but the first few in one."""
    by_path: dict[Path | str, list[Problem]] = {}
    for problem in problems:
        by_path.setdefault(problem.path, []).append(problem)
    shown = []
    for path, found in by_path.items():
        shown.extend(found[:_LISTED])
        lines = [problem.line for problem in found[_LISTED:] if problem.line is not None]
        if len(found) > _LISTED:
            where = f": {_line_list(lines)}" if lines else ""
            shown.append(Problem(path, f"{len(found) - _LISTED} more rows have such problems{where}"))
    return shown


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
    """Say what was not answered and what cannot be scored."""
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
