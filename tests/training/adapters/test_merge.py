import json
import math
from dataclasses import replace

import pytest
import torch
from adapters import KINDS, PROJECTORS, save_adapter, save_base, save_questions
from peft import PromptTuningConfig
from safetensors.torch import load_file, save_file
from tiny import SYSTEM, requests, same_replies, views

from mevqa.errors import InputError, ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.models.transformers.adapters.load import adapter_folder
from mevqa.training.adapters import merge
from mevqa.training.adapters.merge import TOLERANCES, merge_adapter


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Questions about noise pictures."""
    return save_questions(tmp_path_factory.mktemp("questions"))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base("llava", tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    return save_adapter(base, tmp_path_factory.mktemp("adapter"))


def replies(model, **options):
    """Replies of a model to questions of all kinds that merging did not compare."""
    return load_model(str(model), ModelOptions(device="cpu", dtype="float32", option_score="sum", **options)).ask(
        SYSTEM, views(), requests()
    )


def run(adapter, out, work, **options):
    return merge_adapter(str(adapter), out, device="cpu", work=work, **options)


def changed(before, after):
    return any(
        a.text != b.text or (a.options and abs(math.log(a.options[key] / b.options[key])) > 0.05)
        for a, b in zip(before, after, strict=True)
        for key in (a.options or {"": 1.0})
    )


# Each family and each kind of adapter: how layers are merged does not depend on the family.
@pytest.mark.parametrize(
    ("family", "kind"), [("llava", "lora"), ("qwen2_5_vl", "dora"), ("gemma3", "rslora"), ("smolvlm", "dora")]
)
def test_the_merged_model_answers_as_base_and_adapter(family, kind, work, tmp_path):
    base = save_base(family, tmp_path / "base", tied=family == "gemma3")
    adapter = save_adapter(base, tmp_path / "adapter", modules_to_save=[PROJECTORS[family]], **KINDS[kind])
    merged = run(adapter, tmp_path / "merged", work)
    before = replies(base, adapter=str(adapter))
    assert changed(replies(base), before)
    after = replies(tmp_path / "merged")
    kept = [i for i, reply in enumerate(before) if reply.error is None]
    assert len(kept) >= 4 and [r.error for r in before] == [r.error for r in after]
    same_replies([before[i] for i in kept], [after[i] for i in kept])
    assert merged.largest_difference < 1e-4 and merged.questions == 8 and merged.clips == 2


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings", "ignore:Setting `save_embedding_layers")
@pytest.mark.parametrize(
    ("family", "where", "settings"),
    [
        ("gemma3", ["embed_tokens"], {}),
        ("qwen2_5_vl", ["lm_head"], {}),
        ("gemma3", ["embed_tokens", "lm_head"], {}),
        ("qwen2_5_vl", ["embed_tokens"], {"ensure_weight_tying": True}),
    ],
)
def test_an_adapter_beside_tied_matrices_unties_them(family, where, settings, work, tmp_path):
    base = save_base(family, tmp_path / "base", tied=True)
    assert "lm_head.weight" not in load_file(base / "model.safetensors")
    adapter = save_adapter(base, tmp_path / "adapter", target_modules=["q_proj", *where], **settings)
    assert run(adapter, tmp_path / "merged", work).largest_difference < 1e-4
    assert json.loads((tmp_path / "merged" / "config.json").read_text())["tie_word_embeddings"] is False


def test_tied_matrices_that_no_adapter_touches_stay_tied(work, tmp_path):
    base = save_base("gemma3", tmp_path / "base", tied=True)
    run(save_adapter(base, tmp_path / "adapter"), tmp_path / "merged", work)
    assert "lm_head.weight" not in load_file(tmp_path / "merged" / "model.safetensors")
    assert json.loads((tmp_path / "merged" / "config.json").read_text())["tie_word_embeddings"] is True


@pytest.fixture(scope="module")
def in_full(adapter, work, tmp_path_factory):
    """The adapter merged in float32: the record of it, and its folder."""
    folder = tmp_path_factory.mktemp("in_full") / "float32"
    return run(adapter, folder, work, dtype="float32"), folder


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once_and_held_to_its_own_tolerance(dtype, in_full, adapter, work, tmp_path):
    merged = run(adapter, tmp_path / dtype, work, dtype=dtype)
    exact = load_file(in_full[1] / "model.safetensors")
    written = load_file(tmp_path / dtype / "model.safetensors")
    assert all(torch.equal(written[name], weight.to(getattr(torch, dtype))) for name, weight in exact.items())
    assert merged.before_rounding < 1e-4 < merged.largest_difference < merged.tolerance == TOLERANCES[dtype]
    config = json.loads((tmp_path / dtype / "config.json").read_text())
    assert config["dtype"] == config["text_config"]["dtype"] == dtype


def test_full_precision_is_not_rounded(in_full):
    merged, _ = in_full
    assert merged.largest_difference == merged.before_rounding < 1e-4


def test_what_is_written_has_the_precision_in_which_the_base_is_stored(work, tmp_path):
    base = save_base("llava", tmp_path / "base", torch.bfloat16)
    merged = run(save_adapter(base, tmp_path / "adapter"), tmp_path / "merged", work)
    assert merged.dtype == "bfloat16"
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "merged" / "model.safetensors")
    untouched = [name for name in before if torch.equal(before[name], after[name])]
    assert 0 < len(untouched) < len(before)


def wrong_merge(change):
    """Merging that does ``change`` to the model's weights afterwards."""

    def merge_weights(wrapped, adapter):
        model = wrapped.get_base_model()
        right(wrapped, adapter)
        with torch.no_grad():
            change(model)

    right = merge.merge_weights
    return merge_weights


