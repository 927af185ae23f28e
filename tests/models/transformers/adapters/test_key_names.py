"""Adapters with the layer names of older transformers: renamed and loaded, or refused with the key and the reason."""

import json
import re
from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny import SYSTEM, built, requests, same_replies, views
from tiny_families import BUILDERS

from mevqa.errors import ModelError
from mevqa.models.transformers.adapters.key_names import renamed_layers
from mevqa.models.transformers.adapters.load import wrap_with_adapter
from mevqa.models.transformers.model import TransformersModel

_LLAVA = {
    r"^model\.language_model\.": "language_model.model.",
    r"^model\.vision_tower\.(?!vision_model)": "vision_tower.vision_model.",
    r"^model\.vision_tower\.vision_model": "vision_tower.vision_model",
    r"^model\.multi_modal_projector": "multi_modal_projector",
}
#: New names and the old ones of each family that had others.
OLD = {
    "llava": _LLAVA,
    "llava_onevision": _LLAVA,
    "gemma3": _LLAVA,
    "internvl": {k: v for k, v in _LLAVA.items() if "vision_tower" not in k}
    | {r"^model\.vision_tower": "vision_tower"},
    "qwen2_5_vl": {r"^model\.language_model\.": "model.", r"^model\.visual\.": "visual."},
}
#: Linear layers of the text model and of the vision tower.
TARGETS = r".*(?:language_model|text_model).*\.(?:q_proj|v_proj|down_proj)|.*(?:vision|visual).*\.(?:q_proj|qkv|fc1)"


def fresh(name):
    """The tiny model anew, with the weights of the one that is kept."""
    model = BUILDERS[name]()[0]
    model.load_state_dict(built(name)[0].state_dict())
    return model.eval()


def save_adapter(name, folder, **options):
    """Write an adapter with weights that matter under the names of today."""
    config = LoraConfig(r=4, **{"target_modules": TARGETS, **options})
    wrapped = get_peft_model(fresh(name), config)
    torch.manual_seed(1)
    with torch.no_grad():
        for key, parameter in wrapped.named_parameters():
            if "lora_" in key:
                parameter.normal_(0, 0.3)
    wrapped.save_pretrained(folder)
    return folder


def rename(folder, out, renames, **config):
    """Write the adapter anew under other names of its layers."""
    out.mkdir()
    weights = {}
    for key, value in load_file(folder / "adapter_model.safetensors").items():
        layer = key.removeprefix("base_model.model.")
        for pattern, old in renames.items():
            layer, count = re.subn(pattern, old, layer)
            if count:
                break
        weights[f"base_model.model.{layer}"] = value
    save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
    content = json.loads((folder / "adapter_config.json").read_text())
    (out / "adapter_config.json").write_text(json.dumps({**content, "auto_mapping": None, **config}))
    return out


def ask(name, adapter=None):
    model = fresh(name)
    if adapter is not None:
        model = wrap_with_adapter(model, str(adapter))[0].get_base_model()
    adapted = TransformersModel(model.eval(), built(name)[1], name=name, revision="tiny")
    return adapted.ask(SYSTEM, views(), [request for request in requests() if request.options])


# Each family and each way to name targets: what is made of the targets does not depend on the family.
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("gemma3", TARGETS),
        ("internvl", ["q_proj", "v_proj"]),
        ("llava", "old names"),
        ("llava_onevision", TARGETS),
        ("qwen2_5_vl", "old names"),
    ],
)
def test_old_names_answer_as_new_ones(name, target, tmp_path):
    regular = target if target != "old names" else TARGETS
    now = save_adapter(name, tmp_path / "now", target_modules=regular)
    changes = {"target_modules": r"^(?:model|language_model)\..*layers.*q_proj"} if target == "old names" else {}
    old = rename(now, tmp_path / "old", OLD[name], **changes)
    keys = load_file(old / "adapter_model.safetensors").keys()
    assert not any(key in keys for key in load_file(now / "adapter_model.safetensors"))
    plain, expected, renamed = ask(name), ask(name, now), ask(name, old)
    same_replies(expected, renamed)
    assert max(abs(plain[0].options[o] - renamed[0].options[o]) for o in plain[0].options) > 1e-3


