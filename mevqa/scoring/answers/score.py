"""Score answers to questions: every metric of short and long video, its interval, and what decided it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mevqa.errors import InputError, Problem
from mevqa.names import spelling_notes
from mevqa.questions.question_types import question_types
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.safe_text import portable
from mevqa.scoring.answers.items import Item, make_items
from mevqa.scoring.answers.pairing import Pairs, pair_answer, read_pairs
from mevqa.scoring.answers.parts import labels_of, tally_items, text_rows, with_options
from mevqa.scoring.answers.presets import Switches, answer_preset
from mevqa.scoring.metrics.bootstrap import DRAWS, intervals, resample
from mevqa.scoring.metrics.calibration import reliability
from mevqa.scoring.metrics.classification import NO_ANSWER
from mevqa.scoring.metrics.text import bleu_ceiling
from mevqa.scoring.result import ScoreResult
from mevqa.types import Answer, Question

#: How the answers can be told apart by ``--by``.
GROUPINGS: dict[str, Callable[[Item], str]] = {
    "dataset": lambda item: item.question.dataset,
    "subject": lambda item: "/".join(item.unit),
    "type": lambda item: item.question.type,
}
#: The preset of each task, when none is named.
DEFAULT_PRESETS = {"vqa": "megc2026-vqa", "lvqa": "megc2026-lvqa"}
_FAULTS = ("missing", "failed", *UNUSABLE_MEANING)
_LONGEST_TEXT = 200
#: Below this many subjects or clips an interval says little.
_FEW_UNITS = 10

_Number = TypeVar("_Number")


def score_answers(
    answers: Path,
    reference: Path | None = None,
    *,
    preset: str | None = None,
    changes: Sequence[str] = (),
    by: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreResult:
    """Score a run or a file of answers.

    Args:
        answers: A run folder, a file of answers in either official layout, or a folder of such files.
        reference: A question file with answers; None for those of the run.
        preset: Name of the preset; by default that of the task of 2026.
        changes: Switches of the preset that are set otherwise, ``NAME=VALUE``.
        by: Parts to score besides: ``dataset``, ``subject``, ``type``.
        draws: Bootstrap draws; 0 for no intervals.
        seed: Of the bootstrap.

    Raises:
        InputError: Everything that is wrong with the input, with lines.
    """
    unknown = [name for name in by if name not in GROUPINGS]
    if unknown:
        message = f"answers are told apart by {', '.join(GROUPINGS)}, not by {', '.join(unknown)}"
        raise InputError([Problem("--by", message)])
    pairs = read_pairs(answers, reference)
    name = preset or DEFAULT_PRESETS[pairs.task]
    switches = answer_preset(name, changes)
    items = make_items(pairs.pairs, switches)
    return score_items(items, switches, preset=name, by=by, draws=draws, seed=seed, pairs=pairs)


def score_run(
    questions: Iterable[Question],
    answers: Mapping[str, Answer],
    *,
    preset: str = "megc2026-vqa",
    draws: int = 0,
    log: Path = Path(),
) -> ScoreResult | None:
    """Score answers that are at hand; None when no question has a reference.

    Args:
        questions: The questions of a run; those without reference are left out.
        answers: By question id.
        preset: Name of the preset.
        draws: Bootstrap draws.
        log: Where the answers stand, for messages.

    Raises:
        InputError: An answer's probabilities are none.
    """
    switches = answer_preset(preset)
    pairs = [pair_answer(question, answers, log) for question in questions if question.reference is not None]
    return score_items(make_items(pairs, switches), switches, preset=preset, draws=draws) if pairs else None


def score_items(
    items: Sequence[Item],
    switches: Switches,
    *,
    preset: str = "",
    by: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
    pairs: Pairs | None = None,
) -> ScoreResult:
    """Score questions that were read already.

    Args:
        items: The questions, at least one.
        switches: What decides the scores.
        preset: Name of the preset, for the record.
        by: Parts to score besides, names of ``GROUPINGS``.
        draws: Bootstrap draws; 0 for no intervals.
        seed: Of the bootstrap.
        pairs: Where the items come from, for the record.

    Raises:
        ValueError: There is no item.
    """
    if not items:
        raise ValueError("no question to score")
    tallies = tally_items(items, switches)
    metrics = {key: value for tally in tallies for key, value in tally.metrics.items()}
    bounds: dict[str, tuple[float, float]] = {}
    if draws and tallies and len({item.unit for item in items}) > 1:
        bounds = intervals(resample(tallies, draws, seed), metrics)
    metrics = with_chosen(metrics, switches)
    metrics.update(_ceiling(items, switches))
    groups = {name: _grouped(items, switches, name, draws, seed) for name in by}
    return ScoreResult(
        metrics=metrics,
        intervals=with_chosen(bounds, switches),
        protocol=_protocol(items, switches, preset, draws, seed, pairs),
        counts=count_items(items),
        notes=[*(pairs.notes if pairs is not None else ()), *_notes(items, metrics, switches, draws)],
        warnings=list(pairs.warnings) if pairs is not None else [],
        groups=groups,
        details=_details(items),
    )


def with_chosen(numbers: Mapping[str, _Number], switches: Switches) -> dict[str, _Number]:
    """Return the numbers with ``text.bleu``, ``text.rouge1`` and those of summaries: what the preset means."""
    prefix = "text" if switches.rows == "all" else "text_open"
    chosen = {
        "text.bleu": f"{prefix}.{switches.bleu}_bleu",
        "text.rouge1": f"{prefix}.rouge1_{switches.rouge}",
        "summary.bleu": f"summary.{switches.bleu}_bleu",
        "summary.rouge1": f"summary.rouge1_{switches.rouge}",
    }
    return {**numbers, **{key: numbers[source] for key, source in chosen.items() if source in numbers}}


def count_items(items: Sequence[Item]) -> dict[str, int]:
    """Return the numbers of questions, clips and subjects, and of questions without a usable answer by reason."""
    counts = {"questions": len(items), "clips": len({(i.question.dataset, i.question.clip_id) for i in items})}
    subjects = {item.unit for item in items if item.by_subject}
    if subjects:
        counts["subjects"] = len(subjects)
    faults = Counter(item.fault for item in items if item.fault is not None)
    counts["unusable"] = sum(faults.values())
    counts.update({fault: faults[fault] for fault in _FAULTS})
    for definition in question_types():
        type_items = [item for item in items if item.question.type == definition.name]
        if type_items:
            prefix = definition.key
            counts[f"{prefix}.questions"] = counts.get(f"{prefix}.questions", 0) + len(type_items)
            unusable = sum(item.fault is not None for item in type_items)
            counts[f"{prefix}.unusable"] = counts.get(f"{prefix}.unusable", 0) + unusable
    return counts


def _ceiling(items: Sequence[Item], switches: Switches) -> dict[str, float]:
    """Return the BLEU that the references themselves would get as answers."""
    rows = text_rows([(0, item) for item in items], open_only=switches.rows == "open")
    texts = [item.question.reference or "" for _, item in rows]
    return {"text.bleu_ceiling": bleu_ceiling(texts, switches.bleu)} if texts else {}


def _grouped(items: Sequence[Item], switches: Switches, by: str, draws: int, seed: int) -> dict[str, ScoreResult]:
    """Score each part by itself."""
    parts: dict[str, list[Item]] = {}
    for item in items:
        parts.setdefault(GROUPINGS[by](item), []).append(item)
    return {name: score_items(parts[name], switches, draws=draws, seed=seed) for name in sorted(parts)}


def _protocol(
    items: Sequence[Item], switches: Switches, preset: str, draws: int, seed: int, pairs: Pairs | None
) -> dict[str, Any]:
    """Return every switch, and how the intervals were made."""
    protocol: dict[str, Any] = {"preset": preset, **switches.as_protocol()} if preset else dict(switches.as_protocol())
    known = {item.by_subject for item in items}
    unit = "subject, or clip where it is unknown" if len(known) > 1 else "subject" if True in known else "clip"
    protocol |= {"resampled": unit, "draws": draws, "seed": seed, "level": 0.95}
    if pairs is not None:
        sources = {"answers_from": str(pairs.answers), "references_from": [str(path) for path in pairs.references]}
        protocol |= portable(sources)
    return protocol


def _notes(items: Sequence[Item], metrics: Mapping[str, float], switches: Switches, draws: int) -> Iterable[str]:
    """Yield notes on numbers that are easily misread."""
    if switches.missing == "skip" and (missing := sum(item.fault == "missing" for item in items)):
        yield f"{missing} missing answers are left out of the classes (missing=skip): not comparable with other presets"
    for definition in question_types():
        if definition.metric != "count":
            continue
        prefix = definition.key
        type_items = [item for item in items if item.question.type == definition.name]
        lost = sum(item.value is None for item in type_items)
        if lost and switches.count == "omit":
            left = (
                "no error is given"
                if lost == len(type_items)
                else f"the errors are of the other {len(type_items) - lost}"
            )
            yield f"{prefix}: {lost} of {len(type_items)} answers hold no number; {left} (--strict scores them as 0)"
        elif lost:
            yield f"{prefix}: {lost} of {len(type_items)} answers hold no number and are scored as 0 (count=zero)"
    ceiling = metrics.get("text.bleu_ceiling", 1.0)
    if ceiling < 0.995:
        yield f"the references themselves reach a BLEU of {ceiling:.3f}: it counts missing 4-grams of short answers"
    yield from spelling_notes((item.question.dataset, item.question.subject) for item in items)
    units = len({item.unit for item in items})
    if draws and units == 1:
        yield "one subject or clip only: no intervals"
    elif draws and units < _FEW_UNITS:
        yield f"{units} subjects or clips only: the intervals are rough"


def _details(items: Sequence[Item]) -> dict[str, Any]:
    """Return confusion matrices, reliability bins and every unusable answer."""
    details: dict[str, Any] = {"confusion": {}, "reliability": {}}
    for definition in question_types():
        type_items = [item for item in items if item.question.type == definition.name]
        if not type_items or definition.metric != "classes":
            continue
        details["confusion"][definition.key] = _confusion(type_items)
        if sure := [item for _, item in with_options([(0, item) for item in type_items])]:
            bins = reliability([str(item.reference) for item in sure], [item.options or {} for item in sure])
            details["reliability"][definition.key] = bins
    details["unusable"] = [
        {
            "id": item.question.id,
            "type": item.question.type,
            "why": item.fault,
            "reference_line": item.question.line,
            **({"text": _end_of(item.written)} if item.written else {}),
            **({"error": item.error} if item.error else {}),
        }
        for item in items
        if item.fault is not None
    ]
    return details


def _end_of(text: str) -> str:
    """Return a text, of a long one the end, where the answer would stand."""
    return text if len(text) <= _LONGEST_TEXT else "..." + text[-_LONGEST_TEXT:]


def _confusion(items: Sequence[Item]) -> dict[str, Any]:
    """Return the confusion matrix; answers that are no class of the references count as ``other`` or ``none``."""
    references, answers = labels_of(items)
    labels = sorted(set(references))
    pairs = Counter(
        (r, a if a in labels else "none" if a == NO_ANSWER else "other")
        for r, a in zip(references, answers, strict=True)
    )
    columns = [*labels, "other", "none"]
    return {"references": labels, "answers": columns, "counts": [[pairs[r, a] for a in columns] for r in labels]}
