"""Suppression of overlapping detections."""

from __future__ import annotations

import math

import pytest

from mevqa.spotting.decoding import Detection, soft_suppress, suppress
from mevqa.spotting.decoding.suppression import overlap


def detection(onset: int, offset: int, score: float) -> Detection:
    return Detection(onset, onset, offset, score)


def test_overlap_counts_the_last_sample():
    assert overlap(detection(0, 9, 1), detection(0, 9, 1)) == 1
    assert overlap(detection(0, 9, 1), detection(5, 14, 1)) == pytest.approx(5 / 15)
    assert overlap(detection(0, 9, 1), detection(10, 14, 1)) == 0


def test_the_surest_of_those_that_overlap_stays():
    faint, sure, apart = detection(0, 9, 0.4), detection(1, 10, 0.9), detection(30, 40, 0.1)
    assert suppress([faint, sure, apart]) == [sure, apart]
    assert suppress([faint, sure, apart], most_overlap=0.9) == [faint, sure, apart]


def test_soft_suppression_lowers_scores():
    faint, sure = detection(0, 9, 0.4), detection(1, 10, 0.9)
    lowered, kept = soft_suppress([faint, sure])
    assert kept == sure
    assert lowered.score == pytest.approx(0.4 * math.exp(-((9 / 11) ** 2) / 0.5))
    assert soft_suppress([faint, sure], least_score=0.2) == [sure]
    assert soft_suppress([]) == []
