"""Graphs against made-up causes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mevqa.errors import InputError
from mevqa.spotting.causal_ex.graphs import causal_graph, co_occurrence_graph


def motion(samples=2000):
    """Return the motion of four nodes: the first two move the third, the fourth moves for itself."""
    rng = np.random.default_rng(3)
    moved = rng.normal(size=(samples, 4))
    moved[:, 2] += 0.8 * moved[:, 0] + 0.8 * moved[:, 1]
    return moved


@pytest.mark.parametrize("search", ["fci", "pc"])
def test_causes_are_recovered_and_the_same_every_time(search):
    graph = causal_graph(motion(), search)
    if search == "pc":
        expected = np.zeros((4, 4))
        expected[2, [0, 1]] = 1
        assert graph.tolist() == expected.tolist()
    else:
        # FCI leaves open whether a hidden cause stands behind both: no edge is certain.
        assert graph.sum() == 0
    assert causal_graph(motion(), search).tolist() == graph.tolist()


def test_fci_keeps_what_is_certain():
    rng = np.random.default_rng(4)
    first, second, third, fourth = rng.normal(size=(4, 4000))
    third = third + 0.9 * first + 0.9 * second
    graph = causal_graph(np.stack([first, second, third, fourth + 0.9 * third], axis=1))
    assert graph[3].tolist() == [0, 0, 1, 0] and graph.sum() == 1


def test_co_occurrence_against_hand_counts():
    moved = np.array([[1.0, 0.6, 0.1], [1.0, 0.4, 0.1], [0.1, 1.0, 0.2]])
    assert co_occurrence_graph(moved).tolist() == [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]
    with pytest.raises(InputError, match="no expression of the training subjects"):
        co_occurrence_graph(np.zeros((0, 3)))


def test_what_cannot_be_searched_says_so(monkeypatch):
    with pytest.raises(InputError, match=r"never move in the training videos: \[1\]"):
        causal_graph(motion() * [1, 0, 1, 1])
    monkeypatch.setitem(sys.modules, "causallearn.search.ConstraintBased.FCI", None)
    with pytest.raises(InputError, match=r"pip install 'mevqa\[causal\]'"):
        causal_graph(motion())
