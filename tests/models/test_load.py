"""Models from disk through ``load_model``, and one clear line for everything that cannot be loaded."""

import json
import os
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import SYSTEM, built, requests, same_replies, views, wrapped
from tiny_families import BUILDERS

from mevqa.errors import InputError, ModelError
from mevqa.models.base import Model, ModelOptions, Preferences
from mevqa.models.mock import MockModel
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model, model_names
from mevqa.models.transformers import load, placement

CPU = ModelOptions(device="cpu")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of saved tiny models, made when asked for."""
    folders = {}

    def save(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            model, processor = built(name)
            model.save_pretrained(folders[name])
            processor.save_pretrained(folders[name])
        return folders[name]

    return save


def resizes_by_lanczos():
    """Whether torchvision resizes tensors as PIL does, which it learned after 0.24."""
    from torchvision.transforms.v2 import InterpolationMode, functional

    try:
        functional.resize(torch.zeros(3, 8, 8, dtype=torch.uint8), [4, 4], interpolation=InterpolationMode.LANCZOS)
    except (ValueError, RuntimeError, NotImplementedError):
        return False
    return True


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_round_trip_through_disk(name, saved):
    if name == "smolvlm" and not resizes_by_lanczos():
        pytest.skip("this torchvision cannot resize as SmolVLM's processor wants, and the loaded one does otherwise")
    loaded = load_model(str(saved(name)), CPU)
    assert isinstance(loaded, Model)
    same_replies(loaded.ask(SYSTEM, views(), requests()), wrapped(name).ask(SYSTEM, views(), requests()))


def test_revision_is_the_content(saved, tmp_path):
    import shutil

    folder = shutil.copytree(saved("llava"), tmp_path / "copy")
    first = load_model(str(saved("llava")), CPU)
    assert first.revision.startswith("sha256:")
    assert load_model(str(folder), CPU).revision == first.revision
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(config | {"temperature": 0.5}))
    assert load_model(str(folder), CPU).revision != first.revision


def test_options_reach_the_model(saved):
    options = replace(CPU, dtype="bfloat16", attention="eager", batch_size=2, option_score="sum", prefix_cache=False)
    loaded = load_model(str(saved("llava")), options)
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.model.config.get_text_config()._attn_implementation == "eager"
    assert all(reply.error is None for reply in loaded.ask(SYSTEM, views(), requests()))


def test_remote_code_is_off_by_default(monkeypatch, saved):
    trusted = []
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    for factory in (AutoConfig, AutoProcessor, AutoModelForImageTextToText):
        original = factory.from_pretrained
        monkeypatch.setattr(
            factory,
            "from_pretrained",
            lambda *a, _o=original, **k: trusted.append(k["trust_remote_code"]) or _o(*a, **k),
        )
    load_model(str(saved("llava")), CPU)
    assert len(trusted) >= 3 and not any(trusted)


def test_a_model_with_its_own_code_is_refused_without_the_flag(tmp_path):
    config = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForImageTextToText": "mine.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "mine.py").write_text("raise SystemExit('this code ran')\n")
    with pytest.raises(ModelError, match="--trust-remote-code"):
        load_model(str(tmp_path), CPU)


@pytest.mark.parametrize("by", ["option", "config"])
def test_attention_that_is_code_on_the_hub_is_refused_without_the_flag(by, saved, tmp_path, monkeypatch):
    import shutil

    from transformers import AutoModelForImageTextToText

    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", lambda *a, **k: pytest.fail("loaded"))
    folder, options = saved("llava"), CPU
    if by == "config":
        folder = shutil.copytree(folder, tmp_path / "model")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"_attn_implementation": "kernels-community/x"}))
    else:
        options = replace(CPU, attention="kernels-community/x")
    with pytest.raises(ModelError, match="'kernels-community/x' is code on the hub; --trust-remote-code runs it"):
        load_model(str(folder), options)


@pytest.mark.parametrize("name", ["runs/tunde", "./runs/x", "/runs/x", "~/x", "runs/a/b"])
def test_a_misspelt_path_is_not_looked_up_on_the_hub(name, tmp_path, monkeypatch):
    """The hub is not told the names of the user's folders."""
    import huggingface_hub

    def fail_on_hub(*args, **kwargs):
        pytest.fail("the hub was asked")

    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mevqa.models.transformers.load.hub_answers", fail_on_hub)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail_on_hub)
    with pytest.raises(ModelError, match="unknown model"):
        load_model(name, CPU)
    with pytest.raises(ModelError, match="no adapter"):
        load_model("nano", replace(CPU, adapter=name))


def test_preferences_come_from_the_folder(saved, tmp_path):
    import shutil

    folder = shutil.copytree(saved("llava"), tmp_path / "model")
    assert load_model(str(folder), CPU).preferences == Preferences()
    (folder / "mevqa.json").write_text('{"views": ["motion"], "variant": "brief"}')
    assert load_model(str(folder), CPU).preferences == Preferences(views=("motion",), sampler="oao", variant="brief")
    (folder / "mevqa.json").write_text('{"option_score": "sum"}')
    assert load_model(str(folder), CPU).preferences.option_score == "sum"
    (folder / "mevqa.json").write_text('{"view": ["motion"]}')
    with pytest.raises(InputError, match="did you mean 'views'"):
        load_model(str(folder), CPU)


def test_unknown_names_get_a_suggestion(tmp_path):
    with pytest.raises(ModelError, match="did you mean 'nano'"):
        load_model("nanno", CPU)
    with pytest.raises(ModelError, match="unknown model"):
        load_model(str(tmp_path / "nowhere"), CPU)
    with pytest.raises(ModelError, match="no config.json"):
        load_model(str(tmp_path), CPU)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="--adapter"):
        load_model(str(tmp_path), CPU)


