"""Which weights are trained, at which rate, and what stays as it is."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from adapters import families
from tiny_rows import ALL, fresh, loss_and_gradients, uneven_rows

from mevqa.errors import ModelError
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipes.recipe import Lora, Rates, Recipe
from mevqa.training.trainer.trained_parts import (
    count_parameters,
    parameter_groups,
    part_of,
    prepare,
    target_modules,
    trained,
)

#: How the families call the first weights of vision tower, projector and language model.
NAMES = {
    "llava": ("model.vision_tower.", "model.multi_modal_projector.", "model.language_model."),
    "qwen2_5_vl": ("model.visual.blocks.", "model.visual.merger.", "model.language_model."),
    "qwen3_vl": ("model.visual.blocks.", "model.visual.deepstack_merger_list.", "model.language_model."),
    "qwen3_5": ("model.visual.blocks.", "model.visual.merger.", "model.language_model."),
    "smolvlm": ("model.vision_model.", "model.connector.", "model.text_model."),
    "llava_onevision": ("model.vision_tower.", "model.multi_modal_projector.", "model.language_model."),
    "internvl": ("model.vision_tower.", "model.multi_modal_projector.", "model.language_model."),
    "gemma3": ("model.vision_tower.", "model.multi_modal_projector.", "model.language_model."),
}


def recipe(lora: Lora | None = None, **rates: float) -> Recipe:
    if lora is not None:
        rates.setdefault("adapter", 1e-3)
    return Recipe(model="tiny", lora=lora, rates=Rates(**rates), steps=1)


def step(model: PackedModel, settings: Recipe, name: str) -> None:
    """One step of the optimiser at the recipe's rates."""
    loss_and_gradients(model, uneven_rows(name))
    torch.optim.AdamW(parameter_groups(model, settings)).step()


