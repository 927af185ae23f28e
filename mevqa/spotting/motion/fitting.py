"""Fitting a calibrator to what coders marked, and judging it on people that it has not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa import __version__
from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.spotting.annotated import Annotated
from mevqa.spotting.base import SpotOptions, SpotterFit
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.hits import Counts, count_hits, pairs
from mevqa.spotting.motion.calibration import FORMAT, Calibrator, Feature, FittedOn, Logistic, sigmoid
from mevqa.spotting.motion.detect import FAINT_MOTION, FAINT_THRESHOLD
from mevqa.spotting.motion.features import FEATURES

Array = NDArray[np.float64]

#: Penalty of the weights. Person by person, the held-out log loss on the trial videos of seeds 500 to 502 hardly
#: depends on it between 1 and 5. One calibrator for each kind was no better than one for both there (F1 .94 and .94).
_PENALTY = 5.0

#: Parts into which people are dealt to choose the threshold from probabilities that were held out too.
_PARTS = 5


#: Newton's method stops when no weight changes by more than this, or after so many steps.
_SETTLED = 1e-9
_STEPS = 100

#: A step that does not lessen the loss is halved so often at most.
_HALVINGS = 40


class NothingToFit(ValueError):
    """Candidates that say nothing: none, none that a coder marked, or none that no coder marked."""


@dataclass(frozen=True, slots=True)
class Example:
    """One annotated video and the candidates that the spotter proposes in it.

    Attributes:
        video: Its name.
        subject: Who is seen.
        coded: Expressions that a coder marked.
        candidates: Everything that the spotter proposes, however faint.
    """

    video: str
    subject: str
    coded: tuple[Event, ...]
    candidates: tuple[SpottedEvent, ...]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Counts and losses of the calibrator on people that it has not seen, all people pooled.

    Attributes:
        calibrated: Counts by kind, and of both as ``overall``.
        plain: The same of the spotter without calibrator.
        log_loss: Mean negative logarithm of the probability of what came true, natural.
        brier: Mean squared error of the probability.
        base_log_loss: The log loss of always saying the training side's share of marked candidates.
        base_brier: Its mean squared error.
        thresholds: The threshold of each fold.
    """

    calibrated: dict[str, Counts]
    plain: dict[str, Counts]
    log_loss: float
    brier: float
    base_log_loss: float
    base_brier: float
    thresholds: dict[str, float]


