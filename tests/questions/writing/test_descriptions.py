"""Descriptions say what is known and nothing else, in many words, decided by the seed."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mevqa.facs import UNIT_NAMES, ActionUnit, unit_number
from mevqa.questions.writing.descriptions import (
    DescriptionFacts,
    DescriptionWordings,
    describe_expression,
    description_wordings,
)
from mevqa.scoring.answers.descriptions import known_facts, named_facts, score_descriptions

REGIONS = (("inner brow", "up"), ("upper lip", "sideways"), ("mouth corner", "up and outwards"), ("chin", "down"))


def facts(rng) -> DescriptionFacts:
    side = (None, "left", "right")[int(rng.integers(3))]
    names = rng.choice(UNIT_NAMES, int(rng.integers(0, 5)), replace=False)
    units = tuple(ActionUnit(unit_number(str(name)), side) for name in names)
    classes = (("happiness", "positive"), ("others", None), (None, "negative"), ("surprise", "surprise"))
    shown = tuple(REGIONS[int(i)] for i in rng.permutation(4)[: int(rng.integers(0, 5))])
    return DescriptionFacts(units, *classes[int(rng.integers(4))], shown, int(rng.integers(4, 50)) * 10, 120)


def test_the_reader_finds_what_is_known_and_nothing_else_in_every_wording():
    """Also names of units that hold a side, as eyes left."""
    rng = np.random.default_rng(0)
    for _ in range(400):
        known = facts(rng)
        text = describe_expression(known, rng)
        if "lip" in text or known.units:
            assert named_facts(text)["units"] == known_facts(known)["units"], text
        expected = known_facts(known)
        if known.fine is None:
            expected["fine"] = named_facts(text)["fine"]  # a coarse class alone may be read as a fine one too
        if known.coarse is None:
            expected["coarse"] = named_facts(text)["coarse"]  # a fine class gives its coarse one
        assert named_facts(text) == expected, text


def test_words_differ_between_clips_and_are_the_same_for_a_seed():
    known = DescriptionFacts((ActionUnit(4, "left"),), "disgust", "negative", REGIONS[:2], 120, 200)
    texts = [describe_expression(known, np.random.default_rng(seed)) for seed in range(60)]
    assert len(set(texts)) > 50
    assert texts[3] == describe_expression(known, np.random.default_rng(3))
    assert describe_expression(DescriptionFacts(), np.random.default_rng(0)) == ""


def test_precision_and_recall_are_of_what_is_named():
    known = DescriptionFacts((ActionUnit(4), ActionUnit(7)), "disgust", "negative")
    one_sided = DescriptionFacts((ActionUnit(12, "left"),), "happiness", "positive")
    scores = score_descriptions(
        [
            (known, "Brow lowerer and nose wrinkler. Fine-grained class: anger. Coarse class: negative."),
            (one_sided, "Lip corner puller on the left side of the face."),
        ]
    )
    units = scores["units"]
    assert (units.known, units.named, units.right) == (3, 3, 2)
    assert scores["side"].recall == 1 and scores["side"].precision == 1
    assert scores["fine"].recall == 0 and scores["coarse"].precision == 1 and scores["coarse"].recall == 0.5
    assert score_descriptions([])["units"].precision is None


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("side", ["on the side", "at the {side}"], "must hold {side}"),
        ("classes", ["{fine}", "{fine} {coarse}"], "must hold {coarse}, {fine}"),
        ("orders", [["units", "side"], ["motion", "units", "side", "timing", "classes"]], "once each"),
        ("motion", ["{regions}"], "at least 2"),
    ],
)
def test_a_table_of_wordings_that_lacks_something_is_refused(key, value, message):
    content = description_wordings().model_dump(by_alias=True) | {key: value}
    with pytest.raises(ValidationError, match=message):
        DescriptionWordings.model_validate(content)
