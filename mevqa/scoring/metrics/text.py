"""BLEU and ROUGE-1 of answers as text: nltk, sacrebleu and rouge-score define them, subjects are added up here.

Sentence BLEU-4 is nltk's with smoothing method 1 (Chen and Cherry 2014) on lower-case tokens between spaces, the mean
over rows: a right answer of one word gets 0.178. Corpus BLEU-4 is sacrebleu's without smoothing on tokens [a-z0-9]+:
an answer adds nothing to the orders that it is too short for (nltk's corpus BLEU would count one miss each).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mevqa.scoring.metrics.sufficient_statistics import Array, Tally, divide, sums_by_unit

_TOKEN = re.compile(r"[a-z0-9]+")
_ORDERS = 4
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
        numbers = {f"{prefix}.{name}": divide(sums[..., 1 + index], sums[..., 0]) for index, name in enumerate(_MEANS)}
        numbers[f"{prefix}.corpus_bleu"] = np.where(sums[..., 0] > 0, _corpus_bleu(sums), np.nan)
        return numbers

    metrics = {f"{prefix}.{name}": float(rows[:, 1 + index].mean()) for index, name in enumerate(_MEANS)}
    metrics[f"{prefix}.corpus_bleu"] = corpus_bleu(rows.sum(axis=0))
    return Tally(metrics, sums_by_unit(units, columns, (unit_count, _FEATURES)), measure)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=1 << 18)
def row_features(reference: str, answer: str, stemmer: bool) -> tuple[float, ...]:
    """Return the sums of one row; equal rows, of which there are many, are compared once."""
    rouge = _rouge(stemmer).score(reference, answer)["rouge1"]
    corpus = _bleu().corpus_score([_tokens(answer)], [[_tokens(reference)]])
    lengths = (corpus.sys_len, corpus.ref_len, *corpus.counts, *corpus.totals)
    return (1.0, sentence_bleu(reference, answer), rouge.recall, rouge.fmeasure, *map(float, lengths))


def sentence_bleu(reference: str, answer: str) -> float:
    """Return sentence BLEU-4 with smoothing method 1 on lower-case tokens between spaces."""
    _import_nltk()
    from nltk.translate.bleu_score import SmoothingFunction
    from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

    words = answer.lower().split()
    if not words:
        return 0.0
    return float(nltk_bleu([reference.lower().split()], words, smoothing_function=SmoothingFunction().method1))


def corpus_bleu(sums: Sequence[float] | Array) -> float:
    """Return corpus BLEU-4 of the sums of rows, 0 to 1."""
    from sacrebleu.metrics import BLEU

    features = [round(value) for value in sums]
    answer_length, reference_length = features[_LENGTHS : _LENGTHS + 2]
    if answer_length == 0:
        return 0.0
    counts, totals = features[_MATCHES : _MATCHES + _ORDERS], features[_MATCHES + _ORDERS :]
    score = BLEU.compute_bleu(counts, totals, sys_len=answer_length, ref_len=reference_length, smooth_method="none")
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
    answer_length, reference_length = sums[..., _LENGTHS], sums[..., _LENGTHS + 1]
    matches, totals = sums[..., _MATCHES : _MATCHES + _ORDERS], sums[..., _MATCHES + _ORDERS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(matches / totals).mean(axis=-1))
        brevity = np.exp(np.minimum(0.0, 1 - reference_length / answer_length))
    return np.nan_to_num(brevity * precision)


def _tokens(text: str) -> str:
    return " ".join(_TOKEN.findall(text.lower()))


@functools.cache
def _bleu() -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize="none", smooth_method="none")


@functools.cache
def _rouge(stemmer: bool) -> Any:
    _import_nltk()  # rouge-score imports it too
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1"], tokenizer=_RougeTokens(stemmer))


class _RougeTokens:
    """The tokeniser of rouge-score with its stems remembered: the same few words come again and again."""

    def __init__(self, stemmer: bool) -> None:
        self._stemmer = None
        if stemmer:
            from nltk.stem.porter import PorterStemmer

            self._stemmer = PorterStemmer()
            self._stemmer.stem = functools.lru_cache(maxsize=1 << 14)(self._stemmer.stem)

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens that rouge-score compares."""
        from rouge_score.tokenize import tokenize

        return list(tokenize(text, self._stemmer))


@functools.cache
def _import_nltk() -> None:
    """Import nltk, which looks for a folder for its data and raises for a user without a home, as containers have."""
    homeless = os.path.expanduser("~") == "~"
    if homeless:
        os.environ["HOME"] = "/nonexistent"
    try:
        import nltk  # noqa: F401
    finally:
        if homeless:
            del os.environ["HOME"]
