import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.scoring.metrics.text import bleu_ceiling, row_features, sentence_bleu, text_tally

NAMES = ["brow", "lowerer", "lip", "corner", "puller", "the", "is", "and", "negative"]
WORDS = st.lists(st.sampled_from(NAMES), max_size=9)
ROWS = st.lists(st.tuples(WORDS.filter(bool).map(" ".join), WORDS.map(" ".join)), min_size=1, max_size=6)


def scores(rows, stemmer=False):
    references, answers = zip(*rows, strict=True)
    return text_tally("t", [0] * len(rows), references, answers, stemmer=stemmer, unit_count=1)


def test_sentence_bleu_by_hand():
    # Four matching unigrams of four, one bigram of three, no trigram of two, no 4-gram of one; no brevity penalty.
    reference, answer = "a b c d", "a b d c"
    expected = (1 * (1 / 3) * (0.1 / 2) * (0.1 / 1)) ** 0.25
    assert sentence_bleu(reference, answer) == pytest.approx(expected)


def test_a_right_answer_of_one_word_has_a_sentence_bleu_below_one_and_no_corpus_bleu():
    metrics = scores([("negative", "negative")]).metrics
    assert metrics["t.sentence_bleu"] == pytest.approx(0.1**0.75)
    assert (metrics["t.corpus_bleu"], metrics["t.rouge1_recall"]) == (0.0, 1.0)


def test_rouge1_recall_is_the_share_of_the_words_of_the_reference():
    metrics = scores([("brow lowerer, dimpler", "dimpler and lip corner puller")]).metrics
    assert metrics["t.rouge1_recall"] == pytest.approx(1 / 3)
    assert metrics["t.rouge1_f1"] == pytest.approx(2 * (1 / 3) * (1 / 5) / (1 / 3 + 1 / 5))


def test_the_stemmer_is_a_switch():
    rows = [("lip corner puller", "lip corners pulled")]
    assert scores(rows).metrics["t.rouge1_recall"] == pytest.approx(1 / 3)
    assert scores(rows, stemmer=True).metrics["t.rouge1_recall"] == pytest.approx(2 / 3)


def test_remembered_stems_are_those_of_rouge_score():
    from rouge_score.rouge_scorer import RougeScorer

    reference, answer = "the lips parted, raising both cheeks", "lip parts and raised cheek"
    expected = RougeScorer(["rouge1"], use_stemmer=True).score(reference, answer)["rouge1"]
    for _ in range(2):
        row_features.cache_clear()
        assert row_features(reference, answer, True)[2:4] == (expected.recall, expected.fmeasure)


@given(ROWS)
def test_corpus_bleu_is_that_of_nltk_and_of_sacrebleu(rows):
    from nltk.translate.bleu_score import corpus_bleu
    from sacrebleu.metrics import BLEU

    tally = scores(rows)
    answers = [answer for _, answer in rows]
    whole = BLEU(tokenize="none", smooth_method="none").corpus_score(answers, [[reference for reference, _ in rows]])
    assert tally.metrics["t.corpus_bleu"] == pytest.approx(whole.score / 100)
    # nltk counts one 4-gram for an answer that is too short to have any; longer answers agree.
    if min(whole.counts) > 0 and all(len(answer.split()) >= 4 for answer in answers):
        lists = corpus_bleu([[reference.split()] for reference, _ in rows], [answer.split() for answer in answers])
        assert tally.metrics["t.corpus_bleu"] == pytest.approx(lists)


@given(ROWS)
def test_sums_over_units_give_the_same_numbers(rows):
    tally = scores(rows)
    measured = tally.measure(np.asarray(tally.sums.sum(axis=0))[0])
    for key, value in tally.metrics.items():
        assert math.isclose(float(measured[key]), value, abs_tol=1e-12), key


@given(st.lists(WORDS.filter(bool).map(" ".join), min_size=1, max_size=5))
def test_the_ceiling_is_the_score_of_the_references_themselves(references):
    metrics = scores([(text, text) for text in references]).metrics
    assert bleu_ceiling(references, "sentence") == pytest.approx(metrics["t.sentence_bleu"])
    assert bleu_ceiling(references, "corpus") == pytest.approx(metrics["t.corpus_bleu"])


def test_a_user_without_a_home_has_scores():
    """Containers run by number have none, and nltk looks for one as it is imported."""
    code = (
        "import os, pwd\n"
        "def unknown(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = unknown\n"
        "del os.environ['HOME']\n"
        "from mevqa.scoring.metrics.text import row_features\n"
        "row_features('Lip corner', 'Lip corners', True)\n"
        "assert 'HOME' not in os.environ"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "HOME": "/"})
    assert done.returncode == 0, done.stderr
