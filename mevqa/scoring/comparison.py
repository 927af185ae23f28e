"""Whether two runs on the same questions differ: a paired bootstrap over subjects.

Both runs are measured on the same draws, so that how hard the drawn subjects are cancels out. Source: Koehn,
Statistical Significance Tests for Machine Translation Evaluation, EMNLP 2004 (paired bootstrap resampling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.scoring.answers.items import Item, make_items
from mevqa.scoring.answers.pairing import read_pairs
from mevqa.scoring.answers.parts import tally_items
from mevqa.scoring.answers.presets import answer_preset
from mevqa.scoring.answers.score import DEFAULT_PRESETS, score_items, with_chosen
from mevqa.scoring.metrics.bootstrap import DRAWS, Draws, resample, two_sided_p
from mevqa.scoring.result import ScoreResult

#: Numbers that do not depend on the answers.
_BASELINES = (".majority", ".chance", ".majority_f1", ".median_mae", ".bleu_ceiling")


def compare_answers(
    first: Path,
    second: Path,
    reference: Path | None = None,
    *,
    preset: str | None = None,
    changes: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Compare two runs or files of answers to the same questions.

    Args:
        first: The one that is compared with; see ``score_answers``.
        second: The other one.
        reference: A question file with answers; None for those of the runs.
        preset: Name of the preset; by default that of the task of 2026.
        changes: Switches of the preset that are set otherwise, ``NAME=VALUE``.
        draws: Bootstrap draws.
        seed: Of the bootstrap.

    Returns:
        ``metrics`` are the differences, second less first, with their intervals; ``details["p"]`` their p-values and
        ``groups["answers"]`` the scores of ``first`` and ``second``.

    Raises:
        InputError: What is wrong with either, or they did not answer the same questions.
    """
    problems: list[Problem] = []
    read = []
    for path in (first, second):
        try:
            read.append(read_pairs(path, reference))
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise InputError(problems)
    name = preset or DEFAULT_PRESETS[read[0].task]
    switches = answer_preset(name, changes)
    one, two = (make_items(pairs.pairs, switches) for pairs in read)
    two = _in_order(one, two, first, second)
    results = [
        score_items(items, switches, preset=name, draws=draws, seed=seed, pairs=pairs)
        for items, pairs in zip((one, two), read, strict=True)
    ]
    protocol = {**results[0].protocol, "paired": True, "answers_from": [str(first), str(second)]}
    notes = [f"{path}: {note}" for path, r in zip((first, second), results, strict=True) for note in r.notes]
    keys = [key for key in results[0].metrics if key in results[1].metrics and not key.endswith(_BASELINES)]
    compared = ScoreResult(
        metrics={key: results[1].metrics[key] - results[0].metrics[key] for key in keys},
        protocol=protocol,
        counts=results[0].counts,
        notes=notes,
        groups={"answers": {"first": results[0], "second": results[1]}},
    )
    if not draws or len({item.unit for item in one}) < 2:
        return compared
    drawn = [resample(tally_items(items, switches), draws, seed).values for items in (one, two)]
    values = with_chosen({key: drawn[1][key] - drawn[0][key] for key in drawn[0] if key in drawn[1]}, switches)
    bounds = {key: Draws(values).interval(key) for key in keys if key in values}
    intervals = {key: interval for key, interval in bounds.items() if interval is not None}
    p = {key: two_sided_p(values[key]) for key in intervals}
    return replace(compared, intervals=intervals, details={"p": p})


def _in_order(one: Sequence[Item], two: Sequence[Item], first: Path, second: Path) -> list[Item]:
    """Return the second items in the order of the first.

    Raises:
        InputError: They are not the same questions with the same references.
    """
    places = {(item.question.clip_id, item.question.id, item.question.text): item for item in two}
    keys = [(item.question.clip_id, item.question.id, item.question.text) for item in one]
    lacking = [key for key in keys if key not in places]
    more = len(places.keys() - set(keys))
    if lacking or more:
        message = f"answered other questions than {first}: {len(lacking)} are missing and {more} more are there"
        raise InputError([Problem(second, f"{message}; name a reference that both answered")])
    return [places[key] for key in keys]
