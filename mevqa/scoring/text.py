"""BLEU and ROUGE-1 of answers as text: nltk, sacrebleu and rouge-score define them, rows are added up here.

The words that two texts share are counted once for all three, and the numbers are those of the libraries to the last
bit (the tests compare them): the libraries take four times as long, and nltk alone loads 200 MB.

Sentence BLEU-4 is nltk's with smoothing method 1 (Chen and Cherry 2014) on lower-case tokens between spaces, the mean
over rows: a right answer of one word gets 0.178. Corpus BLEU-4 is sacrebleu's without smoothing on tokens [a-z0-9]+:
an answer adds nothing to the orders that it is too short for (nltk's corpus BLEU would count one miss each).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mevqa.scoring.tally import Array, Tally, divide, sums_by_unit

_TOKEN = re.compile(r"[a-z0-9]+")
_ORDERS = 4
_SMOOTHING = 0.1
#: Features: rows, sentence BLEU, ROUGE-1 recall, ROUGE-1 F1, both lengths, matches and totals of the four orders.
_MEANS = ("sentence_bleu", "rouge1_recall", "rouge1_f1")
_LENGTHS = 1 + len(_MEANS)
_MATCHES = _LENGTHS + 2
_FEATURES = _MATCHES + 2 * _ORDERS


def text_tally(
    prefix: str,
    units: Sequence[int],
    references: Sequence[str],
    answers: Sequence[str],
    *,
    stemmer: bool,
    unit_count: int,
) -> Tally:
    """Return BLEU and ROUGE-1 of answers.

    Args:
        prefix: What the metric keys begin with.
        units: Subject or clip of each row.
        references: Right texts.
        answers: What was written; the empty text without an answer.
        stemmer: Whether ROUGE-1 compares Porter stems.
        unit_count: Number of subjects or clips.
    """
    rows = np.array([row_features(r, a, stemmer) for r, a in zip(references, answers, strict=True)])
    columns = [([feature] * len(rows), rows[:, feature]) for feature in range(_FEATURES)]

    def measure(sums: Array) -> dict[str, Array]:
        numbers = {f"{prefix}.{name}": divide(sums[..., 1 + place], sums[..., 0]) for place, name in enumerate(_MEANS)}
        numbers[f"{prefix}.corpus_bleu"] = np.where(sums[..., 0] > 0, _corpus_bleu(sums), np.nan)
        return numbers

    metrics = {f"{prefix}.{name}": float(rows[:, 1 + place].mean()) for place, name in enumerate(_MEANS)}
    metrics[f"{prefix}.corpus_bleu"] = corpus_bleu(rows.sum(axis=0))
    return Tally(metrics, sums_by_unit(units, columns, (unit_count, _FEATURES)), measure)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=1 << 18)
def row_features(reference: str, answer: str, stemmer: bool) -> tuple[float, ...]:
    """Return the sums of one row; equal rows, of which there are many, are compared once."""
    asked, said = _TOKEN.findall(reference.lower()), _TOKEN.findall(answer.lower())
    matches, totals = _shared_runs(asked, said)
    shared = _shared_runs(_stems(asked), _stems(said))[0][0] if stemmer else matches[0]
    precision, recall = shared / max(len(said), 1), shared / max(len(asked), 1)
    f1 = 2 * precision * recall / (precision + recall) if shared else 0.0
    lengths = (len(said), len(asked), *matches, *totals)
    return (1.0, sentence_bleu(reference, answer), recall, f1, *map(float, lengths))


def sentence_bleu(reference: str, answer: str) -> float:
    """Return sentence BLEU-4 with smoothing method 1 on lower-case tokens between spaces.

    Source: Papineni et al., ACL 2002, with 0.1 for a numerator of zero (Chen and Cherry, WMT 2014, method 1) and one
    for a denominator of zero, as nltk has it.
    """
    asked, said = reference.lower().split(), answer.lower().split()
    matches, totals = _shared_runs(asked, said)
    if not matches[0]:
        return 0.0
    brevity = 1.0 if len(said) > len(asked) else math.exp(1 - len(asked) / len(said))
    logs = [math.log((hit or _SMOOTHING) / max(total, 1)) for hit, total in zip(matches, totals, strict=True)]
    return brevity * math.exp(math.fsum(one / _ORDERS for one in logs))


def _shared_runs(asked: Sequence[str], said: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return how many runs of one to four words two texts share, each as often as both have it, and all of ``said``."""
    matches = []
    for order in range(1, _ORDERS + 1):
        left: dict[tuple[str, ...], int] = {}
        for run in zip(*(asked[start:] for start in range(order)), strict=False):
            left[run] = left.get(run, 0) + 1
        hits = 0
        for run in zip(*(said[start:] for start in range(order)), strict=False):
            if left.get(run):
                left[run] -= 1
                hits += 1
        matches.append(hits)
        if not hits:
            break  # Longer runs share nothing either.
    matches += [0] * (_ORDERS - len(matches))
    return matches, [max(0, len(said) - order) for order in range(_ORDERS)]


def corpus_bleu(sums: Sequence[float] | Array) -> float:
    """Return corpus BLEU-4 of the sums of rows, 0 to 1."""
    from sacrebleu.metrics import BLEU

    whole = [round(value) for value in sums]
    sent, asked = whole[_LENGTHS : _LENGTHS + 2]
    if sent == 0:
        return 0.0
    counts, totals = whole[_MATCHES : _MATCHES + _ORDERS], whole[_MATCHES + _ORDERS :]
    score = BLEU.compute_bleu(counts, totals, sys_len=sent, ref_len=asked, smooth_method="none")
    # exp(log(100)) is a little more than 100.
    return min(1.0, float(score.score) / 100)


def bleu_ceiling(references: Sequence[str], kind: str) -> float:
    """Return the BLEU that references reach as their own answers: less than 1 where they are short.

    Args:
        references: Right texts, at least one.
        kind: ``sentence`` or ``corpus``.
    """
    if kind == "sentence":
        return float(np.mean([_own_sentence_bleu(len(text.split())) for text in references]))
    lengths = np.array([len(_TOKEN.findall(text.lower())) for text in references])
    totals = [float(np.maximum(lengths - order, 0).sum()) for order in range(_ORDERS)]
    return corpus_bleu([0.0] * _LENGTHS + [totals[0], totals[0], *totals, *totals])


@functools.cache
def _own_sentence_bleu(length: int) -> float:
    """Return the sentence BLEU of a text with itself: every order that is not longer than the text is all right."""
    text = " ".join(map(str, range(length)))
    return sentence_bleu(text, text)


def _corpus_bleu(sums: Array) -> Array:
    """Return corpus BLEU-4 of many sums at once: what ``corpus_bleu`` gives for each."""
    sent, asked = sums[..., _LENGTHS], sums[..., _LENGTHS + 1]
    matches, totals = sums[..., _MATCHES : _MATCHES + _ORDERS], sums[..., _MATCHES + _ORDERS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(matches / totals).mean(axis=-1))
        brevity = np.exp(np.minimum(0.0, 1 - asked / sent))
    return np.nan_to_num(brevity * precision)


def _stems(words: Sequence[str]) -> list[str]:
    """Return Porter stems of the words of more than three letters, as rouge-score takes them."""
    return [_stem(word) if len(word) > 3 else word for word in words]


@functools.lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    return str(_porter().stem(word))


@functools.cache
def _porter() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()