def faint_options(options: SpotOptions) -> SpotOptions:
    """Return options that propose everything that a calibrator is to judge."""
    return SpotOptions(
        rule=options.rule, threshold=FAINT_THRESHOLD, least_motion=FAINT_MOTION, features=options.features
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """All candidates in rows.

    Attributes:
        x: [rows, features].
        marked: [rows] whether a coder marked it, whatever the kind.
        hit: [rows] whether of the same kind too.
        subject: [rows].
        coded: Number of expressions by subject.
    """

    x: Array
    marked: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    subject: NDArray[np.str_]
    coded: dict[str, int]

    def of(self, subjects: set[str]) -> _Table:
        """Return the rows of some people."""
        rows = np.isin(self.subject, sorted(subjects))
        coded = {subject: count for subject, count in self.coded.items() if subject in subjects}
        return _Table(self.x[rows], self.marked[rows], self.hit[rows], self.subject[rows], coded)


def leave_one_subject_out(examples: Sequence[Example]) -> HeldOut:
    """Judge every person's videos by a calibrator and a threshold that were chosen without that person.

    Raises:
        NothingToFit: Fewer than two people, or a fold without marked or without unmarked candidates.
    """
    table = _tabulate(examples)
    people = sorted(table.coded)
    if len(people) < 2:
        raise NothingToFit("leave-one-subject-out needs two subjects at least")
    probabilities, base = np.zeros(len(table.x)), np.zeros(len(table.x))
    thresholds = {}
    for person in people:
        training = table.of(set(people) - {person})
        held_out = table.subject == person
        assert person not in set(training.subject) | set(training.coded), f"{person} is on both sides of the split"
        try:
            model = _fit(training)
            thresholds[person] = _threshold(training)
        except NothingToFit as error:
            raise NothingToFit(f"without subject {person} {error}") from error
        probabilities[held_out] = model.probabilities(table.x[held_out])
        base[held_out] = training.marked.mean()
    per_video = np.split(probabilities, np.cumsum([len(example.candidates) for example in examples])[:-1])
    coded = [example.coded for example in examples]
    calibrated = [
        [
            (event, p)
            for event, p in zip(example.candidates, video_probabilities, strict=True)
            if p >= thresholds[example.subject]
        ]
        for example, video_probabilities in zip(examples, per_video, strict=True)
    ]
    plain = [[(event, event.score) for event in example.candidates if event.clear] for example in examples]
    loss, brier = _losses(probabilities, table.marked)
    base_loss, base_brier = _losses(base, table.marked)
    return HeldOut(
        calibrated=count_hits(list(zip(coded, calibrated, strict=True))),
        plain=count_hits(list(zip(coded, plain, strict=True))),
        log_loss=loss,
        brier=brier,
        base_log_loss=base_loss,
        base_brier=base_brier,
        thresholds=thresholds,
    )


def fit_and_judge(annotated: Annotated, examples: Sequence[Example]) -> SpotterFit:
    """Fit a calibrator to all examples, and judge each subject by a calibrator of the others.

    Args:
        annotated: Where the examples come from.
        examples: What is proposed in each video.

    Raises:
        InputError: There is nothing to fit to.
    """
    digest = hashlib.sha256(annotated.source.read_bytes()).hexdigest()
    try:
        held_out = leave_one_subject_out(examples)
        calibrator = fit_calibrator(examples, annotated.source.name, digest, annotated.dataset)
    except NothingToFit as error:
        raise InputError([Problem(annotated.source, str(error))]) from error
    on = calibrator.fitted_on
    least, most = min(held_out.thresholds.values()), max(held_out.thresholds.values())
    return SpotterFit(
        calibrator,
        on.subjects,
        {"without calibrator": held_out.plain, "calibrated": held_out.calibrated},
        about=(
            f"{on.videos} videos of {on.subjects} subjects, {on.events} expressions; {on.candidates} candidates, "
            f"{on.marked} of them marked by a coder",
            "each subject judged by a calibrator and a threshold of the others, all pooled; hits at IoU 0.5",
        ),
        notes=(
            f"probabilities of held-out candidates: log loss {held_out.log_loss:.3f}, Brier {held_out.brier:.3f}; "
            f"of the share that is marked: {held_out.base_log_loss:.3f}, {held_out.base_brier:.3f}",
            f"thresholds of the folds {least:.2f} to {most:.2f}; of all subjects {calibrator.threshold:.2f}",
        ),
    )


def fit_calibrator(examples: Sequence[Example], source: str, sha256: str, dataset: str | None) -> Calibrator:
    """Fit a calibrator to all examples.

    Args:
        examples: Annotated videos.
        source: Name of the file of annotations.
        sha256: Its hash.
        dataset: The data set, where the user named one.

    Raises:
        NothingToFit: No candidates, or all or none of them marked.
    """
    table = _tabulate(examples)
    model = _fit(table)
    numbers = zip(FEATURES, model.means.tolist(), model.scales.tolist(), model.weights.tolist(), strict=True)
    return Calibrator(
        format=FORMAT,
        mevqa=__version__,
        threshold=_threshold(table),
        least_strength=FAINT_THRESHOLD,
        least_motion=FAINT_MOTION,
        intercept=model.intercept,
        features=tuple(Feature(name=n, mean=m, scale=s, weight=w) for n, m, s, w in numbers),
        fitted_on=FittedOn(
            source=source,
            sha256=sha256,
            dataset=dataset,
            videos=len(examples),
            subjects=len(table.coded),
            events=sum(table.coded.values()),
            candidates=len(table.x),
            marked=int(table.marked.sum()),
        ),
    )


def _tabulate(examples: Sequence[Example]) -> _Table:
    """Put the candidates of all videos into one table, in their order."""
    x, marked, hit, subject = [], [], [], []
    coded: dict[str, int] = {}
    for example in examples:
        coded[example.subject] = coded.get(example.subject, 0) + len(example.coded)
        mates = dict(pairs(example.candidates, example.coded, np.zeros(len(example.candidates)), "hungarian"))
        for row, event in enumerate(example.candidates):
            x.append([event.features[name] for name in FEATURES])
            marked.append(row in mates)
            hit.append(row in mates and example.coded[mates[row]].kind == event.kind)
            subject.append(example.subject)
    return _Table(
        np.array(x, dtype=np.float64).reshape(-1, len(FEATURES)),
        np.array(marked, dtype=bool),
        np.array(hit, dtype=bool),
        np.array(subject, dtype=np.str_),
        coded,
    )


def _fit(table: _Table) -> Logistic:
    if not table.marked.any():
        raise NothingToFit(f"none of {len(table.x)} candidates overlaps an annotated expression by half")
    if table.marked.all():
        raise NothingToFit(f"all {len(table.x)} candidates are annotated expressions: there is nothing to tell apart")
    return fit_logistic(table.x, table.marked, _PENALTY)


def _threshold(table: _Table) -> float:
    """Return the probability from which candidates should be believed for the best F1 of both kinds together.

    People are dealt into parts, and each is judged by a model of the others: a model is too sure of what it has seen.
    """
    people = sorted(table.coded)
    judged = np.zeros(len(table.x))
    parts = min(_PARTS, len(people))
    for part in range(parts):
        others = {person for index, person in enumerate(people) if index % parts != part}
        held_out = ~np.isin(table.subject, sorted(others))
        training = table.of(others)
        # One person alone, or only clear cases: then the model of all of them has to do.
        usable = training.marked.any() and not training.marked.all()
        judged[held_out] = _fit(training if usable else table).probabilities(table.x[held_out])
    return best_threshold(judged, table.hit, sum(table.coded.values()))


def best_threshold(probabilities: Array, hit: NDArray[np.bool_], references: int) -> float:
    """Return the threshold of the largest F1; of those that lose one hit of it at most the one nearest to one half.

    Over a wide range F1 changes by single candidates, and which of them is best is chance.

    Args:
        probabilities: [rows] of the candidates.
        hit: [rows] whether each is a hit if it is believed.
        references: What coders marked, found or not.
    """
    order = np.argsort(-probabilities, kind="stable")
    sorted_p = probabilities[order]
    hits, believed = np.cumsum(hit[order]), np.arange(1, len(order) + 1)
    # Candidates of one probability are believed together: a threshold lies between two different ones.
    last = np.append(sorted_p[:-1] > sorted_p[1:], True)
    below = np.append(sorted_p[1:], 0.0)
    f1 = 2 * hits / (references + believed)
    best = int(np.where(last, f1, -1.0).argmax())
    enough = 2 * (hits[best] - 1) / (references + believed[best])
    good = last & (f1 >= max(enough, 1e-12))
    if not good.any():
        return 0.5
    choices = [
        float(np.clip(0.5, (low + high) / 2, high)) for low, high in zip(below[good], sorted_p[good], strict=True)
    ]
    return min(choices, key=lambda threshold: abs(threshold - 0.5))


def _losses(probabilities: Array, marked: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean log loss and the mean squared error."""
    right = np.clip(np.where(marked, probabilities, 1 - probabilities), 1e-12, 1.0)
    return float(-np.log(right).mean()), float(((probabilities - marked) ** 2).mean())


def fit_logistic(x: Array, y: NDArray[np.bool_], penalty: float) -> Logistic:
    """Fit by Newton's method (iteratively reweighted least squares).

    The minimum of sum(log loss) + penalty / 2 * |weights|^2 over standardised features; the intercept is free.

    Args:
        x: [rows, features].
        y: [rows] what came true.
        penalty: Above 0, so that there is one minimum even where the rows can be told apart without error.

    Raises:
        ValueError: No rows, or all of one class.
    """
    if not len(y) or y.all() or not y.any():
        raise ValueError("both classes are needed")
    means, deviations = x.mean(axis=0), x.std(axis=0)
    scales = np.where(deviations > 1e-12, deviations, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - means) / scales])
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 0.0
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(y.mean() / (1 - y.mean()))
    loss = _loss(design, y, weights, ridge)
    for _ in range(_STEPS):
        expected = sigmoid(design @ weights)
        gradient = design.T @ (expected - y) + ridge * weights
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        for _ in range(_HALVINGS):
            tried = _loss(design, y, weights - step, ridge)
            if tried <= loss:
                break
            step = step / 2
        weights, loss = weights - step, min(tried, loss)
        if np.abs(step).max() < _SETTLED:
            break
    return Logistic(means, scales, weights[1:], float(weights[0]))


def _loss(design: Array, y: NDArray[np.bool_], weights: Array, ridge: Array) -> float:
    log_odds = design @ weights
    return float(np.logaddexp(0.0, np.where(y, -log_odds, log_odds)).sum() + 0.5 * (ridge * weights**2).sum())
