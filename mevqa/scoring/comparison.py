"""Paired comparison of two runs on the same questions: a bootstrap over subjects.

Both runs are measured on the same draws, so that how hard the drawn subjects are cancels out. Source: Koehn,
Statistical Significance Tests for Machine Translation Evaluation, EMNLP 2004 (paired bootstrap resampling).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.scoring.answers.items import Item, make_items
from mevqa.scoring.answers.pairing import read_pairs
from mevqa.scoring.answers.parts import tally_items
from mevqa.scoring.answers.presets import Switches, answer_preset
from mevqa.scoring.answers.score import DEFAULT_PRESETS, score_items, with_chosen
from mevqa.scoring.metrics.bootstrap import DRAWS, Draws, resample
from mevqa.scoring.paired import paired_difference
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
    loaded = []
    for path in (first, second):
        try:
            loaded.append(read_pairs(path, reference))
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise InputError(problems)
    name = preset or DEFAULT_PRESETS[loaded[0].task]
    switches = answer_preset(name, changes)
    first_items, second_items = (make_items(pairs.pairs, switches) for pairs in loaded)
    second_items = _in_order(first_items, second_items, first, second)
    results = [
        score_items(items, switches, preset=name, draws=draws, seed=seed, pairs=pairs)
        for items, pairs in zip((first_items, second_items), loaded, strict=True)
    ]
    metrics = results[0].metrics, results[1].metrics
    keys = [key for key in metrics[0] if key in metrics[1] and not key.endswith(_BASELINES)]
    drawn = None
    if draws and len({item.unit for item in first_items}) > 1:
        drawn = _drawn(first_items, switches, draws, seed), _drawn(second_items, switches, draws, seed)
    protocol = {"answers_from": [str(first), str(second)]}
    return paired_difference((first, second), (results[0], results[1]), metrics, keys, drawn, protocol)


def _drawn(items: Sequence[Item], switches: Switches, draws: int, seed: int) -> Draws:
    return with_chosen(resample(tally_items(items, switches), draws, seed), switches)


def _in_order(first_items: Sequence[Item], second_items: Sequence[Item], first: Path, second: Path) -> list[Item]:
    """Return the second items in the order of the first.

    Raises:
        InputError: They are not the same questions with the same references.
    """
    places = {(item.question.clip_id, item.question.id, item.question.text): item for item in second_items}
    keys = [(item.question.clip_id, item.question.id, item.question.text) for item in first_items]
    missing = [key for key in keys if key not in places]
    more = len(places.keys() - set(keys))
    if missing or more:
        message = f"answered other questions than {first}: {len(missing)} are missing and {more} more are there"
        raise InputError([Problem(second, f"{message}; name a reference that both answered")])
    return [places[key] for key in keys]
