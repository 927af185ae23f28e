"""Graphs over facial nodes, from training subjects: which node's motion causes which, and which move together.

Causal-Ex (arXiv 2503.09098) searches with FCI and Fisher's z test at the level .01, keeps the edges that are directed
for certain, and adds the co-occurrence matrix of action units. Its code searches anew in every forward pass; here it is
done once, on the magnitudes of motion in the videos of training subjects, thinned because the test takes samples for
independent. Co-occurrence is ours: how often nodes move together in coded expressions, so that no units need be coded.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem

Array: TypeAlias = NDArray[np.float64]

#: How the causal graph is searched: fast causal inference (hidden common causes allowed), or Peter and Clark's.
Search: TypeAlias = Literal["fci", "pc"]

#: Level of the test (published configuration).
_ALPHA = 0.01

#: Samples that the search sees at most, evenly thinned: neighbouring frames say nearly the same.
_SAMPLES = 3000

#: A node moves in an expression when its motion from onset to apex is so large a part of the largest node's.
_MOVES = 0.5


def causal_graph(motion: Array, search: Search = "fci") -> Array:
    """Return which node's motion causes which: [nodes, nodes], 1 where the node of a row is an effect of the column's.

    Args:
        motion: [samples, nodes] magnitudes of motion, eye distances, of the videos of training subjects.
        search: The algorithm.

    Raises:
        InputError: causal-learn is not installed, or nodes never move.
    """
    try:
        from causallearn.search.ConstraintBased.FCI import fci
        from causallearn.search.ConstraintBased.PC import pc
    except ImportError as error:
        mend = "causal-ex needs causal-learn: pip install 'mevqa[causal]', or set `graph: co-occurrence` in the recipe"
        raise InputError([Problem("graph", mend)]) from error
    thinned = motion[:: -(-len(motion) // _SAMPLES)]
    still = np.flatnonzero(thinned.std(axis=0) < 1e-9)
    if len(still):
        raise InputError([Problem("graph", f"nodes that never move in the training videos: {still.tolist()}")])
    if search == "fci":
        with redirect_stdout(io.StringIO()):  # It prints the edges that it directs.
            marks = fci(thinned, "fisherz", _ALPHA, verbose=False, show_progress=False)[0].graph
    else:
        marks = pc(thinned, _ALPHA, "fisherz", show_progress=False).G.graph
    # Marks of an edge at its two ends: a tail (-1) at the cause, an arrow (1) at the effect.
    directed = (marks == -1) & (marks.T == 1)
    return np.asarray(directed.T, np.float64)


def co_occurrence_graph(motion: Array) -> Array:
    """Return how often nodes move together: [nodes, nodes], of the expressions in which a row's node moves, what share.

    Args:
        motion: [expressions, nodes] magnitudes of motion from onset to apex in coded expressions of training subjects.

    Raises:
        InputError: There is no expression.
    """
    if not len(motion):
        raise InputError([Problem("graph", "no expression of the training subjects can be measured")])
    moves = (motion >= _MOVES * motion.max(axis=1, keepdims=True)).astype(np.float64)
    together = moves.T @ moves
    graph = together / np.maximum(np.diag(together), 1)[:, None]
    np.fill_diagonal(graph, 1.0)
    return np.asarray(graph, np.float64)
