"""Control tokens in texts of files: placeholders of pictures and ends of turns break no prompt."""

from collections import Counter
from dataclasses import replace

import pytest
from tiny import SYSTEM, built, requests, same_replies, views, wrapped
from tiny_families import BUILDERS

from mevqa.control_tokens import known_control_tokens
from mevqa.training.packing.rows import Turn, encode_row
from mevqa.types import Request

ALL = sorted(BUILDERS)


def hostile(name):
    """A text with every token that the family, or any family that is known, reads as control."""
    _, processor = built(name)
    special_tokens = [str(token) for token in processor.tokenizer.added_tokens_decoder.values() if token.special]
    return " ".join([*special_tokens, *sorted(known_control_tokens()), *reversed(special_tokens)])


def special_counts(name, ids):
    _, processor = built(name)
    special = {key for key, token in processor.tokenizer.added_tokens_decoder.items() if token.special}
    return Counter(token for token in ids if token in special)


@pytest.mark.parametrize("name", ALL)
def test_prompts_hold_the_special_tokens_of_a_plain_question(name):
    text = hostile(name)
    plain = wrapped(name).prompter.prompts(SYSTEM, views(), ["What?"]).prompts[0].ids
    shown = [replace(view, caption=f"{text} {view.caption}") for view in views()]
    for system, seen, question in ((SYSTEM, views(), text), (text, views(), "What?"), (SYSTEM, shown, f"{text}What?")):
        ids = wrapped(name).prompter.prompts(system, seen, [question]).prompts[0].ids
        assert special_counts(name, ids) == special_counts(name, plain)


@pytest.mark.parametrize("name", ALL)
def test_the_other_questions_of_the_clip_do_not_notice(name):
    asked = requests()
    spoiled = [Request(hostile(name) + "What is it?", options=("yes", "no")), *asked]
    replies = wrapped(name, option_score="sum").ask(SYSTEM, views(), spoiled)
    assert replies[0].error is None
    same_replies(replies[1:], wrapped(name, option_score="sum").ask(SYSTEM, views(), asked))


@pytest.mark.parametrize("name", ALL)
def test_an_answer_to_learn_does_not_end_the_turn(name):
    prompter = wrapped(name).prompter
    row = encode_row(prompter, SYSTEM, views(), [Turn("What?", f"no{hostile(name)}yes")])
    learned = [label for label in row.labels if label >= 0]
    assert special_counts(name, learned) == Counter([prompter.end_token])


def test_tokens_of_the_tokeniser_alone_are_found():
    prompter = wrapped("gemma3").prompter
    assert prompter.escape("a <bos> b") == "a < bos> b"
    assert prompter.escape("the face, 2 < 3") == "the face, 2 < 3"