def moved(model: torch.nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    return {key for key, value in model.named_parameters() if not torch.equal(value, before[key])}


@pytest.mark.parametrize("name", ALL)
def test_every_weight_belongs_to_the_part_that_its_family_gives_it(name):
    model = fresh(name).model
    vision, projector, language = NAMES[name]
    for key, _ in model.named_parameters():
        part = part_of(key)
        assert (part == "projector") == ("merger" in key or "image_newline" in key or key.startswith(projector))
        assert (part == "language") == key.startswith((language, "lm_head"))
        if key.startswith(vision):
            assert part == "vision"
    assert {part_of(key) for key, _ in model.named_parameters()} == {"vision", "projector", "language"}


@pytest.mark.parametrize("name", ALL)
def test_all_linear_in_the_language_model_leaves_vision_projector_and_head_alone(name):
    model = fresh(name).model
    targets = target_modules(model, ["language"])
    prefix = NAMES[name][2] + "layers."
    assert targets and all(target.startswith(prefix) for target in targets)
    linear = {key for key, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    assert set(targets) == {key for key in linear if key.startswith(prefix)}
    assert model.get_output_embeddings() in [model.get_submodule(key) for key in linear]
    everything = target_modules(model, ["everything"])
    assert set(everything) == {key for key in linear if model.get_submodule(key) is not model.get_output_embeddings()}
    assert any(part_of(key) == "vision" for key in everything)


@pytest.mark.parametrize("name", ALL)
def test_an_adapter_alone_moves_the_adapter_alone(name):
    settings = recipe(Lora(rank=4))
    model = PackedModel(prepare(fresh(name).model, settings, base_name="base"))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    for _ in range(2):  # lora_A first moves when lora_B is no longer 0
        step(model, settings, name)
    changed = moved(model, before)
    adapter = {key for key in before if "lora_" in key}
    assert changed == adapter and adapter
    assert all(part_of(key.replace("lora_", "")) == "language" for key in adapter)
    assert count_parameters(model) == {
        "adapter": sum(before[key].numel() for key in adapter),
        "all": sum(value.numel() for value in before.values()),
    }


@pytest.mark.parametrize("parts", [("projector",), ("vision",), ("projector", "vision")])
@pytest.mark.parametrize("name", ALL)
def test_projector_and_vision_tower_are_trained_beside_an_adapter_where_the_recipe_says_so(name, parts):
    settings = recipe(Lora(rank=4), **dict.fromkeys(parts, 1e-4))
    model = PackedModel(prepare(fresh(name).model, settings, base_name="base"))
    assert not model.reader.frozen
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    plain = {key: part_of(key) for key, _ in fresh(name).model.named_parameters()}
    counts = count_parameters(model)
    # A weight that is no module's of its own (a line break between tiles) is not kept by an adapter.
    loose = {key for key in plain if key == "model.image_newline"}
    for part in ("projector", "vision"):
        sizes = [
            value.numel()
            for key, value in fresh(name).model.named_parameters()
            if plain[key] == part and key not in loose
        ]
        assert counts.get(part, 0) == (sum(sizes) if part in parts else 0)
    step(model, settings, name)
    changed = {part_of(key) for key in moved(model, before)}
    assert changed == {"adapter", *parts}


@pytest.mark.parametrize("name", ["qwen3_vl", "llava"])
def test_weights_that_are_kept_beside_an_adapter_come_back_with_it(name, tmp_path):
    from peft import PeftModel

    settings = recipe(Lora(rank=4), projector=1e-2, vision=1e-2)
    model = PackedModel(prepare(fresh(name).model, settings, base_name="base"))
    for _ in range(2):
        step(model, settings, name)
    model.model.save_pretrained(tmp_path)
    again = PackedModel(PeftModel.from_pretrained(fresh(name).model, str(tmp_path)))
    rows = uneven_rows(name)
    with torch.no_grad():
        from mevqa.training.packing.rows import collate

        own, loaded, base = (
            float(each.eval()(collate(rows))["loss"]) for each in (model, again, PackedModel(fresh(name).model))
        )
    assert loaded == pytest.approx(own, rel=1e-6)
    assert abs(base - own) > 0.1


@pytest.mark.parametrize("rates", [{"language": 1e-3}, {"projector": 1e-3}, {"vision": 1e-3, "language": 1e-4}])
@pytest.mark.parametrize("name", ["llava", "qwen2_5_vl"])
def test_without_an_adapter_the_parts_themselves_are_trained_and_the_others_frozen(name, rates):
    settings = recipe(**rates)
    model = PackedModel(prepare(fresh(name).model, settings, base_name="base"))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    assert {part_of(key) for key, _ in trained(model)} == set(rates)
    step(model, settings, name)
    assert {part_of(key) for key in moved(model, before)} == set(rates)


def test_each_part_has_its_own_rate_and_norms_do_not_decay():
    settings = recipe(Lora(rank=4), adapter=3e-4, projector=2e-5, vision=1e-6).model_copy(update={"decay": 0.1})
    model = PackedModel(prepare(fresh("llava").model, settings, base_name="base"))
    groups = parameter_groups(model, settings)
    rates = {group["part"]: group["lr"] for group in groups}
    assert rates == {"adapter": 3e-4, "projector": 2e-5, "vision": 1e-6}
    of = {id(parameter): group for group in groups for parameter in group["params"]}
    assert len(of) == len(list(trained(model)))
    for key, parameter in trained(model):
        assert of[id(parameter)]["part"] == part_of(key)
        assert of[id(parameter)]["weight_decay"] == (0.1 if parameter.ndim > 1 else 0.0)
    # And they are what moves the weights: the step of a fresh Adam is the rate, whatever the gradient.
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    step(model, settings.model_copy(update={"decay": 0.0}), "llava")
    for key, parameter in trained(model):
        largest = float((parameter.detach() - before[key]).abs().max())
        if largest:
            assert largest == pytest.approx(rates[part_of(key)], rel=0.05)


def test_switches_of_the_adapter_reach_it():
    rslora = prepare(fresh("llava").model, recipe(Lora(rank=16, alpha=8, rslora=True)), base_name="base")
    plain = prepare(fresh("llava").model, recipe(Lora(rank=16, alpha=8, dropout=0.25)), base_name="base")
    layers = [next(m for m in model.modules() if hasattr(m, "lora_A")) for model in (rslora, plain)]
    assert layers[0].scaling["default"] == pytest.approx(8 / math.sqrt(16))
    assert layers[1].scaling["default"] == pytest.approx(8 / 16)
    assert layers[1].lora_dropout["default"].p == 0.25
    assert layers[0].lora_A["default"].weight.shape[0] == 16
    dora = prepare(fresh("llava").model, recipe(Lora(rank=4, dora=True)), base_name="base")
    magnitudes = [key for key, _ in trained(dora) if "lora_magnitude_vector" in key]
    assert magnitudes and all(part_of(key) == "adapter" for key in magnitudes)
    assert dora.peft_config["default"].base_model_name_or_path == "base"


def test_an_adapter_is_stored_in_float32_whatever_the_base_is_in():
    model = fresh("llava").model.to(torch.bfloat16)
    adapted = prepare(model, recipe(Lora(rank=4), projector=1e-4), base_name="base")
    assert {value.dtype for _, value in trained(adapted)} == {torch.float32}
    frozen = {value.dtype for _, value in adapted.named_parameters() if not value.requires_grad}
    assert frozen == {torch.bfloat16}


def test_targets_are_patterns_too():
    model = fresh("qwen2_5_vl").model
    modules = target_modules(model, [r"layers\.1\..*q_proj", r"visual\.blocks\.0\.attn\.qkv"])
    assert modules == ["model.language_model.layers.1.self_attn.q_proj", "model.visual.blocks.0.attn.qkv"]


def test_a_pattern_that_matches_nothing_is_refused_with_an_example():
    with pytest.raises(
        ModelError, match=r"lora.targets: 'q_porj' matches no linear module, e.g. model\.language_model"
    ):
        target_modules(fresh("llava").model, ["language", "q_porj"])


def test_a_part_that_the_model_has_not_is_refused():
    model = fresh("llava").model
    model.model.multi_modal_projector = torch.nn.Identity()
    for settings in (recipe(projector=1e-4), recipe(Lora(rank=4), projector=1e-4)):
        with pytest.raises(ModelError, match="no projector that could be trained; set rates.projector to 0"):
            prepare(copy.deepcopy(model), settings, base_name="base")


def test_an_adapter_in_the_vision_tower_is_a_part_of_the_adapter():
    settings = recipe(Lora(rank=4, targets=("everything",)))
    model = PackedModel(prepare(fresh("llava").model, settings, base_name="base"))
    assert not model.reader.frozen
    assert {part_of(key) for key, _ in trained(model)} == {"adapter"}
    places = {part_of(key.replace("lora_", "")) for key, _ in trained(model)}
    assert places == {"vision", "projector", "language"}


def test_parts_trained_as_a_whole_get_no_adapter_besides():
    settings = recipe(Lora(rank=4, targets=("everything",)), projector=1e-4, vision=1e-4)
    model = PackedModel(prepare(fresh("llava").model, settings, base_name="base"))
    places = {part_of(key.replace("lora_", "")) for key, _ in trained(model) if "lora_" in key}
    assert places == {"language"}


def test_every_family_that_is_merged_is_one_of_these():
    assert set(families()) <= set(NAMES) == set(ALL)