def test_a_hub_that_cannot_be_reached(monkeypatch):
    monkeypatch.setattr(load, "hub_answers", lambda: False)
    with pytest.raises(ModelError, match="hub cannot be reached.*the embedded model nano"):
        load_model("some-owner/some-model-7B", CPU)


def test_hub_is_not_asked_for_a_folder(monkeypatch, saved):
    monkeypatch.setattr(load, "hub_answers", lambda: pytest.fail("the hub was asked"))
    load_model(str(saved("llava")), CPU)


def test_a_language_model_is_no_vision_language_model(tmp_path):
    from transformers import LlamaConfig

    LlamaConfig(num_hidden_layers=1).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="'llama' model, which takes no pictures"):
        load_model(str(tmp_path), CPU)


def test_pickled_weights_are_not_loaded(saved, tmp_path):
    import shutil

    folder = shutil.copytree(saved("llava"), tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save(built("llava")[0].state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        load_model(str(folder), CPU)


def test_broken_weights_and_missing_processor_are_one_line(saved, tmp_path):
    import shutil

    folder = shutil.copytree(saved("llava"), tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError) as caught:
        load_model(str(folder), CPU)
    assert "\n" not in str(caught.value)


def test_a_model_without_chat_template_says_so(saved, tmp_path):
    import shutil

    folder = shutil.copytree(saved("llava"), tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="chat template"):
        load_model(str(folder), CPU)


def test_devices_that_are_not_there():
    assert placement.choose_device("cpu") == "cpu"
    with pytest.raises(ModelError, match="no device 'tpu'"):
        placement.choose_device("tpu")
    assert placement.choose_dtype("auto", "cpu") == torch.float32
    assert placement.choose_dtype("auto", "mps") == torch.float16
    assert placement.choose_dtype("bfloat16", "cpu") == torch.bfloat16


def test_mock_needs_no_weights():
    assert isinstance(load_model("mock"), MockModel)
    assert load_model("mock").name == "mock"


def test_found_models_reads_the_hub_cache(tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    configs = {
        "Qwen--Qwen3-VL-2B-Instruct": {"model_type": "qwen3_vl"},
        "me--text": {"model_type": "llama"},
        "me--x": [],
    }
    for name, config in configs.items():
        folder = tmp_path / f"models--{name}" / "snapshots" / "abc"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
    names = model_names()
    assert "Qwen/Qwen3-VL-2B-Instruct" in names and "me/text" not in names


@pytest.mark.slow
@pytest.mark.parametrize("quantization", ["4bit", "8bit"])
def test_quantised_on_cpu(quantization, saved):
    loaded = load_model(str(saved("qwen2_5_vl")), replace(CPU, quantization=quantization))
    kinds = {type(module).__name__ for module in loaded.model.modules()}
    assert {"4bit": "Linear4bit", "8bit": "Linear8bitLt"}[quantization] in kinds
    replies = loaded.ask(SYSTEM, views(), requests())
    assert [reply.error for reply in replies] == [None] * len(replies)
    alone = loaded.ask(SYSTEM, views(), requests(), prefix_cache=False)
    assert [reply.text for reply in replies[:4]] == [reply.text for reply in alone[:4]]


def _changed_weights(folder, change):
    shutil.copytree(WEIGHTS, folder)
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path, metadata={"format": "pt"})
    return str(folder)


def test_weights_that_are_missing_are_refused_and_not_drawn_at_random(tmp_path):
    def rename(weights):
        weights["other"] = weights.pop(sorted(weights)[0])

    with pytest.raises(ModelError, match="lacks weights"):
        load_model(_changed_weights(tmp_path / "nano", rename))


def test_weights_that_are_no_numbers_give_an_error_and_no_answer(tmp_path):
    def spoil(weights):
        for value in weights.values():
            value.fill_(float("nan"))

    model = load_model(_changed_weights(tmp_path / "nano", spoil))
    for reply in model.ask(SYSTEM, views(), requests()):
        assert reply.error is not None and "no numbers" in reply.error and not reply.text


@pytest.mark.parametrize(
    ("field", "reason"),
    [({"processor_class": "x"}, "cannot be loaded"), ({"num_additional_image_tokens": 2**31}, "most")],
)
def test_a_processor_with_other_fields_is_one_line(tmp_path, field, reason):
    folder = tmp_path / "nano"
    shutil.copytree(WEIGHTS, folder)
    path = folder / "processor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | field), encoding="utf-8")
    with pytest.raises(ModelError, match=reason):
        load_model(str(folder))


def test_a_folder_whose_name_is_not_utf8(saved, tmp_path):
    """File names are bytes; the libraries that read weights and tokenisers take texts."""
    odd = tmp_path / os.fsdecode(b"\xff\xfe")
    shutil.copytree(saved("qwen2_5_vl"), odd)
    plain = load_model(str(saved("qwen2_5_vl")), ModelOptions(device="cpu"))
    assert load_model(str(odd), ModelOptions(device="cpu")).revision == plain.revision


@pytest.mark.parametrize("missing", ["null", "absent"])
def test_a_config_without_a_part_takes_no_memory_for_the_librarys_default(missing, tmp_path):
    """The library would build a language model of seven billion weights, draw them, and fill any memory."""
    shutil.copytree(WEIGHTS, tmp_path / "model")
    config = json.loads((tmp_path / "model/config.json").read_text())
    config |= {"text_config": None}
    if missing == "absent":
        del config["text_config"]
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"describes [\d,]{13,} weights and the folder holds 2,811,264"):
        load_model(str(tmp_path / "model"), CPU)
