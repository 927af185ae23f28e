from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.questions.question_types import question_types
from mevqa.training.examples.balance import LARGEST_RATIO, ClipStream, draw_questions, type_weights
from mevqa.types import Question

NAMES = [kind.name for kind in question_types()]

labellings = st.lists(st.sampled_from([None, "positive", "negative", "surprise"]), min_size=1, max_size=25)
seeds = st.integers(0, 2**40)


def asked(*kinds: str | tuple[str, str | None]) -> list[Question]:
    """Questions from types, or from types and references."""
    pairs = [kind if isinstance(kind, tuple) else (kind, "yes") for kind in kinds]
    return [Question(f"q{at}", "c", "?", kind, reference=reference) for at, (kind, reference) in enumerate(pairs)]


kinds_lists = st.lists(st.sampled_from(NAMES), max_size=20).map(lambda kinds: asked(*kinds))


@given(labellings, seeds, st.integers(0, 5))
def test_without_balance_every_epoch_holds_every_clip_once(labels, seed, epoch):
    stream = ClipStream(labels, False, seed)
    count = len(labels)
    assert sorted(stream.index(epoch * count + at) for at in range(count)) == list(range(count))


@given(labellings.filter(lambda labels: any(labels)), seeds, st.integers(0, 5))
def test_with_balance_every_block_holds_every_class_once(labels, seed, block):
    labelled = [label for label in labels if label is not None]
    classes = sorted(set(labelled))
    stream = ClipStream(labelled, True, seed)
    drawn = [labelled[stream.index(block * len(classes) + at)] for at in range(len(classes))]
    assert sorted(drawn) == classes


@given(labellings, seeds)
def test_with_balance_no_clip_comes_again_before_the_others_of_its_class(labels, seed):
    stream = ClipStream(labels, True, seed)
    drawn = [stream.index(at) for at in range(8 * len(labels))]
    for label in set(labels):
        members = [clip for clip, own in enumerate(labels) if own == label]
        turns = [clip for clip in drawn if labels[clip] == label]
        for start in range(0, len(turns) - len(members) + 1, len(members)):
            assert sorted(turns[start : start + len(members)]) == members


@given(labellings, seeds, st.integers(0, 200))
def test_unlabelled_clips_keep_their_share_and_the_classes_have_equal_ones(labels, seed, start):
    stream = ClipStream(labels, True, seed)
    drawn = Counter(labels[stream.index(start + at)] for at in range(len(labels)))
    assert drawn[None] == labels.count(None)
    long = Counter(labels[stream.index(at)] for at in range(300))
    assert abs(long[None] - 300 * labels.count(None) / len(labels)) <= 1
    shares = [long[label] for label in set(labels) - {None}]
    assert not shares or max(shares) - min(shares) <= 1


@given(labellings, seeds, st.booleans(), st.permutations(range(60)))
def test_seed_and_position_alone_decide(labels, seed, balance, order):
    forwards = ClipStream(labels, balance, seed)
    expected = [forwards.index(position) for position in range(60)]
    resumed = pickle.loads(pickle.dumps(ClipStream(labels, balance, seed)))
    assert {position: resumed.index(position) for position in order} == dict(enumerate(expected))


def test_orders_differ_between_epochs_classes_and_seeds():
    labels = ["a"] * 20 + ["b"] * 20
    stream = ClipStream(labels, False, 0)
    epochs = [[stream.index(epoch * 40 + at) for at in range(40)] for epoch in range(2)]
    assert epochs[0] != epochs[1]
    assert [ClipStream(labels, False, 1).index(at) for at in range(40)] != epochs[0]
    balanced = ClipStream(labels, True, 0)
    drawn = [balanced.index(at) for at in range(80)]
    assert [clip for clip in drawn if clip < 20] != [clip - 20 for clip in drawn if clip >= 20]
    firsts = {labels[clip] for clip in drawn[::2]}
    assert firsts == {"a", "b"}, "the order within a block is drawn anew"


def test_far_positions_are_reached_without_the_way_there():
    assert 0 <= ClipStream(["a", "b", None, "a"], True, 0).index(10**15) < 4


def test_a_stream_refuses_what_it_has_not():
    with pytest.raises(ValueError, match="at least one clip"):
        ClipStream([], True, 0)
    with pytest.raises(ValueError, match="no position -1"):
        ClipStream(["a"], True, 0).index(-1)


@given(kinds_lists.filter(bool))
def test_type_weights_are_capped_inverse_frequencies_with_mean_one(questions):
    weights = type_weights(questions, True)
    counts = Counter(question.type for question in questions)
    assert weights.keys() == counts.keys()
    assert sum(weights[question.type] for question in questions) == pytest.approx(len(questions))
    assert max(weights.values()) <= LARGEST_RATIO * min(weights.values()) * (1 + 1e-9)
    if max(counts.values()) <= LARGEST_RATIO * min(counts.values()):
        shares = [weights[kind] * count for kind, count in counts.items()]
        assert shares == pytest.approx([len(questions) / len(counts)] * len(counts))


def test_a_rare_type_gets_the_largest_weight_and_no_more():
    questions = asked(*["coarse"] * 100, "au_side")
    weights = type_weights(questions, True)
    assert weights["au_side"] == pytest.approx(10 * weights["coarse"])


def test_without_balance_all_types_weigh_one():
    assert type_weights(asked("coarse", "coarse", "fine"), False) == {
        "coarse": 1.0,
        "fine": 1.0,
    }


def test_questions_without_a_reference_do_not_count():
    questions = asked(("coarse", "positive"), ("fine", None), ("coarse", None))
    assert type_weights(questions, True) == {"coarse": 1.0}
    assert type_weights([], True) == {}


@given(kinds_lists, st.integers(1, 20), seeds)
def test_questions_are_drawn_without_replacement_in_their_order_with_types_alike(questions, limit, seed):
    drawn = draw_questions(questions, limit, np.random.default_rng(seed))
    assert len(drawn) == min(limit, len(questions))
    places = [questions.index(question) for question in drawn]
    assert places == sorted(set(places))
    there, taken = Counter(q.type for q in questions), Counter(q.type for q in drawn)
    most = max(taken.values(), default=0)
    assert all(taken[kind] >= most - 1 or taken[kind] == count for kind, count in there.items())
    assert draw_questions(questions, limit, np.random.default_rng(seed)) == drawn


def test_every_question_and_every_type_is_drawn_at_times():
    questions = asked(*["au_presence"] * 4, "coarse", "fine")
    rng = np.random.default_rng(0)
    counts = Counter(q.id for _ in range(600) for q in draw_questions(questions, 2, rng))
    kinds = Counter(
        {"presence": sum(counts[f"q{at}"] for at in range(4)), "coarse": counts["q4"], "fine": counts["q5"]}
    )
    assert all(330 < count < 470 for count in kinds.values()), "a third of the 1,200 each"
    assert all(60 < counts[f"q{at}"] < 140 for at in range(4))


def test_a_limit_of_zero_draws_all_and_a_negative_one_is_refused():
    questions = asked("coarse", "fine")
    assert draw_questions(questions, 0, np.random.default_rng(0)) == tuple(questions)
    with pytest.raises(ValueError, match="cannot draw -1"):
        draw_questions(questions, -1, np.random.default_rng(0))