def assert_nothing_written(folder, out):
    assert not out.exists() and not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_wrong_merge_is_refused_and_nothing_is_written(adapter, work, tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "merge_weights", wrong_merge(lambda model: model.lm_head.weight.mul_(1.1)))
    with pytest.raises(
        ModelError,
        match=r"written in float32, the model answers otherwise .* differ by up to [\d.]+ nats at the question 'W",
    ):
        run(adapter, tmp_path / "merged", work)
    assert_nothing_written(tmp_path, tmp_path / "merged")


def test_a_wrong_merge_is_not_hidden_by_the_tolerance_of_rounding(base, work, tmp_path, monkeypatch):
    adapter = save_adapter(base, tmp_path / "adapter", size=1e-3)
    effect = run(adapter, tmp_path / "right", work, dtype="bfloat16")
    assert effect.largest_difference < TOLERANCES["bfloat16"]
    monkeypatch.setattr(merge, "merge_weights", lambda wrapped, name: wrapped.unload())
    with pytest.raises(ModelError, match="merging, before any rounding, changes the answers") as caught:
        run(adapter, tmp_path / "merged", work, dtype="bfloat16")
    assert 1e-3 < float(str(caught.value).split("up to ")[1].split()[0]) < TOLERANCES["bfloat16"]
    assert_nothing_written(tmp_path, tmp_path / "merged")


def test_a_fault_in_writing_is_refused(adapter, work, tmp_path, monkeypatch):
    def write(into, *args):
        right(into, *args)
        weights = load_file(into / "model.safetensors")
        name = next(name for name in weights if "down_proj" in name)
        save_file({**weights, name: weights[name] * 1.5}, into / "model.safetensors", metadata={"format": "pt"})

    right = merge.write_model
    monkeypatch.setattr(merge, "write_model", write)
    with pytest.raises(ModelError, match="in float16.* 0.05 are allowed; nothing was written"):
        run(adapter, tmp_path / "merged", work, dtype="float16")
    assert_nothing_written(tmp_path, tmp_path / "merged")


def test_the_users_tolerance_holds_for_merging_and_for_rounding(adapter, work, tmp_path):
    with pytest.raises(ModelError, match="before any rounding.* 0 are allowed"):
        run(adapter, tmp_path / "merged", work, dtype="bfloat16", tolerance=0.0)
    with pytest.raises(ModelError, match=r"written in bfloat16, .* 0.001 are allowed"):
        run(adapter, tmp_path / "merged", work, dtype="bfloat16", tolerance=1e-3)
    assert run(adapter, tmp_path / "merged", work, dtype="bfloat16", tolerance=3.0).tolerance == 3.0


