"""A packed row computes what separate rows would, and what the untouched model does with the processor's own ids."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
import transformers as tf
from peft import LoraConfig, get_peft_model
from tiny import SYSTEM, built, views
from tiny_rows import (
    ALL,
    TURNS,
    encoder,
    fresh,
    gradients,
    loss_and_gradients,
    plain_loss,
    same_gradients,
    uneven_rows,
)
from transformers import AttentionInterface

from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import IGNORED, Turn, collate, encode_row, unpack
from mevqa.training.trainer.trained_parts import part_of

ATTENTION = ("eager", "sdpa")
#: Relative difference of losses in float32.
CLOSE = 1e-5
#: Families of which a row can hold several questions.
PACKING = [name for name in ALL if name != "qwen3_5"]


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("name", ALL)
def test_packed_and_unpacked_rows_have_the_loss_and_gradients_of_the_plain_model(name, attention):
    """Every weight is trained: gradients reach the vision tower and the projector through all questions at once."""
    model = fresh(name, attention).model
    rows = uneven_rows(name)
    row_views = [views(0, 2), views(1, 1)]
    row_turns = [TURNS, TURNS[1:3]]
    expected = sum(
        plain_loss(model, name, v, turn) for v, turns in zip(row_views, row_turns, strict=True) for turn in turns
    )
    expected.backward()
    reference = gradients(PackedModel(model))
    packed = PackedModel(model)
    assert packed.packs == (name in PACKING) and not packed.reader.frozen
    for packed_rows in (rows, [part for row in rows for part in unpack(row)]):
        loss, packed_gradients = loss_and_gradients(packed, packed_rows)
        assert loss == pytest.approx(float(expected.detach()), rel=CLOSE)
        same_gradients(packed_gradients, reference)
    assert any("vision" in key or "visual" in key for key in reference)


@pytest.mark.parametrize("name", ALL)
def test_gradients_of_an_adapter_are_the_same_packed_and_unpacked(name):
    """The language model is adapted, everything else frozen: the prefix is read without gradients."""
    model = get_peft_model(fresh(name).model, LoraConfig(r=4, target_modules=r".*(q_proj|down_proj|in_proj_qkv)"))
    for key, parameter in model.named_parameters():
        if part_of(key.replace("lora_", "")) == "vision":
            parameter.requires_grad_(False)
        elif parameter.requires_grad:
            parameter.data.normal_(0, 0.1)
    packed = PackedModel(model)
    assert packed.reader.frozen
    rows = uneven_rows(name)
    loss, packed_gradients = loss_and_gradients(packed, rows)
    alone, other = loss_and_gradients(packed, [part for row in rows for part in unpack(row)])
    assert loss == pytest.approx(alone, rel=CLOSE)
    assert packed_gradients and all("lora_" in key for key in packed_gradients)
    same_gradients(packed_gradients, other)
    # And they are those that flow when nothing of the prefix is cut from the graph.
    for key, parameter in model.named_parameters():
        if part_of(key) == "projector":
            parameter.requires_grad_(True)
    whole = PackedModel(model)
    assert not whole.reader.frozen
    _, through = loss_and_gradients(whole, rows)
    assert len(through) > len(packed_gradients)
    same_gradients(packed_gradients, {key: through[key] for key in packed_gradients})


@pytest.mark.parametrize("name", PACKING)
def test_questions_do_not_see_each_other(name):
    own = encoder(name)
    changed = [TURNS[0], replace(TURNS[1], text="Which are the action units of the face?"), *TURNS[2:]]
    packed = PackedModel(fresh(name).model)
    before, after = (own(SYSTEM, views(), turns) for turns in (TURNS, changed))
    with torch.no_grad():
        logits_before, logits_after = (packed.answer_logits(collate([row])) for row in (before, after))
    learned = [g for g, label in zip(before.groups, before.labels, strict=True) if label != IGNORED]
    assert learned == [g for g, label in zip(after.groups, after.labels, strict=True) if label != IGNORED]
    moved = [float((a - b).abs().max()) for a, b in zip(logits_before, logits_after, strict=True)]
    assert max(d for d, group in zip(moved, learned, strict=True) if group != 2) < 1e-4
    assert min(d for d, group in zip(moved, learned, strict=True) if group == 2) > 1e-2


@pytest.mark.parametrize("name", ALL)
def test_rows_do_not_see_each_other(name):
    packed = PackedModel(fresh(name).model)
    rows = uneven_rows(name)
    with torch.no_grad():
        together = packed.answer_logits(collate(rows))
        alone = torch.cat([packed.answer_logits(collate([row])) for row in rows])
    assert torch.allclose(together, alone, atol=1e-4)


def test_windows_are_shorter_than_the_prompt():
    """The comparisons above test sliding windows only where the window ends within the prompt."""
    model, _ = built("gemma3")
    row = uneven_rows("gemma3")[0]
    assert model.config.text_config.sliding_window < row.prefix


@pytest.mark.parametrize("attention", ATTENTION)
def test_windows_of_decoders_without_layer_types_are_counted_in_the_questions_own_tokens(attention):
    model, processor = built("llava")
    sizes = {
        key: getattr(model.config.text_config, key)
        for key in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    }
    config = tf.LlavaConfig(
        vision_config=model.config.vision_config,
        text_config=tf.MistralConfig(**sizes, num_key_value_heads=2, sliding_window=11, eos_token_id=2),
        image_token_index=model.config.image_token_index,
        image_seq_length=16,
    )
    torch.manual_seed(0)
    windowed = tf.LlavaForConditionalGeneration(config)
    with torch.no_grad():
        for parameter in windowed.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.15)
    windowed.set_attn_implementation(attention)
    loss, packed_gradients = loss_and_gradients(PackedModel(windowed), uneven_rows("llava"))
    windowed.zero_grad()
    expected = sum(plain_loss(windowed, "llava", views(0, 2), turn) for turn in TURNS)
    expected = expected + sum(plain_loss(windowed, "llava", views(1, 1), turn) for turn in TURNS[1:3])
    expected.backward()
    assert loss == pytest.approx(float(expected.detach()), rel=CLOSE)
    same_gradients(packed_gradients, gradients(PackedModel(windowed)))
    config.text_config.sliding_window = 10_000
    assert loss != pytest.approx(loss_and_gradients(PackedModel(windowed), uneven_rows("llava"))[0], rel=1e-3)


class Capped(tf.LlavaForConditionalGeneration):
    """Caps its logits, as Gemma 3n does behind its head; others of its kin do not."""

    def forward(self, *args, **kwargs):
        output = super().forward(*args, **kwargs)
        output.logits = 3 * torch.tanh(output.logits / 3)
        return output


def test_logits_are_made_as_the_model_itself_makes_them():
    row = encoder("llava")(SYSTEM, views(), TURNS)
    model = fresh("llava").model
    with torch.no_grad():
        plain = PackedModel(model)(collate([row]))["loss"]
        model.__class__ = Capped
        capped = PackedModel(model)(collate([row]))["loss"]
        expected = sum(plain_loss(model, "llava", views(), turn) for turn in TURNS)
    assert float(capped) == pytest.approx(float(expected), rel=CLOSE)
    assert float(capped) < float(plain) - 1
    # Gemma 3 has the setting and does without in its model for pictures.
    row = encoder("gemma3")(SYSTEM, views(), TURNS)
    model = fresh("gemma3").model
    model.config.text_config.final_logit_softcapping = 3.0
    with torch.no_grad():
        loss = PackedModel(model)(collate([row]))["loss"]
        expected = sum(plain_loss(model, "gemma3", views(), turn) for turn in TURNS)
    assert float(loss) == pytest.approx(float(expected), rel=CLOSE)


def test_label_smoothing_is_torchs():
    row = encoder("llava")(SYSTEM, views(), [replace(turn, weight=1.0) for turn in TURNS])
    model = fresh("llava").model
    with torch.no_grad():
        smooth = PackedModel(model, smoothing=0.1)
        result = smooth(collate([row]))
        logits = smooth.answer_logits(collate([row]))
    labels = torch.tensor([label for label in row.labels if label != IGNORED])
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    assert float(result["loss"] / result["weight"]) == pytest.approx(float(expected), rel=1e-6)
    assert float(result["weight"]) == len(labels)


def test_loss_is_weighted_by_answer():
    own = encoder("llava")
    packed = PackedModel(fresh("llava").model)
    with torch.no_grad():
        whole = packed(collate([own(SYSTEM, views(), TURNS)]))
        parts = [packed(collate([own(SYSTEM, views(), [replace(t, weight=1.0)])])) for t in TURNS]
    assert float(whole["loss"]) == pytest.approx(
        sum(turn.weight * float(part["loss"]) for turn, part in zip(TURNS, parts, strict=True)), rel=CLOSE
    )
    assert float(whole["weight"]) == pytest.approx(
        sum(turn.weight * float(part["weight"]) for turn, part in zip(TURNS, parts, strict=True))
    )


@pytest.mark.parametrize("name", ["gemma3", "qwen3_vl", "smolvlm"])
def test_half_precision_arithmetic_is_near_that_of_float32(name):
    packed = PackedModel(fresh(name, "sdpa").model)
    rows = uneven_rows(name)
    exact, reference = loss_and_gradients(packed, rows)
    packed.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = packed(collate(rows))["loss"]
    loss.backward()
    assert float(loss.detach()) == pytest.approx(exact, rel=0.05)
    half = gradients(packed)
    assert half.keys() == reference.keys()
    assert all(torch.isfinite(value).all() for value in half.values())


@pytest.mark.parametrize("name", ["gemma3", "qwen3_vl", "llava", "qwen3_5"])
def test_checkpointed_activations_change_nothing(name):
    rows = uneven_rows(name)
    plain = PackedModel(fresh(name).model).train()
    loss, plain_gradients = loss_and_gradients(plain, rows)
    saving = PackedModel(fresh(name).model).train()
    saving.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    assert saving.base.is_gradient_checkpointing
    less, other = loss_and_gradients(saving, rows)
    assert less == loss
    same_gradients(plain_gradients, other, close=0.0)


@pytest.mark.parametrize("checkpointed", [False, True])
def test_a_kind_of_attention_that_takes_no_mask_is_not_given_one(checkpointed):
    """Flash attention is such a kind; with checkpointed activations the backward pass attends once more."""

    def maskless(module, query, key, value, attention_mask, **options):
        assert attention_mask is None, "this kind of attention takes no explicit mask"
        return tf.integrations.sdpa_attention.sdpa_attention_forward(module, query, key, value, None, **options)

    AttentionInterface.register("maskless", maskless)
    rows = uneven_rows("llava")
    loss, expected = loss_and_gradients(PackedModel(fresh("llava", "sdpa").model).train(), rows)
    model = fresh("llava", "sdpa").model
    model.model.language_model.config._attn_implementation_internal = "maskless"
    packed = PackedModel(model).train()
    if checkpointed:
        packed.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    other, theirs = loss_and_gradients(packed, rows)
    assert other == pytest.approx(loss, rel=1e-6)
    same_gradients(expected, theirs)


def test_a_row_of_one_question_without_pictures_is_a_row_too():
    own = partial(encode_row, fresh("qwen2_5_vl").prompter)
    row = own(SYSTEM, [], [Turn("What is a face?", "yes")])
    model = fresh("qwen2_5_vl").model
    with torch.no_grad():
        loss = PackedModel(model)(collate([row]))["loss"]
        expected = plain_loss(model, "qwen2_5_vl", [], Turn("What is a face?", "yes"))
    assert float(loss) == pytest.approx(float(expected), rel=CLOSE)


def test_the_wrapped_model_is_left_as_it_was():
    model = fresh("llava").model
    before = copy.deepcopy(model.state_dict())
    packed = PackedModel(model)
    loss_and_gradients(packed, uneven_rows("llava"))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert {name for name, _ in packed.named_parameters()} == {f"model.{name}" for name, _ in model.named_parameters()}


def test_trainer_is_told_where_a_spread_model_is():
    model = fresh("llava").model
    assert not hasattr(PackedModel(model), "hf_device_map")
    model.hf_device_map = {"model.vision_tower": 0, "model.language_model": 1}
    assert PackedModel(model).hf_device_map == model.hf_device_map
