"""The shipped recipes: valid, listed, each tried on a tiny model of its architecture."""

import hashlib
import json
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny import built

from mevqa.errors import InputError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.resources import resource_folder
from mevqa.training.examples.clips import read_clips
from mevqa.training.finetune import finetune, load_trainable_model
from mevqa.training.recipes.recipe import find_recipe, read_recipe
from mevqa.training.trainer.trained_parts import part_of
from mevqa.types import Request, View

DESK = resource_folder("finetune")
GUIDE = (DESK / "README.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in DESK.glob("*.yaml"))
#: Recipes of models from the hub; nano has tests of its own.
HUB = [name for name in NAMES if not name.startswith("nano")]
#: What several recipes have in common.
SHARED = sorted((DESK / "common").glob("*.yaml"))
#: Hash of the settings of each recipe that are not the schema's defaults, from when each stood in one file. A recipe
#: that is changed on purpose gets a new one.
RESOLVED = {
    "gemma-3-4b-lora-16gb": "8626474305f9850a",
    "internvl3-2b-lora-16gb": "de1a90b91b243f08",
    "llava-onevision-0.5b-lora-8gb": "62b4f9cb4d13dfe3",
    "llava-onevision-7b-qlora-16gb": "a06bfaf36f73c29f",
    "nano-casme2": "84151800975adeff",
    "nano-real": "c7fab9bf03418aa3",
    "nano-widened": "cd234517f7b458b0",
    "nano": "87494be4b1ccdb0b",
    "qwen2.5-vl-3b-lora-16gb": "c042fcb98b58b07f",
    "qwen2.5-vl-3b-lora-24gb": "05e4d20f744fe65d",
    "qwen2.5-vl-3b-qlora-8gb": "eab472337585c259",
    "qwen2.5-vl-7b-lora-24gb": "20c252d13f320de1",
    "qwen2.5-vl-7b-lora-80gb": "a6bff876a93c3d80",
    "qwen2.5-vl-7b-qlora-16gb": "5279ee9616624430",
    "qwen3-vl-4b-lora-16gb": "fa7d4290c52ebd38",
    "qwen3-vl-4b-qlora-8gb": "ebb5326e6a1751ab",
    "qwen3-vl-8b-lora-24gb": "fadbae52aaf06065",
    "qwen3-vl-8b-qlora-16gb": "1d3242973f9cb3fb",
    "smolvlm2-256m": "8c8b31691a9fba0e",
    "smolvlm2-500m": "b524095aa30d054a",
}
#: The tiny model of each family, by what the family's names on the hub hold.
FAMILIES = {
    "SmolVLM": "smolvlm",
    "Qwen2.5-VL": "qwen2_5_vl",
    "Qwen3-VL": "qwen3_vl",
    "InternVL": "internvl",
    "llava-onevision": "llava_onevision",
    "gemma-3": "gemma3",
}
VIEWS = ("onset", "apex", "motion", "magnified")


def family(name):
    model = read_recipe(name).model
    return next(tiny for part, tiny in FAMILIES.items() if part in model)


def slow_but_one_a_family(names):
    """Mark all recipes slow but the first of each family."""
    seen = set()
    for name in names:
        first = family(name) not in seen
        seen.add(family(name))
        yield name if first else pytest.param(name, marks=pytest.mark.slow)


# --- the files


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_is_valid_found_by_name_and_in_the_guide(name):
    assert all(find_recipe(spelling).samefile(DESK / f"{name}.yaml") for spelling in (name, f"finetune/{name}.yaml"))
    assert read_recipe(name).title
    assert f"| `{name}` |" in GUIDE


@pytest.mark.parametrize("path", [*SHARED, *(DESK / f"{name}.yaml" for name in HUB)], ids=lambda path: path.stem)
def test_every_value_of_a_recipe_has_its_reason_beside_it(path):
    text = path.read_text(encoding="utf-8")
    values = [line for line in text.splitlines() if re.match(r" *\w+: \S", line)]
    bare = {line.split(":")[0] for line in values if "#" not in line}
    assert bare <= {"title", "extends", "model", "views", "seed"}


def test_what_the_recipes_have_in_common_stands_in_titled_blocks():
    text = (DESK / "common" / "lora.yaml").read_text(encoding="utf-8")
    titles = re.findall(r"^# --- (\w+)", text, re.MULTILINE)
    assert titles == ["model", "method", "data", "training", "output"]


@pytest.mark.parametrize("name", HUB)
def test_no_recipe_has_data_of_its_own(name):
    recipe = read_recipe(name)
    assert not (recipe.questions or recipe.media or recipe.annotations or recipe.precomputed or recipe.output)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_what_it_was_when_it_stood_in_one_file(name):
    settings = read_recipe(name).model_dump(mode="json", exclude_defaults=True)
    assert hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16] == RESOLVED[name]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_what_is_only_extended_is_no_recipe_by_itself(path):
    with pytest.raises(InputError, match=f"{path.name}:.*model: Field required"):
        read_recipe(str(path))
    with pytest.raises(InputError, match="there is no such recipe"):
        find_recipe(path.stem)


