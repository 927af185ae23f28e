"""Inputs of the language model are computed once where they are frozen, and never for the wrong prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import SYSTEM, views
from tiny_rows import ALL, TURNS, encoder, fresh, loss_and_gradients, same_gradients
from torch import nn

from mevqa.errors import ModelError
from mevqa.training.packing.decoder_inputs import PrefixReader
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Turn, collate
from mevqa.training.trainer.health import without_dropout
from mevqa.training.trainer.trained_parts import part_of

PLENTY = 2**30


class Calls:
    """Counts how often the vision tower is run, and on how many pictures or patches."""

    def __init__(self, model: nn.Module) -> None:
        # The projector may be inside the tower, as Qwen's is: the outermost module that is none is counted.
        name = next(n for n, m in model.named_modules() if n.endswith(("vision_tower", "vision_model", "visual")))
        self.count = 0
        model.get_submodule(name).register_forward_pre_hook(self._count)

    def _count(self, module: nn.Module, args: object) -> None:
        self.count += 1


def place_of(name: str) -> str:
    """The part in which a weight is, an adapter's too."""
    return part_of(name.replace("lora_", ""))


def adapted(name: str, memory: int) -> PackedModel:
    """A tiny model whose language model alone is adapted, by weights that already matter."""
    config = LoraConfig(r=4, target_modules=r".*(q_proj|down_proj|in_proj_qkv)")
    model = get_peft_model(fresh(name).model, config)
    torch.manual_seed(1)
    for key, parameter in model.named_parameters():
        if place_of(key) == "vision":
            parameter.requires_grad_(False)
        elif parameter.requires_grad:
            parameter.data.normal_(0, 0.1)
    return PackedModel(model, memory=memory)


def clip_rows(name: str, count: int = 3):
    """Rows of different clips, with keys."""
    own = encoder(name)
    return [own(SYSTEM, views(n, 1 + n % 2), TURNS[: 2 + n], key=(f"clip{n}", 0)) for n in range(count)]


@pytest.mark.parametrize("name", ALL)
def test_frozen_features_are_computed_once_and_change_neither_loss_nor_gradients(name):
    cached, anew = adapted(name, PLENTY), adapted(name, 0)
    rows = clip_rows(name)
    counts = [Calls(model.base) for model in (cached, anew)]
    for _ in range(3):
        loss, remembered = loss_and_gradients(cached, rows)
        other, reference = loss_and_gradients(anew, rows)
        assert loss == pytest.approx(other, rel=1e-6)
        same_gradients(remembered, reference)
    assert cached.reader.frozen
    assert counts[0].count == len(rows)
    assert counts[1].count > len(rows)


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "gemma3"])
def test_no_bit_of_remembered_features_depends_on_the_clips_beside_them(name):
    """So an interrupted training, which computes them again among others, goes on exactly as it would have."""
    rows = clip_rows(name)
    first, second = adapted(name, PLENTY), adapted(name, PLENTY)
    with torch.no_grad():
        first(collate(rows))
        second(collate(rows[::-1]))
        for row in rows:
            alone = [model(collate([row]))["loss"] for model in (first, second, adapted(name, PLENTY))]
            assert alone[0] == alone[1] == alone[2]


def test_clips_without_a_key_are_new_every_time():
    model = adapted("llava", PLENTY)
    rows = [replace(row, key=None) for row in clip_rows("llava", 2)]
    calls = Calls(model.base)
    for _ in range(2):
        loss_and_gradients(model, rows)
    # Their prefixes have different shapes, or they would go together.
    assert calls.count == 4
    same = [replace(rows[0], inputs=row.inputs, prefix=row.prefix) for row in (rows[0], rows[0])]
    loss_and_gradients(model, same)
    assert calls.count == 5


def test_versions_of_a_clip_have_features_of_their_own():
    model = adapted("llava", PLENTY)
    own = encoder("llava")
    versions = [own(SYSTEM, views(seed), TURNS, key=("clip", seed)) for seed in (0, 1)]
    with torch.no_grad():
        losses = [float(model(collate([row]))["loss"]) for row in versions]
        again = [float(model(collate([row]))["loss"]) for row in versions]
    assert losses == again and losses[0] != losses[1]


def test_other_questions_of_a_clip_never_meet_the_prefix_of_the_first_ones():
    """What two questions share belongs to the prefix; two other questions may share as many other words."""
    own = encoder("qwen2_5_vl")
    first_turns = [Turn("Is the lip corner puller shown?", "yes"), Turn("Is the lip corner stretcher shown?", "no")]
    second_turns = [
        Turn("Is the cheek raiser puller shown?", "no"),
        Turn("Is the cheek raiser stretcher shown?", "yes"),
    ]
    rows = [own(SYSTEM, views(), turns, key=("clip", 0)) for turns in (first_turns, second_turns)]
    # One question alone shares everything but its last token with itself.
    rows += [own(SYSTEM, views(), [turn], key=("clip", 0)) for turn in (*first_turns, *second_turns)]
    lengths = [row.prefix for row in rows]
    assert len(set(lengths)) < len(lengths)
    cached, anew = adapted("qwen2_5_vl", PLENTY), adapted("qwen2_5_vl", 0)
    with torch.no_grad():
        for row in rows:
            assert float(cached(collate([row]))["loss"]) == pytest.approx(float(anew(collate([row]))["loss"]), rel=1e-6)


