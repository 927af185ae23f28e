"""Checks of every architecture: reuse equals no reuse, batch equals single, and both equal the plain model."""

import math
from functools import cache

import pytest
import torch
from tiny import CLOSE, SYSTEM, UnitGrammar, built, plain_inputs, requests, same_replies, views, wrapped
from tiny_families import BUILDERS

from mevqa.models.mock import admits
from mevqa.types import Request

ALL = sorted(BUILDERS)


@cache
def answered(name):
    """Replies to all questions together with the prefix reused, which several tests compare with."""
    return wrapped(name, option_score="sum").ask(SYSTEM, views(), requests())


@pytest.mark.parametrize("name", ALL)
def test_reusing_the_prefix_changes_nothing(name):
    without_reuse = wrapped(name, option_score="sum", prefix_cache=False)
    same_replies(answered(name), without_reuse.ask(SYSTEM, views(), requests()))


@pytest.mark.parametrize("name", ALL)
def test_a_batch_answers_as_one_at_a_time(name):
    same_replies(answered(name), wrapped(name, option_score="sum", batch_size=1).ask(SYSTEM, views(), requests()))
    alone = wrapped(name, option_score="sum")
    same_replies(answered(name), [alone.ask(SYSTEM, views(), [request])[0] for request in requests()])


@pytest.mark.parametrize("name", ALL)
def test_clips_do_not_see_each_other(name):
    model = wrapped(name, option_score="sum")
    model.ask(SYSTEM, views(1, count=3), requests())
    same_replies(answered(name), model.ask(SYSTEM, views(), requests()))


@pytest.mark.parametrize("name", ALL)
def test_replies_are_admissible(name):
    for seed in range(3):
        asked = requests()
        for request, reply in zip(asked, wrapped(name).ask(SYSTEM, views(seed, count=1 + seed), asked), strict=True):
            assert reply.error is None
            if request.options:
                assert reply.text in request.options
                assert list(reply.options) == list(request.options)
                assert math.fsum(reply.options.values()) == pytest.approx(1.0, abs=1e-9)
                assert reply.confidence == max(reply.options.values())
            if request.grammar:
                assert admits(request.grammar, reply.text)
            assert 0.0 <= reply.confidence <= 1.0


@pytest.mark.parametrize("name", ALL)
def test_pictures_matter(name):
    first, second = (wrapped(name).ask(SYSTEM, views(seed), requests()[:1])[0] for seed in (0, 1))
    assert max(abs(first.options[o] - second.options[o]) for o in first.options) > 1e-3


@pytest.mark.parametrize("name", ALL)
def test_options_are_scored_as_the_plain_model_scores_them(name):
    """The reference: one full pass of the untouched model over the processor's own ids with the option appended."""
    model, processor = built(name)
    request = Request("Is the face shown?", options=("yes", "lip corner puller", "no"))
    reply = wrapped(name, option_score="sum").ask(SYSTEM, views(), [request])[0]
    inputs, stop = plain_inputs(name, request.text)
    scores = []
    for option in request.options:
        # Where turns are written "Assistant: yes" and prompts end with the colon, the space belongs to the answer.
        spaced = f" {option}" if name in ("llava", "smolvlm") else option
        ids = processor.tokenizer(spaced, add_special_tokens=False)["input_ids"]
        scores.append(plain_logprob(model, inputs, [*ids, stop]))
    total = torch.logsumexp(torch.tensor(scores), 0).item()
    for option, score in zip(request.options, scores, strict=True):
        assert math.log(reply.options[option]) == pytest.approx(score - total, abs=CLOSE)


@pytest.mark.parametrize("name", ALL)
def test_free_writing_is_what_generate_writes(name):
    model, processor = built(name)
    reply = wrapped(name).ask(SYSTEM, views(), [Request("The motion?", max_new_tokens=8)])[0]
    inputs, stop = plain_inputs(name, "The motion?")
    with torch.inference_mode():
        generated = model.generate(**inputs, max_new_tokens=8, do_sample=False, eos_token_id=stop)
    text = processor.tokenizer.decode(generated[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert reply.text == text.strip()


def plain_logprob(model, inputs, ids):
    """Log-probability of ``ids`` after the prompt, by one forward pass without any cache."""
    whole = dict(inputs)
    added = torch.tensor([ids])
    whole["input_ids"] = torch.cat([inputs["input_ids"], added], 1)
    whole["attention_mask"] = torch.ones_like(whole["input_ids"])
    for key in ("mm_token_type_ids", "token_type_ids"):
        if key in inputs:
            whole[key] = torch.cat([inputs[key], torch.zeros_like(added)], 1)
    with torch.inference_mode():
        logits = model(**whole).logits[0, -len(ids) - 1 : -1].log_softmax(-1)
    return logits.gather(-1, added[0, :, None]).sum().item()


def test_a_grammar_is_written_greedily_by_the_tokens_that_it_admits():
    """The first unit is the one whose first token is likeliest among the admissible first tokens."""
    model, processor = built("qwen2_5_vl")
    reply = wrapped("qwen2_5_vl").ask(SYSTEM, views(), [Request("action units", grammar=UnitGrammar())])[0]
    inputs, _ = plain_inputs("qwen2_5_vl", "action units")
    with torch.inference_mode():
        logits = model(**inputs).logits[0, -1]
    firsts = {
        unit: processor.tokenizer(unit, add_special_tokens=False)["input_ids"][0] for unit in UnitGrammar().next("")
    }
    best = max(firsts.values(), key=lambda token: logits[token].item())
    assert firsts[reply.text.split(", ")[0]] == best