def test_an_interruption_leaves_nothing_behind(adapter, work, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(merge, "write_model", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(adapter, tmp_path / "new" / "deep" / "merged", work)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_what_the_model_needs_to_be_asked(base, work, tmp_path):
    """The processor is the adapter's own, where it brings one."""
    from transformers import AutoProcessor

    adapter = save_adapter(base, tmp_path / "adapter")
    processor = AutoProcessor.from_pretrained(base)
    processor.chat_template = processor.chat_template.replace("ASSISTANT:", "ASSISTANT says:")
    processor.save_pretrained(adapter)
    (adapter / "README.md").write_text("---\nlicense: mit\nlibrary_name: peft\n---\n# Tuned on CASME II\n")
    (adapter / "prompts").mkdir()
    (adapter / "prompts" / "system.yaml").write_text("variants: {default: {text: A face.}}\n")
    out = tmp_path / "merged"
    out.mkdir()
    merged = run(adapter, out, work)
    assert "ASSISTANT says:" in (out / "chat_template.jinja").read_text()
    for name in ("config.json", "generation_config.json", "chat_template.jinja", "tokenizer.json", "mevqa.json"):
        assert (out / name).is_file()
    assert (out / "mevqa.json").read_bytes() == (adapter / "mevqa.json").read_bytes()
    assert (out / "prompts" / "system.yaml").read_bytes() == (adapter / "prompts" / "system.yaml").read_bytes()
    card = (out / "README.md").read_text()
    assert card.startswith("---\nlicense: mit\nlibrary_name: transformers\n---\n# Tuned on CASME II\n")
    assert f"base model `{base.name}`" in card
    record = json.loads((out / "merge.json").read_text())
    plain = load_model(str(base), ModelOptions(device="cpu", adapter=str(adapter)))
    assert f"{record['base_revision']}+{record['adapter_digest']}" == plain.revision
    assert record["base"] == base.name and record["adapter_type"] == "LORA" and record["packages"]["peft"]
    assert record["largest_difference"] == merged.largest_difference and record["questions"] == 8
    assert (out / "model.safetensors").stat().st_mode == (out / "config.json").stat().st_mode
    assert load_model(str(out), ModelOptions(device="cpu")).preferences.views == ("motion",)


def test_the_adapters_prompts_are_the_ones_that_are_asked(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    (adapter / "prompts").mkdir()
    (adapter / "prompts" / "coars.yaml").write_text("")
    with pytest.raises(InputError, match="did you mean 'coarse.yaml'"):
        run(adapter, tmp_path / "merged", work)


def test_another_base_can_be_named(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": "/gone/model"}))
    with pytest.raises(ModelError, match="/gone/model.*names this base; --model gives another"):
        run(adapter, tmp_path / "merged", work)
    merged = run(adapter, tmp_path / "merged", work, base=str(base))
    assert merged.base == str(base) and merged.base_of_adapter == "/gone/model"


def test_a_base_that_changed_since_the_training_is_refused_unless_it_is_named(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    now = load_model(str(base), ModelOptions(device="cpu")).revision

    def trained_on(revision):
        record = {"decides": {"model": {"name": "x", "revision": revision}}, "finished": {"steps": 2}}
        (adapter / "training.json").write_text(json.dumps(record))

    trained_on("sha256:0123456789abcdef")
    with pytest.raises(ModelError, match=f"was trained on .* sha256:0123456789abcdef, and here that is {now}"):
        run(adapter, tmp_path / "merged", work)
    named = run(adapter, tmp_path / "merged", work, base=str(base))
    assert named.base_of_adapter == f"{base} sha256:0123456789abcdef" and named.base_revision == now
    for number, revision in enumerate((now, "8f00b204e9800998ecf8427e8f00b204e9800998")):
        trained_on(revision)
        assert run(adapter, tmp_path / f"merged{number}", work).base_of_adapter == f"{base} {revision}"


def test_an_adapter_that_names_no_base_is_refused(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": None}))
    with pytest.raises(ModelError, match="does not name its base model: give it as --model"):
        run(adapter, tmp_path / "merged", work)


def test_an_adapter_of_another_model_is_refused(adapter, work, tmp_path):
    other = save_base("gemma3", tmp_path / "other")
    with pytest.raises(ModelError, match="made for a LlavaForConditionalGeneration, this model is a Gemma3"):
        run(adapter, tmp_path / "merged", work, base=str(other))
    assert_nothing_written(tmp_path, tmp_path / "merged")


def test_what_is_no_adapter_is_refused(base, work, tmp_path):
    with pytest.raises(ModelError, match="nothing to merge: .* is a whole model"):
        run(base, tmp_path / "merged", work)
    with pytest.raises(ModelError, match="is a whole model and no adapter; give it as the model"):
        adapter_folder(str(base))
    with pytest.raises(ModelError, match="no adapter '.*missing'"):
        run(tmp_path / "missing", tmp_path / "merged", work)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no adapter_config.json"):
        run(tmp_path / "empty", tmp_path / "merged", work)


def test_a_broken_configuration_is_one_line(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    for text in ("{", "[1]"):
        (adapter / "adapter_config.json").write_text(text)
        with pytest.raises(ModelError, match="adapter_config.json(:1)?: is not (JSON|a JSON object)"):
            run(adapter, tmp_path / "merged", work)


def test_prompt_tuning_has_nothing_to_merge(base, work, tmp_path):
    config = PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM", base_model_name_or_path=str(base))
    config.inference_mode = True
    config.save_pretrained(tmp_path / "prompts")
    (tmp_path / "prompts" / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="PROMPT_TUNING, which changes prompts"):
        run(tmp_path / "prompts", tmp_path / "merged", work)


def test_a_base_that_is_stored_quantised_is_refused(base, adapter, work, tmp_path):
    config = json.loads((base / "config.json").read_text())
    quantised = tmp_path / "quantised"
    quantised.mkdir()
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (quantised / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="stored quantised.*it was quantised from as --model"):
        run(adapter, tmp_path / "merged", work, base=str(quantised))


def test_a_scripted_model_has_no_weights(adapter, work, tmp_path):
    with pytest.raises(ModelError, match="mock has no weights"):
        run(adapter, tmp_path / "merged", work, base="mock")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_adapter_with_broken_weights_is_refused(value, base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    weights = load_file(adapter / "adapter_model.safetensors")
    next(iter(weights.values()))[0, 0] = value
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="infinite or not a number"):
        run(adapter, tmp_path / "merged", work)


def test_weights_beyond_the_range_of_float16_are_refused(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter", target_modules=r".*language_model.*\.up_proj")
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: weight * 1e4 for name, weight in weights.items()}, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="in float16 has weights .* take --dtype bfloat16"):
        run(adapter, tmp_path / "merged", work, dtype="float16", tolerance=1e6)
    assert_nothing_written(tmp_path, tmp_path / "merged")


def test_a_folder_that_holds_something_is_never_written_to(base, adapter, work, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty; name a new folder"):
        run(adapter, taken, work)
    with pytest.raises(InputError, match="is a file"):
        run(adapter, taken / "notes.txt", work)
    with pytest.raises(InputError, match="is the adapter's own folder"):
        run(adapter, adapter, work)
    with pytest.raises(InputError, match="is the base model's own folder"):
        run(adapter, base, work)
    assert [path.name for path in taken.iterdir()] == ["notes.txt"] and (taken / "notes.txt").read_text() == "mine"


def test_clips_that_cannot_be_looked_at_are_named(adapter, work, tmp_path):
    gone = {name: replace(clip, pictures={"motion": tmp_path / "gone.png"}) for name, clip in work.clips.items()}
    with pytest.raises(ModelError, match="clip clip0 cannot be looked at: .*gone.png"):
        run(adapter, tmp_path / "merged", replace(work, clips=gone))


def test_views_that_clips_without_video_cannot_have_are_named(base, work, tmp_path):
    adapter = save_adapter(base, tmp_path / "adapter")
    (adapter / "mevqa.json").write_text('{"views": ["apex", "motion"]}')
    with pytest.raises(InputError, match="views apex, motion, and the clip clip0 has no video.*pictures for apex$"):
        run(adapter, tmp_path / "merged", work)