def test_the_same_clip_twice_in_a_batch_is_computed_and_counted_once():
    model = adapted("llava", PLENTY)
    row = clip_rows("llava", 1)[0]
    calls = Calls(model.base)
    with torch.no_grad():
        twice = float(model(collate([row, row]))["loss"])
        once = float(model(collate([row]))["loss"])
    assert calls.count == 1
    assert twice == pytest.approx(2 * once, rel=1e-6)
    reader = model.reader
    assert reader._bytes == sum(known.size() for known in reader._known.values()) > 0


def test_memory_is_bounded_and_the_longest_unused_clip_is_forgotten_first():
    rows = clip_rows("llava", 5)
    model = adapted("llava", PLENTY)
    with torch.no_grad():
        model(collate(rows[:2]))
    size = model.reader._bytes
    assert size > 0
    bounded = adapted("llava", size)
    calls = Calls(bounded.base)
    with torch.no_grad():
        for _ in range(3):
            for row in rows:
                bounded(collate([row, row]))
                kept = bounded.reader._known.values()
                held = sum(t.untyped_storage().nbytes() for k in kept for t in (k.embeds, *k.sees.values()))
                assert bounded.reader._bytes <= size and held <= size
        before = calls.count
        bounded(collate([rows[-1]]))
        assert calls.count == before
        bounded(collate([rows[0]]))
        assert calls.count == before + 1
    small = adapted("llava", 1000)
    with torch.no_grad():
        small(collate(rows))
    assert small.reader._bytes == 0 and not small.reader._known


@pytest.mark.parametrize("trained", ["projector", "vision", "embeddings", "adapter in the vision tower"])
@pytest.mark.parametrize("name", ["llava", "qwen2_5_vl"])
def test_nothing_is_remembered_of_what_is_trained(name, trained):
    targets = r".*(q_proj|down_proj|qkv|fc1)" if trained == "adapter in the vision tower" else r".*(down_proj)"
    model = get_peft_model(fresh(name).model, LoraConfig(r=4, target_modules=targets))
    for key, parameter in model.named_parameters():
        if (
            trained in ("projector", "vision")
            and part_of(key) == trained
            or trained == "embeddings"
            and "embed_tokens" in key
        ):
            parameter.requires_grad_(True)
        elif trained != "adapter in the vision tower" and place_of(key) == "vision":
            parameter.requires_grad_(False)
    packed = PackedModel(model, memory=PLENTY)
    assert not packed.reader.frozen
    rows = clip_rows(name, 2)
    calls = Calls(packed.base)
    optimizer = torch.optim.SGD([p for p in packed.parameters() if p.requires_grad], lr=0.05)
    losses = []
    for _ in range(3):
        loss, latest = loss_and_gradients(packed, rows)
        losses.append(loss)
        optimizer.step()
    assert calls.count == 6 and not packed.reader._known
    assert len(set(losses)) == 3
    if trained == "adapter in the vision tower":
        assert any(place_of(key) == "vision" and value.abs().max() > 0 for key, value in latest.items())


def test_a_language_model_that_is_trained_as_a_whole_leaves_frozen_features_frozen():
    model = fresh("llava").model
    for key, parameter in model.named_parameters():
        parameter.requires_grad_(part_of(key) == "language" and "embed_tokens" not in key)
    packed = PackedModel(model, memory=PLENTY)
    assert packed.reader.frozen
    calls = Calls(model)
    for _ in range(2):
        loss_and_gradients(packed, clip_rows("llava", 2))
    assert calls.count == 2


def test_frozen_parts_see_without_dropout_and_every_module_keeps_its_mode():
    model = fresh("llava").model
    for module in model.model.vision_tower.modules():
        if hasattr(module, "dropout") and isinstance(module.dropout, float):
            module.dropout = 0.5
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.lm_head.weight.requires_grad_(True)
    packed = PackedModel(model, memory=0).train()
    model.model.language_model.layers[0].mlp.eval()
    modes = {key: module.training for key, module in packed.named_modules()}
    rows = clip_rows("llava", 2)
    losses = {loss_and_gradients(packed, rows)[0] for _ in range(3)}
    assert len(losses) == 1
    assert {key: module.training for key, module in packed.named_modules()} == modes
    with without_dropout(packed):
        model.model.language_model.layers[1].mlp.training = True
        packed(collate(rows))
        assert model.model.language_model.layers[1].mlp.training and not model.model.language_model.training


def test_what_packing_does_not_know_is_refused():
    """A language model that takes more than embeddings, positions and masks would silently miss it."""
    model = fresh("llava").model
    inner = model.model.language_model
    original = inner.forward
    inner.forward = lambda **kwargs: original(**kwargs)

    def add(module, args, kwargs):
        return args, {**kwargs, "per_layer_inputs": torch.ones(1, 2)}

    inner.register_forward_pre_hook(add, with_kwargs=True)
    rows = clip_rows("llava", 1)
    reader = PrefixReader(model, 0)
    with pytest.raises(ModelError, match="per_layer_inputs besides embeddings; packing does not know it"):
        reader.read([row.inputs for row in rows], [None])