def test_ranks_and_scales_of_single_layers_go_with_them(tmp_path):
    patterns = {"rank_pattern": {r"language_model\.layers\.0\.self_attn\.q_proj": 2}, "alpha_pattern": {"v_proj": 32}}
    now = save_adapter("qwen2_5_vl", tmp_path / "now", **patterns)
    patterns["rank_pattern"] = {r"model\.layers\.0\.self_attn\.q_proj": 2}
    old = rename(now, tmp_path / "old", OLD["qwen2_5_vl"], **patterns)
    same_replies(ask("qwen2_5_vl", now), ask("qwen2_5_vl", old))


def test_whole_modules_beside_the_layers_are_renamed_too(tmp_path):
    now = save_adapter("gemma3", tmp_path / "now", modules_to_save=["lm_head"])
    old = rename(now, tmp_path / "old", {**OLD["gemma3"], r"^lm_head": "language_model.lm_head"})
    same_replies(ask("gemma3", now), ask("gemma3", old))


def test_a_layer_that_is_missing_is_noticed_under_old_names_too(tmp_path):
    now = save_adapter("qwen2_5_vl", tmp_path / "now", target_modules=["q_proj", "v_proj"])
    old = rename(now, tmp_path / "old", OLD["qwen2_5_vl"])
    weights = load_file(old / "adapter_model.safetensors")
    rest = {key: value for key, value in weights.items() if "layers.1.self_attn.q_proj" not in key}
    assert len(rest) == len(weights) - 2
    save_file(rest, old / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="does not fit the model 'qwen2_5_vl'"):
        ask("qwen2_5_vl", old)


@pytest.mark.parametrize(
    ("name", "old", "reason"),
    [
        ("qwen3_vl", {r"^model\.language_model\.": "model."}, "a text model without pictures"),
        ("qwen3_5", {r"^model\.language_model\.": "model."}, "a text model without pictures"),
        ("smolvlm", {r"^model\.text_model\.": "model."}, "a text model without pictures"),
        ("qwen2_5_vl", {r"^model\.language_model\.": "language_model.model."}, "LLaVA and its kin"),
        ("internvl", {r"^model\.vision_tower\.": "vision_model."}, "InternVL's own code"),
        ("llava", {r"^model\.language_model\.": "thinker.model."}, "Qwen-Omni"),
        ("llava", {r"^model\.language_model\.": "strange."}, "older releases of transformers$"),
    ],
)
def test_names_of_other_models_are_refused_with_the_key(name, old, reason, tmp_path):
    adapter = rename(save_adapter(name, tmp_path / "now"), tmp_path / "old", old)
    with pytest.raises(ModelError, match=reason) as caught:
        ask(name, adapter)
    assert "its key base_model.model." in str(caught.value) and str(adapter) in str(caught.value)


def test_names_of_today_stay_and_the_wrapped_model_is_trainable_on(tmp_path):
    now = save_adapter("llava", tmp_path / "now")
    keys = list(load_file(now / "adapter_model.safetensors"))
    assert all(old == new for old, new in renamed_layers(fresh("llava"), "a", keys).items())
    old = rename(now, tmp_path / "old", OLD["llava"])
    wrapped, digest = wrap_with_adapter(fresh("llava"), str(old))
    assert digest.startswith("sha256:")
    wrapped.save_pretrained(tmp_path / "again")
    assert set(load_file(tmp_path / "again" / "adapter_model.safetensors")) == set(keys)


def test_towers_gain_and_lose_their_level():
    """CLIP's layers stood below ``vision_model`` once; an adapter of either release fits a model of the other."""
    for new in ("model.vision_tower.encoder.x", "model.vision_tower.vision_model.encoder.x"):
        model = SimpleNamespace(config=SimpleNamespace(model_type="llava"))
        model.named_modules = lambda new=new: [(new, None)]
        for old in ("vision_tower.vision_model.encoder.x", "vision_tower.encoder.x", "model.vision_tower.encoder.x"):
            key = f"base_model.model.{old}.lora_A.weight"
            assert renamed_layers(model, "a", [key]) == {old: new}


def test_a_file_that_holds_no_weights_is_one_line(tmp_path):
    folder = save_adapter("llava", tmp_path / "now")
    (folder / "adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match=r"adapter_model.safetensors: cannot be read"):
        ask("llava", folder)


@pytest.mark.parametrize("change", [{"r": 10**9}, {"rank_pattern": {"q_proj": 10**9}}])
def test_a_rank_that_the_weights_do_not_have_is_refused_before_it_is_allocated(tmp_path, change):
    folder = save_adapter("llava", tmp_path)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change), encoding="utf-8")
    with pytest.raises(ModelError, match="says rank 1000000000, and the weights have rank 4"):
        wrap_with_adapter(fresh("llava"), str(folder))