@pytest.mark.parametrize("name", HUB)
def test_features_are_remembered_exactly_where_they_do_not_change(name):
    recipe = read_recipe(name)
    frozen = not (recipe.rates.projector or recipe.rates.vision) and recipe.lora.targets == ("language",)
    assert (recipe.feature_cache > 0) == (recipe.augmentation.versions > 0) == frozen


@pytest.mark.parametrize("name", HUB)
def test_every_recipe_balances_mirrors_and_stops_early(name):
    recipe = read_recipe(name)
    assert recipe.balance.classes == "coarse" and recipe.augmentation.mirror == 0.5 and recipe.packed
    assert 0 < recipe.validation.share <= 0.2 and recipe.validation.patience
    assert recipe.clips * recipe.accumulation == 8
    assert (recipe.quantization == "4bit") == ("qlora" in name)


# --- each on its architecture


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Official questions about four clips of two subjects, and noise for each view: overrides of a recipe."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    rows = []
    for number, coarse in enumerate(("negative", "positive", "negative", "surprise")):
        subject = f"sub0{number // 2 + 1}"
        for view in VIEWS:
            (folder / view).mkdir(exist_ok=True)
            noise = rng.integers(0, 255, (56, 56, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / view / f"{subject}_EP{number}.png")
        answered = {
            "What is the coarse expression class?": coarse,
            "What is the action unit?": "brow lowerer",
            "Is the action unit brow lowerer shown on the face?": "yes",
        }
        clip = {"dataset": "casme2", "image_id": f"{subject}_EP{number}", "subject": subject, "filename": f"EP{number}"}
        rows += [
            {"id": f"{number}_{text}", **clip, "question": text, "answer": answer} for text, answer in answered.items()
        ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [f"questions={folder / 'questions.jsonl'}", *(f"precomputed.{view}={folder / view}" for view in VIEWS)]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of saved tiny models, made when asked for."""
    folders = {}

    def save(kind):
        if kind not in folders:
            folders[kind] = tmp_path_factory.mktemp(kind)
            model, processor = built(kind)
            model.save_pretrained(folders[kind])
            processor.save_pretrained(folders[kind])
        return folders[kind]

    return save


def tried(name, base, clips, out, *overrides):
    """The recipe on a tiny model: two steps with a look at the other subject after each."""
    short = ["epochs=0", "steps=2", "validation.every=1", "log_every=1", "workers=0", "device=cpu"]
    return read_recipe(name, [f"model={base}", *short, *clips, f"output={out}", *overrides])


def weights(model):
    """Copies of a model's own weights by their names before an adapter came, quantised ones as they are stored."""
    tensors = {}
    for name, parameter in model.named_parameters():
        if "lora_" not in name and "original_module" not in name:
            tensors[re.sub(r"\.(base_layer|modules_to_save\.default)\b", "", name)] = parameter.detach().clone()
    return tensors


def answers(base, out):
    """Replies of the base with the adapter to two questions."""
    adapted = load_model(str(base), ModelOptions(device="cpu", dtype="float32", adapter=str(out)))
    noise = np.random.default_rng(1).integers(0, 255, (56, 56, 3), dtype=np.uint8)
    requests = [Request("The coarse class?", options=("positive", "negative")), Request("The unit?", max_new_tokens=3)]
    return adapted.ask("You see a face.", [View("motion", Image.fromarray(noise), "the motion", (0, 1))], requests)


def check_trained(recipe, base, clips):
    """Train, and hold that exactly the parts with a rate have changed and that all is there to be asked again."""
    out = recipe.output
    trainable = load_trainable_model(recipe)
    before = weights(trainable.wrapped.model)
    finished = finetune(recipe, read_clips(recipe), out, trainable=trainable)
    assert finished.steps == 2 and math.isfinite(finished.loss) and math.isfinite(finished.validation)
    assert math.isfinite(finished.probe.loss) and finished.probe.clips > 1
    after = weights(trainable.wrapped.model)
    assert after.keys() == before.keys()
    changed = {part_of(name) for name, value in after.items() if not torch.equal(value.to(before[name]), before[name])}
    rates = recipe.rates.model_dump()
    assert changed == {part for part in ("language", "projector", "vision") if rates[part]}
    stored = load_file(out / "adapter_model.safetensors")
    assert {part_of(name) for name in stored} == {part for part, rate in rates.items() if rate}
    assert all(bool(value.any()) for name, value in stored.items() if "lora_B" in name)
    adapted = {part_of(name.replace("lora_", "")) for name in stored if "lora_" in name}
    assert "language" in adapted and ("vision" in adapted) == (recipe.lora.targets == ("everything",))
    for name in ("mevqa.json", "recipe.yaml", "training.json", "README.md", "prompts/coarse.yaml"):
        assert (out / name).is_file(), name
    assert json.loads((out / "mevqa.json").read_text())["views"] == list(recipe.views)
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == str(base)
    assert not list((out / "checkpoints").glob("*"))
    replies = answers(base, out)
    assert [reply.error for reply in replies] == [None, None]
    assert sum(replies[0].options.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", slow_but_one_a_family(HUB))
def test_every_recipe_trains_a_tiny_model_of_its_architecture(name, saved, clips, tmp_path):
    base = saved(family(name))
    check_trained(tried(name, base, clips, tmp_path / "out"), base, clips)


@pytest.mark.slow
def test_8_bit_weights_are_trained_too(saved, clips, tmp_path):
    """No recipe asks for 8 bits: 4 need less memory and, measured on a CPU, a fortieth of the time."""
    base = saved("qwen2_5_vl")
    overrides = ("quantization=8bit", "validation.share=0", "probe=false", "steps=1")
    recipe = tried("qwen2.5-vl-3b-qlora-8gb", base, clips, tmp_path / "out", *overrides)
    finished = finetune(recipe, read_clips(recipe), recipe.output)
    assert finished.steps == 1 and math.isfinite(finished.loss)
    assert [reply.error for reply in answers(base, recipe.output)] == [None, None]


@pytest.mark.slow
def test_a_recipe_trains_on_videos_with_its_own_workers(saved, tmp_path):
    """Real clips: read, aligned, jittered, mirrored and cut in processes of their own."""
    from mevqa.synthetic.writer import synthesise

    synthesise(tmp_path / "set", clips=6, seed=7)
    base = saved("smolvlm")
    data = [f"questions={tmp_path / 'set' / 'me_vqa_synthetic_train.jsonl'}", f"media={tmp_path / 'set'}"]
    data += [f"annotations={tmp_path / 'set' / 'annotations.csv'}"]
    recipe = tried("smolvlm2-256m", base, data, tmp_path / "out", "workers=2", "clips=2")
    finished = finetune(recipe, read_clips(recipe), recipe.output)
    assert finished.steps == 2 and math.isfinite(finished.validation)
    assert [reply.error for reply in answers(base, recipe.output)] == [None, None]
