"""Several runs fused into one, as ``mevqa ensemble`` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from mevqa.api.evaluation.run import Run
from mevqa.api.paths import AnyPath
from mevqa.ensembles.agreement import agreement
from mevqa.ensembles.answering import answer_by_votes
from mevqa.ensembles.fusing import METHODS, Method
from mevqa.ensembles.members import Member, read_members, unfinished
from mevqa.ensembles.temperatures import Calibration, calibrate
from mevqa.ensembles.weights import OutOfFoldAnswers, subject_notes
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.inference.runs import start_run
from mevqa.inference.trained_on import TRAINED_ON
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import asks_long_video, question_type
from mevqa.questions.values import answer_value
from mevqa.scoring.answers.presets import answer_preset
from mevqa.scoring.answers.score import DEFAULT_PRESETS, score_answers, score_run
from mevqa.scoring.catalogue import lower_is_better, main_numbers
from mevqa.scoring.comparison import compare_answers
from mevqa.scoring.metrics.bootstrap import DRAWS
from mevqa.scoring.result import ScoreResult
from mevqa.types import Answer, Question

Weights = Literal["equal", "oof"]
WEIGHTS: tuple[Weights, ...] = ("equal", "oof")


@dataclass(frozen=True, slots=True)
class Ensemble:
    """An ensemble and, where the references are known, its scores beside those of its runs.

    Attributes:
        run: The run folder of the ensemble.
        members: Scores of each run by its name; empty without references.
        best: Name of the run whose main numbers are best on average; chosen on these answers, so that it is flattered.
        scores: Of the ensemble.
        oracle: Of always taking the best answer that any run gave: what no choice among them exceeds.
        difference: The ensemble less the best run, paired over subjects.
        weights: Of each run by question type, from all subjects.
        temperatures: Of option probabilities by question type, the mean over subjects.
        calibration_errors: By question type, the expected calibration error of the fused answers whose references are
            known, at temperature 1 and at the temperature that was learned for each from other subjects.
        notes: What a reader must know.
    """

    run: Run
    members: Mapping[str, ScoreResult] = field(default_factory=dict)
    best: str | None = None
    scores: ScoreResult | None = None
    oracle: ScoreResult | None = None
    difference: ScoreResult | None = None
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    temperatures: Mapping[str, float] = field(default_factory=dict)
    calibration_errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@errors_name_parameters
def ensemble(
    runs: Sequence[AnyPath],
    out: AnyPath,
    *,
    method: Method = "mean",
    weights: Weights = "equal",
    oof: Sequence[AnyPath] = (),
    consistency: bool = True,
    preset: str | None = None,
    draws: int = DRAWS,
) -> Ensemble:
    """Fuse several runs on the same questions into one run, which scores, reports and submits like any other.

    Args:
        runs: Run folders, two or more.
        out: Folder of the ensemble's run.
        method: How option probabilities are fused: ``mean`` of log-probabilities, ``rank``, or ``vote`` of the answers.
        weights: ``equal``, or ``oof``: by the grades of out-of-fold answers, for each subject those of the others.
        oof: Runs of the same models, in the same order, on questions whose answers are known, answered by networks
            that had not seen the subject (``mevqa loso``); empty: the runs themselves, where references are known.
        consistency: Decide the answers about a clip together, as ``mevqa.evaluate`` does.
        preset: Preset of the scores; None for that of the task.
        draws: Bootstrap draws of the scores; 0 for no intervals.

    Raises:
        InputError: Runs that do not fit together, lack option probabilities that the method needs, or ``out`` holds
            something else.
    """
    for name, value, choices in (("--method", method, METHODS), ("--weights", weights, WEIGHTS)):
        if value not in choices:
            raise InputError([Problem(name, f"is {' or '.join(choices)}, not {value!r}")])
    if preset is not None:
        answer_preset(preset)
    members, graded = _read(runs, oof, method, weights)
    path = Path(out)
    if any(member.run.path.resolve() == path.resolve() for member in (*members, *graded)):
        raise InputError([Problem("--out", f"{path} is one of the runs: name a new folder")])
    questions = members[0].questions
    graded_questions = _graded_questions(graded)
    out_of_fold = OutOfFoldAnswers(graded, graded_questions, method, weights == "oof")
    calibration = calibrate(out_of_fold, questions)
    answers = answer_by_votes(
        questions,
        lambda question: out_of_fold.votes(question, members),
        method,
        calibration.temperatures,
        consistency=consistency,
    )
    result = Ensemble(
        Run(path, {}, {answer.question_id: answer for answer in answers}, questions=questions),
        weights={
            kind: _by_name(members, out_of_fold.overall(kind)) for kind in dict.fromkeys(q.type for q in questions)
        },
        temperatures=_mean_temperatures(calibration),
        calibration_errors=calibration.errors,
        notes=(
            *unfinished(members),
            *(unfinished(graded) if oof else ()),
            *(subject_notes(graded_questions) if weights == "oof" or calibration.errors else ()),
        ),
    )
    facts = {key: value for key, value in members[0].run.manifest.items() if key not in ("format", "decides", "reader")}
    if trained_clips := dict.fromkeys(clip for member in members for clip in member.run.manifest.get(TRAINED_ON, ())):
        facts[TRAINED_ON] = list(trained_clips)
    fingerprint = _fingerprint(members, graded if oof else (), method, weights, consistency)
    with start_run(path, fingerprint, {**facts, "learned": _learned(result)}) as writer:
        writer.append(answer for answer in answers if answer.question_id not in writer.answers)
    result.run.manifest = writer.manifest
    return result if all(q.reference is None for q in questions) else _with_scores(result, members, preset, draws)


def _read(
    runs: Sequence[AnyPath], oof: Sequence[AnyPath], method: Method, weights: Weights
) -> tuple[list[Member], list[Member]]:
    """Return the runs that are fused and those that weights are learned from.

    Raises:
        InputError: They do not fit together, or lack what the method needs.
    """
    members = read_members([Path(path) for path in runs])
    graded = read_members([Path(path) for path in oof], "--oof") if oof else members
    if len(graded) != len(members):
        raise InputError([Problem("--oof", f"names {len(graded)} runs for {len(members)}: one for each, in order")])
    problems: list[Problem] = []
    for group in [members, graded] if oof else [members]:
        for member in group:
            problems += _missing_options(member, method)
            problems += _other_options(group[0], member, method)
    if weights == "oof" and all(question.reference is None for question in graded[0].questions):
        message = "the questions have no answers to learn weights from: name out-of-fold runs (--oof RUN RUN ...)"
        problems.append(Problem("--weighting oof", message))
    if problems:
        raise InputError(problems)
    return members, graded


def _graded_questions(graded: Sequence[Member]) -> list[Question]:
    """Return the questions with a reference that every run answered: a run that lacks one is not worse for it."""
    with_reference = [question for question in graded[0].questions if question.reference is not None]
    return [question for question in with_reference if all(question.id in member.run.answers for member in graded)]


def _missing_options(member: Member, method: Method) -> list[Problem]:
    """Return the problem of a run without the option probabilities that a method needs."""
    if method == "vote":
        return []
    closed = [question for question in member.questions if question_type(question.type).metric == "classes"]
    without_options = [
        question for question in closed if (answer := member.answer(question)) is not None and not answer.options
    ]
    if not without_options:
        return []
    first = without_options[0].id
    message = f"{len(without_options)} answers to closed questions have no option probabilities (first {first!r})"
    return [Problem(member.run.path, f"{message}: fuse the answers themselves with --method vote")]


def _other_options(first: Member, other: Member, method: Method) -> list[Problem]:
    """Return the problem of a run that chose among other options than the first."""
    differing = []
    for question in first.questions if method != "vote" else ():
        first_options, other_options = (
            answer.options if (answer := run.answer(question)) else None for run in (first, other)
        )
        if first_options and other_options and first_options.keys() != other_options.keys():
            differing.append(question.id)
    if not differing:
        return []
    message = f"chose among other options than {first.run.path} in {len(differing)} questions (first {differing[0]!r})"
    return [Problem(other.run.path, f"{message}: fuse the answers themselves with --method vote")]


def _fingerprint(
    members: Sequence[Member], graded: Sequence[Member], method: Method, weights: Weights, consistency: bool
) -> dict[str, Any]:
    """Return the fingerprint of an ensemble; questions, annotations and media are those of the first run."""
    of_first = members[0].run.manifest.get("decides", {})
    name = f"ensemble of {', '.join(member.name for member in members)}"
    return {
        **{key: of_first[key] for key in ("questions", "annotations", "media") if key in of_first},
        "model": {"name": name, "revision": None},
        "consistency": consistency,
        "ensemble": {
            "method": method,
            "weights": weights,
            "members": [_member_record(member) for member in members],
            "oof": [_member_record(member) for member in graded],
        },
    }


def _member_record(member: Member) -> dict[str, Any]:
    """Return name, model and digest of the answers of a run."""
    fingerprint = member.run.manifest.get("decides", {})
    answers = {name: [answer.text, answer.options] for name, answer in sorted(member.run.answers.items())}
    digest = hashlib.blake2b(json.dumps(answers, sort_keys=True).encode(), digest_size=16).hexdigest()
    return {"name": member.name, "model": fingerprint.get("model"), "answers": digest}


def _mean_temperatures(calibration: Calibration) -> dict[str, float]:
    """Return the temperature of each question type, the mean over subjects."""
    by_kind: dict[str, list[float]] = {}
    for (kind, _), temperature in calibration.temperatures.items():
        by_kind.setdefault(kind, []).append(temperature)
    return {kind: mean(temperatures) for kind, temperatures in by_kind.items()}


def _learned(result: Ensemble) -> dict[str, Any]:
    """Return the weights, temperatures and calibration errors that were learned of the runs, for the manifest."""
    errors = {kind: {"before": before, "after": after} for kind, (before, after) in result.calibration_errors.items()}
    return {"weights": result.weights, "temperatures": result.temperatures, "ece": errors}


def _with_scores(result: Ensemble, members: Sequence[Member], preset: str | None, draws: int) -> Ensemble:
    """Return an ensemble with its scores and those of its runs."""
    scores = {member.name: score_answers(member.run.path, preset=preset, draws=draws) for member in members}
    best = max(scores, key=lambda name: _mean_number(scores[name]))
    questions = result.run.questions
    name = preset or DEFAULT_PRESETS["lvqa" if any(map(asks_long_video, questions)) else "vqa"]
    oracle = {question.id: _best_answer(question, members) for question in questions}
    path = next(member.run.path for member in members if member.name == best)
    difference = compare_answers(path, result.run.path, preset=preset, draws=draws)
    return replace(
        result,
        members=scores,
        best=best,
        scores=difference.groups["answers"]["second"],
        oracle=score_run(questions, {key: answer for key, answer in oracle.items() if answer is not None}, preset=name),
        difference=difference,
    )


def _best_answer(question: Question, members: Sequence[Member]) -> Answer | None:
    """Return the answer of any run that is the best one."""
    truth = read_answer(question, question.reference or "").value
    answers = [answer for member in members if (answer := member.answer(question)) is not None]
    return max(answers, key=lambda answer: agreement(answer_value(question, answer), truth), default=None)


def _mean_number(scores: ScoreResult) -> float:
    """Return the mean of the main numbers of which higher ones are better."""
    keys = [key for key in main_numbers("suites") if key in scores.metrics and not lower_is_better(key)]
    return mean(scores.metrics[key] for key in keys) if keys else 0.0


def _by_name(members: Sequence[Member], weights: Sequence[float]) -> dict[str, float]:
    return {member.name: weight for member, weight in zip(members, weights, strict=True)}
