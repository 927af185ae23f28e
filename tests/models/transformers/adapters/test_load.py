import json
import shutil

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from tiny import SYSTEM, built, requests, views
from tiny_families import BUILDERS

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model, own_prompts


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A saved base model and a LoRA adapter that changes its answers."""
    base = tmp_path_factory.mktemp("base")
    model, processor = built("llava")
    model.save_pretrained(base)
    processor.save_pretrained(base)
    adapter = tmp_path_factory.mktemp("adapter")
    save_lora(BUILDERS["llava"]()[0], adapter)
    return base, adapter


def save_lora(model, folder, rank=4):
    config = LoraConfig(r=rank, target_modules=r".*language_model.*\.(q_proj|v_proj|down_proj)")
    wrapped = get_peft_model(model, config)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.3)
    wrapped.save_pretrained(folder)


def ask(base, **options):
    loaded = load_model(str(base), ModelOptions(device="cpu", **options))
    return loaded, loaded.ask(SYSTEM, views(), requests())


def test_an_adapter_changes_answers_and_revision(folders):
    base, adapter = folders
    plain, before = ask(base)
    adapted, after = ask(base, adapter=str(adapter))
    assert adapted.revision.startswith(f"{plain.revision}+sha256:")
    assert all(reply.error is None for reply in after)
    assert after[0].options != before[0].options


def test_an_adapter_keeps_reuse_exact(folders):
    base, adapter = folders
    _, together = ask(base, adapter=str(adapter))
    _, alone = ask(base, adapter=str(adapter), prefix_cache=False)
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert list(together[0].options.values()) == pytest.approx(list(alone[0].options.values()), abs=1e-4)


def test_an_adapter_of_another_model_is_refused(folders, tmp_path):
    base, _ = folders
    save_lora(BUILDERS["gemma3"]()[0], tmp_path)
    with pytest.raises(ModelError, match="made for a Gemma3ForConditionalGeneration"):
        ask(base, adapter=str(tmp_path))


def test_an_adapter_of_another_size_is_refused(folders, tmp_path):
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    base, _ = folders
    config = LlavaConfig.from_pretrained(base)
    config.text_config.intermediate_size = 192
    save_lora(LlavaForConditionalGeneration(config), tmp_path)
    with pytest.raises(ModelError, match="does not fit the model 'llava'"):
        ask(base, adapter=str(tmp_path))


def test_an_adapter_that_misses_layers_is_refused(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    base, adapter = folders
    weights = load_file(adapter / "adapter_model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
    with pytest.raises(ModelError, match="does not fit"):
        ask(base, adapter=str(tmp_path))


def test_what_is_no_adapter(folders, tmp_path):
    base, adapter = folders
    with pytest.raises(ModelError, match="no adapter_config.json"):
        ask(base, adapter=str(tmp_path))
    (tmp_path / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
    torch.save({}, tmp_path / "adapter_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        ask(base, adapter=str(tmp_path))


def test_prompt_tuning_is_refused(folders, tmp_path):
    base, _ = folders
    config = PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    config.inference_mode = True
    config.save_pretrained(tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="PROMPT_TUNING"):
        ask(base, adapter=str(tmp_path))


def test_an_adapter_says_how_it_is_asked_and_brings_its_prompts(folders, tmp_path):
    base, adapter = folders
    configured = shutil.copytree(adapter, tmp_path / "told")
    assert own_prompts(str(base), str(configured)) is None
    (configured / "mevqa.json").write_text(
        '{"views": ["motion"], "sampler": "oao", "variant": "brief", "option_score": "sum"}'
    )
    (configured / "prompts").mkdir()
    adapted, _ = ask(base, adapter=str(configured))
    plain, _ = ask(base, adapter=str(adapter))
    assert (adapted.preferences.views, adapted.preferences.variant) == (("motion",), "brief")
    assert plain.preferences.views != ("motion",)
    assert own_prompts(str(base), str(configured)) == configured / "prompts" and own_prompts("mock") is None


def test_an_adapter_imports_no_module(folders, tmp_path):
    base, adapter = folders
    shutil.copytree(adapter, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"megatron_config": {"a": 1}, "megatron_core": "evil"}))
    with pytest.raises(ModelError, match="megatron_config names a Python module to import, and an adapter may run no"):
        load_model(str(base), ModelOptions(device="cpu", adapter=str(tmp_path / "adapter")))
