"""Chat templates of reasoning models: thoughts that a prompt opens are closed, or bounded, before an answer."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from tiny import CLOSE, OPTIONS, SYSTEM, UnitGrammar, built, requests, same_replies, views
from tiny_families import BUILDERS

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.mock import admits
from mevqa.models.registry import load_model
from mevqa.models.transformers.generation.tasks import FreeTask, ThoughtTask
from mevqa.models.transformers.generation.tree import CopiedTree
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.prompts.prompting import Prompt
from mevqa.models.transformers.prompts.thinking import Thought, find_thought, thinking_switches
from mevqa.training.packing.rows import Turn, encode_row
from mevqa.types import Draw, Request

ALL = sorted(BUILDERS)
#: What stands at the end of a prompt, and what closes it there.
TAGS = {
    "<think>\n": "\n</think>\n\n",
    "<think>": "\n</think>\n\n",
    "<thinking>\n": "\n</thinking>\n\n",
    "<seed:think>": "\n</seed:think>\n\n",
    "[THINK]": "\n[/THINK]\n\n",
    "<|begin_of_thought|>\n": "\n<|end_of_thought|>\n\n",
    "<reasoning>\n": "\n</reasoning>\n\n",
}


def thinking_model(name, opening="<think>\n", template=None, **options):
    """The tiny model, whose template opens a thought at the end of each prompt."""
    model, processor = built(name)
    processor = copy.copy(processor)
    if template is None:
        start, end, rest = processor.chat_template.rpartition("{% endif %}")
        template = start + opening + end + rest
    processor.chat_template = template
    return TransformersModel(model, processor, name=name, revision="tiny", options=ModelOptions(**options))


def text_of(model, request="What?"):
    built_prompts = model.prompter.prompts(SYSTEM, views(), [request])
    return model.prompter.tokenizer.decode(built_prompts.prompts[0].ids, skip_special_tokens=False)


@pytest.mark.parametrize("opening", sorted(TAGS))
def test_an_open_thought_is_closed_whatever_its_tag(opening):
    model = thinking_model("qwen3_vl", opening)
    assert text_of(model).endswith("assistant\n" + opening + TAGS[opening])
    assert model.thinking == f"off ({opening.strip()} is closed before the answer)"
    assert text_of(thinking_model("qwen3_vl", opening, thinking=5)).endswith("assistant\n" + opening)


@pytest.mark.parametrize("name", ALL)
def test_templates_without_thoughts_are_left_alone(name):
    model = TransformersModel(*built(name), name=name, revision="tiny")
    assert model.prompter.thought is None and model.thinking == ""
    with pytest.raises(ModelError, match="leave --thinking away"):
        TransformersModel(*built(name), name=name, revision="tiny", options=ModelOptions(thinking=4))
    with pytest.raises(ModelError, match="leave --thinking away"):
        load_model("mock", ModelOptions(thinking=4))


#: Thinks unless told not to, and then writes the closed thought itself, as Qwen3 and Qwen3.5 do.
_SWITCHED = (
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% else %}ON{% endif %}"
)


@pytest.mark.parametrize("opened", ["", "<think>\n"])
def test_a_template_that_can_be_told_not_to_think_is_told_so(opened):
    plain = built("qwen3_vl")[1].chat_template
    prompt = "{% if add_generation_prompt %}<|im_start|>assistant\n"
    template = plain.replace(prompt, _SWITCHED.replace("ON", opened))
    assert template != plain
    closed = thinking_model("qwen3_vl", template=template)
    assert text_of(closed).endswith("assistant\n<think>\n\n</think>\n\n")
    assert closed.prompter.thought == Thought("<think>\n", "</think>", "\n</think>\n\n")
    assert text_of(thinking_model("qwen3_vl", template=template, thinking=3)).endswith("assistant\n<think>\n")


def test_switches_are_variables_of_the_template_and_nothing_else():
    assert thinking_switches("{% if enable_thinking %}a{% endif %}") == ("enable_thinking",)
    assert thinking_switches("{%- if thinking is defined and thinking %}") == ("thinking",)
    assert thinking_switches("thinking {{ m.thinking }} {{ m['thinking'] }} {% set enable_thinking = true %}") == ()
    assert thinking_switches(None) == ()


def test_the_closing_is_learned_where_the_template_writes_thoughts():
    def render(conversation, prompt, **switches):
        text = "Q:" + ("\n<think>" if prompt else "")
        for message in conversation[1:]:
            text += f"<think>{message['reasoning_content']}</think>\n{message['content'][0]['text']}"
        return text

    assert find_thought(render, (), lambda tag: False) == Thought("<think>", "</think>", "</think>\n")


# A thought that is closed at once is a longer prompt: one family that packs branches, and the one that copies them.
@pytest.mark.parametrize(("name", "thinking"), [("qwen3_vl", 0), ("qwen3_5", 0), *((name, 6) for name in ALL)])
def test_reuse_and_batches_change_nothing(name, thinking):
    together = thinking_model(name, option_score="sum", thinking=thinking).ask(SYSTEM, views(), requests())
    for options in ({"prefix_cache": False}, {"batch_size": 1}):
        alone = thinking_model(name, option_score="sum", thinking=thinking, **options)
        replies = alone.ask(SYSTEM, views(), requests())
        assert [reply.error for reply in replies] == [reply.error for reply in together]
        same_replies([r for r in together if r.error is None], [r for r in replies if r.error is None])
    assert sum(reply.error is not None for reply in together) <= 1  # a random model may end its turn at once
    for request, reply in zip(requests(), together, strict=True):
        assert not request.options or list(reply.options) == list(request.options)
        assert request.grammar is None or (reply.error is None and admits(request.grammar, reply.text))


@pytest.mark.parametrize("thinking", [0, 9])
def test_options_are_scored_behind_the_closed_thought(thinking):
    """The reference: passes of the untouched model over the prompt, its own thought, the closing and the option."""
    model = thinking_model("qwen3_vl", option_score="sum", thinking=thinking)
    prompter = model.prompter
    built_prompts = prompter.prompts(SYSTEM, views(), ["What?"])
    inputs = dict(built_prompts.inputs)
    length = inputs["input_ids"].shape[1]
    if thinking:
        with torch.inference_mode():
            generated = model.model.generate(**inputs, max_new_tokens=thinking, do_sample=False, eos_token_id=1)
        ids = [*generated[0].tolist(), *prompter.tokenise(["\n</think>\n\n"])[0]]
        assert len(ids) > length + thinking
        inputs = extended(inputs, ids[length:])
    scores = []
    for option in OPTIONS:
        ids = [*prompter.tokenise([option])[0], prompter.end_token]
        with torch.inference_mode():
            logits = model.model(**extended(inputs, ids)).logits[0, -len(ids) - 1 : -1].log_softmax(-1)
        scores.append(logits.gather(-1, torch.tensor(ids)[:, None]).sum().item())
    total = torch.logsumexp(torch.tensor(scores), 0).item()
    [reply] = model.ask(SYSTEM, views(), [Request("What?", options=OPTIONS)])
    for option, score in zip(OPTIONS, scores, strict=True):
        assert math.log(reply.options[option]) == pytest.approx(score - total, abs=CLOSE)


def extended(inputs, ids):
    """Inputs that the processor made of a conversation, with ids of text added."""
    whole = {**inputs, "input_ids": torch.cat([inputs["input_ids"], torch.tensor([ids])], 1)}
    whole["attention_mask"] = torch.ones_like(whole["input_ids"])
    kinds = inputs.get("mm_token_type_ids")
    if kinds is not None:
        whole["mm_token_type_ids"] = torch.cat([kinds, torch.zeros(1, len(ids), dtype=kinds.dtype)], 1)
    return whole


class Scripted:
    """A tree whose model writes the given ids."""

    def __init__(self, ids):
        self.path, self.nodes, self.released = list(ids), [], []

    def add(self, parent, token, *, keep=True):
        self.nodes.append((parent, token))
        return len(self.nodes) - 1

    def release(self, node):
        self.released.append(node)

    def best(self, node):
        return self.path.pop(0), -0.1


def answer_behind(model, written, limit):
    """Decoded prompt behind which a question is answered after the model wrote the ids ``written``."""
    prompter, answer_prompts = model.prompter, []
    start = prompter.tokenise(["Q<think>\n"])[0]

    def answer(prompt):
        answer_prompts.append(prompt)
        return FreeTask(prompter, prompt, 5)

    tree = Scripted(written)
    task = ThoughtTask(prompter, Prompt(start, ""), prompter.thought, limit, answer)
    task.begin(tree, 0)
    while task.task is None:
        task.advance(tree)
    assert [token for _, token in tree.nodes] == answer_prompts[0].ids
    return prompter.tokenizer.decode(answer_prompts[0].ids, skip_special_tokens=False)


def test_a_thought_ends_by_its_tag_by_its_bound_or_with_the_turn():
    model = thinking_model("qwen3_vl")
    ids = model.prompter.tokenise(["I see.\n</think>\n\nyes"])[0]
    end = model.prompter.end_token
    assert answer_behind(model, ids, 500) == "Q<think>\nI see.\n</think>\n\n"
    assert (
        answer_behind(model, ids, 2)
        == "Q<think>\nI see"[: len("Q<think>\n")] + model.prompter.decode(ids[:2]) + "\n</think>\n\n"
    )
    assert answer_behind(model, [end], 500) == "Q<think>\n\n</think>\n\n"


def test_memory_of_a_thought_does_not_grow_with_copies():
    """Models that cannot pack branches keep a copy of their state where they branch, and not at every token."""
    copies = []
    run = CopiedTree.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CopiedTree, "run", lambda tree: (run(tree), copies.append(len(tree._caches)))[0])
        model = thinking_model("qwen3_5", thinking=12)
        replies = model.ask(SYSTEM, views(), [Request("What?", options=OPTIONS), Request("What?", max_new_tokens=12)])
    assert [reply.error for reply in replies] == [None, None]
    assert len(copies) > 12 and max(copies) <= 8


def test_a_reply_says_whether_the_bound_stopped_it():
    model = TransformersModel(*built("qwen3_vl"), name="tiny", revision="tiny")
    [short] = model.ask(SYSTEM, views(), [Request("The motion?", max_new_tokens=2)])
    assert short.truncated and short.text
    bounded = TransformersModel(
        *built("qwen3_vl"), name="tiny", revision="tiny", options=ModelOptions(max_new_tokens=3)
    )
    assert bounded.ask(SYSTEM, views(), [Request("The motion?", max_new_tokens=200)]) == model.ask(
        SYSTEM, views(), [Request("The motion?", max_new_tokens=3)]
    )
    thinking = thinking_model("qwen3_vl", thinking=2)
    two_requests = [Request("What?", options=OPTIONS), Request("units", grammar=UnitGrammar())]
    assert not any(reply.truncated for reply in thinking.ask(SYSTEM, views(), two_requests))


@pytest.mark.parametrize("length", [2, 3])
def test_an_answer_that_ends_right_at_its_bound_is_whole(length):
    model = thinking_model("qwen3_vl")
    prompter = model.prompter
    tree = Scripted([*prompter.tokenise(["yes no"])[0][:length], prompter.end_token])
    task = FreeTask(prompter, Prompt([1], ""), length)
    task.begin(tree, 0)
    while not task.advance(tree):
        pass
    assert not task.reply().truncated


def test_a_grammar_that_does_not_end_is_truncated():
    class Endless:
        def next(self, text):
            return ("a",)

    model = TransformersModel(*built("qwen3_vl"), name="tiny", revision="tiny")
    [reply] = model.ask(SYSTEM, views(), [Request("What?", grammar=Endless(), max_new_tokens=3)])
    assert reply.truncated and "lets no answer end" in reply.error and not reply.text


@pytest.mark.parametrize("name", ALL)
def test_training_learns_behind_the_same_closed_thought(name):
    """The row is the prompt of inference, the answer, and the turn's own end, though the template drops thoughts."""
    model = thinking_model(name)
    prompter = model.prompter
    row = encode_row(prompter, SYSTEM, views(), [Turn("What?", "no")])
    [prompt] = prompter.prompts(SYSTEM, views(), ["What?"]).prompts
    all_ids = [*row.inputs["input_ids"][0].tolist(), *row.ids]
    answer = [label for label in row.labels if label >= 0]
    assert answer[-1] == prompter.end_token == TransformersModel(*built(name), name="", revision="").prompter.end_token
    assert "</think>" in prompter.tokenizer.decode(all_ids[: len(all_ids) - len(answer)])
    assert prompter.tokenizer.decode(all_ids, skip_special_tokens=False).startswith(
        prompter.tokenizer.decode(prompt.ids, skip_special_tokens=False)
    )


def test_the_thought_is_kept_apart_and_ends_within_its_bound():
    model = thinking_model("qwen3_vl", thinking=6)
    replies = model.ask(SYSTEM, views(), requests())
    answered = [reply for reply in replies if reply.error is None]
    assert answered and all(reply.thought is not None and reply.text not in ("", reply.thought) for reply in answered)
    shorter = thinking_model("qwen3_vl", thinking=2).ask(SYSTEM, views(), requests())
    for short, long in zip(shorter, replies, strict=True):
        if short.error is None and long.error is None:
            assert len(short.thought) < len(long.thought) and long.thought.startswith(short.thought.rstrip("\ufffd"))
    assert all(reply.thought is None for reply in thinking_model("qwen3_vl").ask(SYSTEM, views(), requests()))
    drawn = [replace(request, draw=Draw(2.0, (1, number))) for number, request in enumerate(requests())]
    assert [reply.thought for reply in model.ask(SYSTEM, views(), drawn)] != [reply.thought for reply in replies]
