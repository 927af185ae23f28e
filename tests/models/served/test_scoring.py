"""Probabilities of options from the likeliest tokens of a reply."""

from __future__ import annotations

import math

import pytest

from mevqa.models.served.reply import WrittenToken
from mevqa.models.served.scoring import option_probabilities, written_option


def token(text, **probabilities):
    """A written token; ``probabilities`` of its alternatives by their text, with ``_`` for a space."""
    shares = {name.replace("_", " "): math.log(share) for name, share in probabilities.items()}
    return WrittenToken(text, tuple({**shares}.items()))


def test_each_option_gets_the_share_of_its_first_token():
    probabilities = option_probabilities([token("pos", pos=0.6, neg=0.3, sur=0.1), token("itive", itive=1.0)], CLASSES)
    assert probabilities == pytest.approx({"positive": 0.6, "negative": 0.3, "surprise": 0.1})


CLASSES = ("positive", "negative", "surprise")


def test_spellings_count_together_and_other_words_not_at_all():
    reply = [token("No", No=0.4, Yes=0.3, yes=0.2, _yes=0.05, maybe=0.05)]
    probabilities = option_probabilities(reply, ("yes", "no"))
    assert probabilities == pytest.approx({"yes": 0.55 / 0.95, "no": 0.4 / 0.95})


def test_options_that_part_late_are_followed_to_where_they_part():
    reply = [token("lip", lip=0.8, brow=0.2), token(" corner", _corner=0.75, _stretcher=0.25), token(" puller")]
    reply[2] = token(" puller", _puller=1.0)
    probabilities = option_probabilities(reply, ("lip corner puller", "lip stretcher", "brow lowerer"))
    assert probabilities == pytest.approx({"lip corner puller": 0.6, "lip stretcher": 0.2, "brow lowerer": 0.2})


def test_options_that_share_a_token_that_was_not_written_share_its_probability():
    probabilities = option_probabilities([token("brow", brow=0.6, lip=0.4)], ("lip a", "lip b", "brow"))
    assert probabilities == pytest.approx({"lip a": 0.2, "lip b": 0.2, "brow": 0.6})


def test_an_unlisted_option_gets_at_most_the_least_listed_probability():
    probabilities = option_probabilities([token("yes", yes=0.9, sure=0.04)], ("yes", "no"))
    assert probabilities["no"] == pytest.approx(0.04 / 0.94)


def test_the_end_decides_where_one_option_begins_another():
    options = ("yes", "yes, but", "no")
    assert option_probabilities([token("yes", yes=0.9, no=0.1)], options)["yes"] == pytest.approx(0.9)
    longer = [token("yes", yes=0.9, no=0.1), WrittenToken(",", ((",", 0.0),)), token(" but", _but=1.0)]
    probabilities = option_probabilities(longer, options)
    assert probabilities["yes, but"] == pytest.approx(0.9) and probabilities["yes"] == 0.0


def test_an_answer_within_an_object_is_found():
    reply = [token('{"answer":'), token(' "'), token("neg", neg=0.7, pos=0.3), token("ative"), token('"}')]
    reply = [piece if piece.alternatives else WrittenToken(piece.text, ((piece.text, 0.0),)) for piece in reply]
    probabilities = option_probabilities(reply, ("positive", "negative"), before='{"answer": "')
    assert probabilities == pytest.approx({"positive": 0.3, "negative": 0.7})


@pytest.mark.parametrize("text", ["I think yes", "yes or no", "", "perhaps"])
def test_a_reply_that_is_no_option_has_no_probabilities(text):
    assert option_probabilities([WrittenToken(text, ((text, 0.0),))] if text else [], ("yes", "no")) is None


def test_case_quotes_and_a_full_stop_do_not_matter():
    assert written_option(' "Yes." ', ("yes", "no")) == "yes"
    assert written_option("Yes, but", ("yes", "no")) is None
