"""A training that cannot live is stopped with a reason; a model that does not look at its pictures is told apart."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from adapters import save_base
from tiny import SYSTEM, views
from tiny_rows import ALL, TURNS, encoder, fresh, loss_and_gradients, uneven_rows

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import IGNORED, Turn, collate
from mevqa.training.recipes.recipe import Lora, Rates, Recipe, Synthetic
from mevqa.training.result import PictureProbe
from mevqa.training.trainer.health import (
    GradientHealth,
    check_labels,
    gradient_norms,
    is_four_bit,
    mean_loss,
    packed_layers,
    probe_pictures,
    without_dropout,
)
from mevqa.training.trainer.trained_parts import prepare

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def adapted(name="llava", targets=("language",), **options) -> PackedModel:
    settings = Recipe(model="tiny", lora=Lora(rank=4, targets=targets), rates=Rates(adapter=1e-3), steps=1)
    return PackedModel(prepare(fresh(name).model, settings, base_name="base"), **options).train()


def look_at(model, health=None, step=6):
    """Let the callback see the gradients of a step."""
    health = health or GradientHealth()
    health.on_pre_optimizer_step(None, SimpleNamespace(global_step=step), None, model=model)
    return health


def test_live_gradients_pass_and_their_norms_are_known():
    model = adapted()
    _, reference = loss_and_gradients(model, uneven_rows("llava"))
    health = look_at(model)
    total = math.sqrt(sum(float(value.double().square().sum()) for value in reference.values()))
    assert health.norms == {"adapter": pytest.approx(total, rel=1e-5)}


def test_gradients_that_are_exactly_0_stop_the_training():
    model = adapted()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.register_hook(torch.zeros_like)
    loss_and_gradients(model, uneven_rows("llava"))
    with pytest.raises(ModelError, match="step 7: the gradient of the adapter is exactly 0: nothing that is learned"):
        look_at(model)


def test_a_part_without_any_gradient_stops_the_training_unless_it_rests():
    model = adapted()
    loss_and_gradients(model, uneven_rows("llava"))
    for parameter in model.model.base_model.model.model.multi_modal_projector.parameters():
        parameter.requires_grad_(True)
    with pytest.raises(ModelError, match="the gradient of the projector is exactly 0"):
        look_at(model)
    object.__setattr__(model, "resting", frozenset({"projector"}))
    assert look_at(model).norms["projector"] == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_gradients_that_are_not_finite_stop_the_training_before_it_changes_a_weight(value):
    model = adapted()
    parameter = next(p for p in model.parameters() if p.requires_grad)
    parameter.register_hook(lambda gradient: gradient + value)
    loss_and_gradients(model, uneven_rows("llava"))
    with pytest.raises(ModelError, match=f"step 7: the gradient of the adapter is {value}; lower its rate"):
        look_at(model)


def test_while_a_loss_scale_is_searched_gradients_may_overflow_for_a_while():
    model = adapted()
    parameter = next(p for p in model.parameters() if p.requires_grad)
    overflow = [True]
    parameter.register_hook(lambda gradient: gradient * (math.inf if overflow[0] else 1.0))
    health = GradientHealth(scaled=True)
    for _ in range(2):
        loss_and_gradients(model, uneven_rows("llava"))
        for step in range(20):
            look_at(model, health, step)
        overflow[0] = False
        loss_and_gradients(model, uneven_rows("llava"))
        look_at(model, health)  # one good step, and the search may begin anew
        overflow[0] = True
    loss_and_gradients(model, uneven_rows("llava"))
    for step in range(20):
        look_at(model, health, step)
    with pytest.raises(ModelError, match="is nan|is inf"):
        look_at(model, health)


def test_rows_without_a_label_are_refused():
    rows = uneven_rows("llava")
    check_labels(rows)
    masked = [replace(row, labels=[IGNORED] * len(row.ids)) for row in rows]
    with pytest.raises(ModelError, match="every label is masked: no answer would be learned"):
        check_labels(masked)
    with pytest.raises(ModelError, match="every label is masked"):
        check_labels([replace(row, weights=[0.0] * len(row.ids)) for row in rows])
    check_labels([masked[0], rows[1]])


# --- 4-bit weights on CPU


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
    """Makes a tiny model with 4-bit weights and an adapter, as the fine-tuning command does."""
    pytest.importorskip("bitsandbytes")
    folder = save_base("llava", tmp_path_factory.mktemp("base"))

    def make(targets=("language",), memory=0):
        loaded = load_model(str(folder), ModelOptions(device="cpu", dtype="float32", quantization="4bit"))
        settings = Recipe(
            model="tiny",
            lora=Lora(rank=4, targets=targets),
            rates=Rates(adapter=1e-3),
            steps=1,
            quantization="4bit",
        )
        return PackedModel(prepare(loaded.model, settings, base_name="base"), memory=memory).train()

    return make


def trapped(model):
    """One forward pass in evaluation mode without gradients, as anybody would validate; False where it is no trap."""
    model.eval()
    with torch.no_grad():
        model(collate(uneven_rows("llava")))
    model.train()
    return next(m for m in model.modules() if is_four_bit(m)).support_avx512bf16_for_cpu


def begin_step(model, step=6):
    GradientHealth().on_step_begin(None, SimpleNamespace(global_step=step), None, model=model)


def test_the_4_bit_trap_of_cpus_makes_an_adapters_gradient_exactly_0(quantised):
    """An adapter behind which another 4-bit layer stands gets nothing at all."""
    model = quantised(targets=(r"language_model.*q_proj",))
    loss_and_gradients(model, uneven_rows("llava"))
    assert look_at(model).norms["adapter"] > 1
    if not trapped(model):
        pytest.skip("this processor has no bfloat16 kernels: bitsandbytes does not pack its weights")
    loss_and_gradients(model, uneven_rows("llava"))
    assert gradient_norms(model) == {"adapter": 0.0}
    with pytest.raises(ModelError, match="the gradient of the adapter is exactly 0"):
        look_at(model)
    with pytest.raises(ModelError, match="step 7: 14 layers with 4-bit weights on CPU were packed for inference"):
        begin_step(model)


def test_the_4_bit_trap_is_found_where_a_part_of_the_gradient_survives_it(quantised):
    """With every linear layer adapted the norm is far from 0: what is past the residual connections arrives."""
    model = quantised()
    _, whole = loss_and_gradients(model, uneven_rows("llava"))
    begin_step(model)
    if not trapped(model):
        pytest.skip("this processor has no bfloat16 kernels: bitsandbytes does not pack its weights")
    _, rest = loss_and_gradients(model, uneven_rows("llava"))
    lost = [key for key, value in rest.items() if "lora_B" in key and value.abs().max() == 0 < whole[key].abs().max()]
    assert lost and look_at(model).norms["adapter"] > 1
    with pytest.raises(ModelError, match="packed for inference"):
        begin_step(model)


@pytest.mark.parametrize("memory", [0, 2**30])
def test_validation_and_probe_do_not_trigger_the_4_bit_trap(quantised, memory):
    model = quantised(memory=memory)
    rows = [replace(row, key=number) for number, row in enumerate(uneven_rows("llava"))]
    _, before = loss_and_gradients(model, rows)
    mean_loss(model, rows)
    probe_pictures(model, rows)
    assert not packed_layers(model)
    begin_step(model)
    _, after = loss_and_gradients(model, rows)
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_a_packed_vision_tower_matters_only_where_gradients_pass_it(quantised):
    """Simulated with the flag that bitsandbytes sets, so that it holds on every processor."""
    model = quantised()
    state = SimpleNamespace(packing_format_for_cpu=True)
    towers = [m for n, m in model.named_modules() if is_four_bit(m) and "vision_tower" in n]
    towers[0].weight.quant_state = state
    assert model.reader.frozen and not packed_layers(model)
    for parameter in model.base.model.multi_modal_projector.parameters():
        if parameter.is_floating_point():
            parameter.requires_grad_(True)
    seeing = PackedModel(model.model)
    assert not seeing.reader.frozen and len(packed_layers(seeing)) == 1
    inner = next(m for n, m in model.named_modules() if is_four_bit(m) and "language_model" in n)
    inner.weight.quant_state = state
    assert len(packed_layers(model)) == 1


# --- without dropout


def test_looking_at_the_loss_leaves_no_trace_and_knows_no_dropout():
    settings = Recipe(model="tiny", lora=Lora(rank=4, dropout=0.5), rates=Rates(adapter=1e-3), steps=1)
    model = PackedModel(prepare(fresh("llava").model, settings, base_name="base")).train()
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(0, 0.2)
    rows = uneven_rows("llava")
    dropped = {loss_and_gradients(model, rows)[0] for _ in range(3)}
    assert len(dropped) == 3
    state = torch.get_rng_state()
    assert mean_loss(model, rows) == mean_loss(model, rows)
    assert torch.equal(torch.get_rng_state(), state) and model.training
    with without_dropout(model):
        assert not model.training
        assert not any(module.training for module in model.modules())
    model.eval()
    with without_dropout(model):
        pass
    assert not model.training


@pytest.mark.parametrize("name", ALL)
def test_the_mean_loss_is_that_of_all_tokens_whatever_the_batches(name):
    model = PackedModel(fresh(name).model)
    own = encoder(name)
    rows = [own(SYSTEM, views(n, 1 + n % 2), TURNS[: 1 + n % 4]) for n in range(5)]
    results = [model(collate([row])) for row in rows]
    expected = sum(float(r["loss"].detach()) for r in results) / sum(float(r["weight"]) for r in results)
    for batch in (1, 2, 8):
        assert mean_loss(model, rows, batch) == pytest.approx(expected, rel=1e-5)


# --- whether the pictures matter


@pytest.fixture(scope="module")
def drawn():
    """Nano, and rows of drawn maps that its training did not reach."""
    from mevqa.training.examples.stream import RowMaker
    from mevqa.training.examples.synthetic import SyntheticClips
    from mevqa.training.finetune import load_trainable_model
    from mevqa.training.nano.dialogues import VARIANT

    settings = Recipe(model="nano", lora=Lora(), rates=Rates(adapter=1e-3), steps=1)
    trainable = load_trainable_model(settings)
    row_maker = RowMaker(trainable.wrapped.prompter, trainable.prompts, trainable.view_config)
    clips = SyntheticClips(Synthetic(share=1.0), ("motion-centred",), VARIANT, seed=7)
    return trainable.wrapped.model, [row_maker.synthetic_row(clips[10_000 + number]) for number in range(32)]


def test_a_model_that_looks_is_worse_with_another_clips_pictures(drawn):
    model, rows = drawn
    probe = probe_pictures(PackedModel(model), rows)
    assert probe.matters and probe.clips == 32
    assert probe.shuffled > 1.2 * probe.loss


def test_a_blind_model_is_told_by_its_shuffled_pictures(drawn):
    """Blind: what the projector hands over is multiplied by 0."""
    model, rows = drawn
    handle = model.model.multi_modal_projector.register_forward_hook(lambda module, args, output: output * 0)
    try:
        probe = probe_pictures(PackedModel(model), rows)
    finally:
        handle.remove()
    assert not probe.matters
    assert probe.shuffled == pytest.approx(probe.loss, rel=1e-5)


@pytest.mark.parametrize("name", ["llava", "qwen2_5_vl", "gemma3"])
def test_only_the_pictures_are_shuffled_and_not_the_questions(name):
    """Rows of one question: their prefix holds almost all of it, and another clip's row asks another question."""
    model = fresh(name).model
    own = encoder(name)
    texts = ["Is the cheek raiser shown on the face?", "Is the lip stretcher shown on the face?"]
    rows = [own(SYSTEM, views(n), [Turn(texts[n], ("yes", "no")[n])]) for n in range(2)]
    assert not torch.equal(rows[0].inputs["input_ids"], rows[1].inputs["input_ids"])
    packed = PackedModel(model)
    seeing = probe_pictures(packed, rows)
    swapped = [own(SYSTEM, views(1 - n), [Turn(texts[n], ("yes", "no")[n])]) for n in range(2)]
    assert seeing.shuffled == pytest.approx(mean_loss(packed, swapped), rel=1e-5)
    assert seeing.shuffled != pytest.approx(seeing.loss, rel=1e-3)


def test_pictures_of_other_places_bring_their_own_prefix():
    """Clips with different numbers of pictures: the questions stand behind the other clip's whole prefix."""
    own = encoder("llava")
    rows = [own(SYSTEM, views(n, 1 + n), TURNS) for n in range(2)]
    swapped = [own(SYSTEM, views(1 - n, 2 - n), TURNS) for n in range(2)]
    packed = PackedModel(fresh("llava").model)
    assert probe_pictures(packed, rows).shuffled == pytest.approx(mean_loss(packed, swapped), rel=1e-5)


def test_what_counts_as_looking():
    assert PictureProbe(2, 1.0, 1.02).matters
    assert not PictureProbe(2, 1.0, 1.005).matters
    assert not PictureProbe(2, 1.0, 0.9).matters
    assert not PictureProbe(2, 0.0, 5e-6).matters
