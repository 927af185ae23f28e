"""The tokens that a model is trained on are those that it is asked with, and labels mark the answer alone."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import OPTIONS, SYSTEM, UnitGrammar, built, views, wrapped
from tiny_rows import ALL, TURNS, answer_length, encoder, row_ids, uneven_rows, whole_inputs

from mevqa.models.transformers.generation.options import OptionTask
from mevqa.models.transformers.generation.spelling import Speller
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.prompts.conversation import messages
from mevqa.training.packing.rows import FILL, IGNORED, PREFIX, Turn, collate, encode_row, unpack, visible


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", ALL)
def test_a_row_holds_the_processors_own_conversation_up_to_the_end_of_the_answers_turn(name, count):
    row = encoder(name)(SYSTEM, views(0, count), TURNS)
    for group, turn in enumerate(TURNS, start=1):
        assert row_ids(row, group) == whole_inputs(name, views(0, count), turn)["input_ids"][0].tolist()


@pytest.mark.parametrize("name", ALL)
def test_pictures_and_their_masks_are_the_processors(name):
    row = encoder(name)(SYSTEM, views(0, 2), TURNS)
    whole = whole_inputs(name, views(0, 2), TURNS[0])
    compared = [key for key in row.inputs if key not in ("input_ids", "attention_mask")]
    assert any("pixel" in key for key in compared)
    for key in compared:
        own, theirs = row.inputs[key], whole[key]
        assert torch.equal(own, theirs[:, : own.shape[1]] if own.shape == (1, row.prefix) else theirs)


@pytest.mark.parametrize("name", ALL)
def test_labels_mark_the_answer_and_the_end_of_its_turn(name):
    (first, _) = uneven_rows(name)
    for group, turn in enumerate(TURNS, start=1):
        own = [place for place, other in enumerate(first.groups) if other == group]
        ids, labels = [first.ids[place] for place in own], [first.labels[place] for place in own]
        length = answer_length(name, turn)
        marked = [place for place, label in enumerate(labels) if label != IGNORED]
        # Each token of the answer is the label of the token before it; the last token says nothing.
        assert marked == list(range(len(own) - length - 1, len(own) - 1))
        assert [labels[place] for place in marked] == ids[-length:]
        assert ids[-1] == wrapped(name).processor.tokenizer.eos_token_id
        weights = [first.weights[place] for place in own]
        assert all(weight == (turn.weight if place in marked else 0.0) for place, weight in enumerate(weights))
        assert [first.positions[place] for place in own] == list(range(len(own)))


@pytest.mark.parametrize("name", ALL)
def test_an_option_is_trained_as_it_is_scored(name):
    prompter = wrapped(name).prompter
    for option in OPTIONS:
        turn = Turn(TURNS[0].text, option)
        row = encoder(name)(SYSTEM, views(), [turn, *TURNS[1:]])
        prompt = prompter.prompts(SYSTEM, views(), [turn.text]).prompts[0]
        task = OptionTask(prompter, prompt, OPTIONS)
        scored = task.prompt + task._ids[OPTIONS.index(option)]
        assert row_ids(row, 1) == [*scored, prompter.end_token]
        assert prompter.end_token in prompter.stop_tokens


@pytest.mark.parametrize("name", ALL)
def test_a_list_is_trained_as_its_grammar_spells_it(name):
    """The grammar writes an answer segment by segment; the tokens are those of the whole answer in its place."""
    prompter = wrapped(name).prompter
    turn = TURNS[1]
    prompt = prompter.prompts(SYSTEM, views(), [turn.text]).prompts[0]
    speller, grammar = Speller(prompter), UnitGrammar()
    back, spelled = speller.begin(prompt.context, grammar.next(""))
    units = turn.answer.split(", ")
    hypothesis = next(candidate for candidate in spelled if candidate.text == units[0])
    for segment in (", ", *units[1:]):
        (hypothesis,) = speller.extend(prompt.context, back, hypothesis, [segment])
    assert hypothesis.text == turn.answer
    asked = prompt.ids[: len(prompt.ids) - back] + list(hypothesis.ids)
    row = encoder(name)(SYSTEM, views(), TURNS)
    assert row_ids(row, 2) == [*asked, prompter.end_token]


def test_an_answer_that_merges_with_the_end_of_the_prompt_is_trained_merged():
    """A prompt that ends with a space: the tokeniser gives the space to the word that follows."""
    model, processor = built("llava")
    spaced = copy.deepcopy(processor)
    spaced.chat_template = spaced.chat_template.replace("ASSISTANT:{% endif %}", "ASSISTANT: {% endif %}")
    made = TransformersModel(model, spaced, name="spaced", revision="tiny")
    back, _ = made.prompter.answers(made.prompter.prompts(SYSTEM, [], ["The face"]).prompts[0].context, ["negative"])
    assert back == 1
    row = encode_row(made.prompter, SYSTEM, [], TURNS)
    for group, turn in enumerate(TURNS, start=1):
        conversation = messages(SYSTEM, [], turn.text, answer=turn.answer)
        text = spaced.apply_chat_template(conversation, tokenize=False).rstrip()
        whole = spaced.tokenizer(text, add_special_tokens=True)["input_ids"]
        assert row_ids(row, group) == [*whole, spaced.tokenizer.eos_token_id]


@pytest.mark.parametrize("name", ALL)
def test_unpacked_rows_are_the_questions_of_the_packed_one(name):
    row = uneven_rows(name)[0]
    parts = unpack(row)
    assert len(parts) == len(TURNS)
    for group, part in enumerate(parts, start=1):
        assert set(part.groups) == {1} and part.prefix == row.prefix
        assert row_ids(part, 1) == row_ids(row, group)
        for field in ("positions", "labels", "weights"):
            packed = [v for v, own in zip(getattr(row, field), row.groups, strict=True) if own == group]
            assert getattr(part, field) == packed


def test_one_question_alone_leaves_a_token_to_say_the_first_of_the_answer():
    row = encoder("qwen2_5_vl")(SYSTEM, views(), TURNS[:1])
    assert row.labels[0] == row.ids[1] != IGNORED
    assert row.prefix + 1 == len(row_ids(row, 1)) - answer_length("qwen2_5_vl", TURNS[0])


def test_rows_are_filled_up_with_what_nobody_learns_or_sees():
    rows = uneven_rows("llava")
    batch = collate(rows)
    short = len(rows[1].ids)
    assert batch.ids.shape == (2, len(rows[0].ids)) and short < len(rows[0].ids)
    assert (batch.groups[1, short:] == FILL).all() and (batch.labels[1, short:] == IGNORED).all()
    assert (batch.weights[1, short:] == 0).all()
    moved = batch.to("cpu", non_blocking=True)
    assert torch.equal(moved.groups, batch.groups) and moved.keys == batch.keys


def test_targets_of_other_losses_are_stacked():
    own = encoder("llava")
    rows = [own(SYSTEM, views(), TURNS, extras={"class": torch.tensor(n)}) for n in (3, 1)]
    assert collate(rows).extras["class"].tolist() == [3, 1]


#: Rows as they come: a prefix, questions, and what fills up before and behind them.
layouts = st.tuples(
    st.integers(0, 4), st.integers(0, 3), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 3)
)


@given(layouts)
def test_a_token_sees_the_prefix_and_its_own_question_up_to_itself(layout):
    prefix, gap, questions, rest = layout
    groups = [PREFIX] * prefix + [FILL] * gap
    for number, length in enumerate(questions, start=1):
        groups += [number] * length
    groups += [FILL] * rest
    sees = visible(torch.tensor([groups]))[0]
    for token, own in enumerate(groups):
        for other, theirs in enumerate(groups):
            expected = token == other or (other < token and theirs != FILL and theirs in (PREFIX, own))
            assert bool(sees[token, other]) == expected
