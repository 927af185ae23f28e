"""Overlaps by hand, and every way of matching against brute force on small cases."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.intervals import iou_matrix, match

intervals = st.tuples(st.integers(0, 30), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
sides = st.lists(intervals, max_size=5)
forms = st.sampled_from(["inclusive", "exclusive"])
thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0])


def array(rows):
    return np.array(rows, dtype=float).reshape(-1, 2)


def brute_iou(detection, reference, form):
    """Count frames (inclusive) or the steps between them (exclusive)."""
    step = 1 if form == "inclusive" else 0
    first, second = (set(range(start, end + step)) for start, end in (detection, reference))
    if not first | second:
        return 1.0 if detection == reference else 0.0
    return len(first & second) / len(first | second)


def assignments(detections, references):
    """Yield every one-to-one assignment as a list of pairs."""
    for size in range(min(detections, references) + 1):
        for rows in itertools.combinations(range(detections), size):
            for columns in itertools.permutations(range(references), size):
                yield list(zip(rows, columns, strict=True))


def test_nine_frames_in_seventeen():
    nine, seventeen = array([(104, 112)]), array([(100, 116)])
    assert iou_matrix(nine, seventeen, "inclusive")[0, 0] == pytest.approx(9 / 17)
    assert round(iou_matrix(nine, seventeen, "inclusive")[0, 0], 2) == 0.53
    assert iou_matrix(nine, seventeen, "exclusive")[0, 0] == 0.5


def test_the_form_decides_a_match():
    short, longer = array([(104, 111)]), array([(100, 115)])
    for form, pairs in (("inclusive", [(0, 0)]), ("exclusive", [])):
        assert match(iou_matrix(short, longer, form), 0.5, "score", short, longer, np.zeros(1)) == pairs


@given(sides, sides, forms)
def test_overlap_counts_frames(detections, references, form):
    overlaps = iou_matrix(array(detections), array(references), form)
    expected = [[brute_iou(detection, reference, form) for reference in references] for detection in detections]
    assert overlaps.shape == (len(detections), len(references))
    np.testing.assert_allclose(overlaps, np.array(expected).reshape(overlaps.shape))


@given(sides, sides, thresholds)
def test_hungarian_is_the_best_assignment(detections, references, threshold):
    iou = iou_matrix(array(detections), array(references))
    pairs = match(iou, threshold, "hungarian", array(detections), array(references), np.zeros(len(detections)))
    allowed = [
        chosen
        for chosen in assignments(len(detections), len(references))
        if all(iou[pair] >= threshold for pair in chosen)
    ]
    best = max((len(chosen), round(sum(iou[pair] for pair in chosen), 9)) for chosen in allowed)
    assert (len(pairs), round(sum(iou[pair] for pair in pairs), 9)) == best


@given(sides, sides, thresholds, st.randoms(use_true_random=False))
def test_by_score_each_takes_its_best_free_reference(detections, references, threshold, random):
    scores = np.array(random.sample(range(100), len(detections)), dtype=float)
    iou = iou_matrix(array(detections), array(references))
    expected = set()
    free = set(range(len(references)))
    for row in sorted(range(len(detections)), key=lambda place: -scores[place]):
        near = [column for column in free if iou[row, column] >= threshold]
        if near:
            column = max(near, key=lambda place: (iou[row, place], [-edge for edge in references[place]], -place))
            free.remove(column)
            expected.add((row, column))
    assert set(match(iou, threshold, "score", array(detections), array(references), scores)) == expected


@given(sides, sides, thresholds)
def test_in_time_each_tries_only_its_best_reference(detections, references, threshold):
    iou = iou_matrix(array(detections), array(references))
    expected, taken = set(), set()
    for row in sorted(range(len(detections)), key=lambda place: (detections[place], place)):
        if not references:
            break
        column = max(
            range(len(references)), key=lambda place: (iou[row, place], [-edge for edge in references[place]], -place)
        )
        if iou[row, column] >= threshold and column not in taken:
            taken.add(column)
            expected.add((row, column))
    pairs = match(iou, threshold, "temporal", array(detections), array(references), np.zeros(len(detections)))
    assert set(pairs) == expected


@given(sides, sides, thresholds)
def test_many_finds_every_reference_that_anything_overlaps(detections, references, threshold):
    iou = iou_matrix(array(detections), array(references))
    pairs = match(iou, threshold, "many", array(detections), array(references), np.zeros(len(detections)))
    within = {c for c in range(len(references)) if any(iou[r, c] >= threshold for r in range(len(detections)))}
    assert sorted(column for _, column in pairs) == sorted(within)
    assert all(iou[row, column] == iou[:, column].max() for row, column in pairs)


@given(sides, sides, thresholds, st.sampled_from(["score", "temporal", "hungarian"]))
def test_one_to_one(detections, references, threshold, matching):
    iou = iou_matrix(array(detections), array(references))
    pairs = match(iou, threshold, matching, array(detections), array(references), np.zeros(len(detections)))
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(iou[pair] >= threshold for pair in pairs)
    best = match(iou, threshold, "hungarian", array(detections), array(references), np.zeros(len(detections)))
    # A greedy matching that cannot be extended has at least half of the pairs that there can be.
    assert len(pairs) <= len(best)
    if matching == "score":
        assert 2 * len(pairs) >= len(best)


@given(sides, sides, thresholds, st.sampled_from(["score", "temporal", "many", "hungarian"]), st.randoms())
def test_the_order_of_rows_decides_nothing(detections, references, threshold, matching, random):
    rows, columns = list(range(len(detections))), list(range(len(references)))
    random.shuffle(rows)
    random.shuffle(columns)
    scores = np.array([float(start % 3) for start, _ in detections])
    matches = []
    for d, r, s in (
        (detections, references, scores),
        ([detections[i] for i in rows], [references[i] for i in columns], scores[rows]),
    ):
        pairs = match(iou_matrix(array(d), array(r)), threshold, matching, array(d), array(r), s)
        matches.append(sorted((d[row], r[column]) for row, column in pairs))
    if matching == "hungarian":
        assert len(matches[0]) == len(matches[1])
    else:
        assert matches[0] == matches[1]


@pytest.mark.parametrize("threshold", [0, -0.1, 1.1])
def test_a_threshold_that_everything_or_nothing_reaches(threshold):
    with pytest.raises(ValueError, match="threshold"):
        match(np.ones((1, 1)), threshold, "score", array([(0, 1)]), array([(0, 1)]), np.zeros(1))
