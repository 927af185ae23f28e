"""Recipes: what a file and key=value become, what is refused, and what `mevqa finetune` says to a mistake."""

import json
import re

import numpy as np
import pytest
import yaml
from PIL import Image

from mevqa import cli
from mevqa.errors import InputError
from mevqa.training.recipes.recipe import Recipe, read_recipe

RECIPE = """
title: mine
model: some/model
lora:
  rank: 4
rates:
  adapter: 1.0e-3
steps: 20
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(RECIPE)
    return path


def refusal(path, *overrides):
    with pytest.raises(InputError) as caught:
        read_recipe(str(path), overrides)
    return str(caught.value)


def test_a_file_becomes_a_recipe(path):
    recipe = read_recipe(str(path))
    assert (recipe.model, recipe.lora.rank, recipe.lora.alpha, recipe.steps) == ("some/model", 4, 32, 20)
    assert recipe.questions == () and recipe.output is None and recipe.packed


@pytest.mark.parametrize(
    "override, keys, value",
    [
        ("steps=7", ("steps",), 7),
        ("lora.rank=8", ("lora", "rank"), 8),
        ("lora.rslora=true", ("lora", "rslora"), True),
        ("rates.adapter=5e-4", ("rates", "adapter"), 5e-4),
        ("rates.projector=0.0001", ("rates", "projector"), 1e-4),
        ("validation.share=0.2", ("validation", "share"), 0.2),
        ("synthetic.share=0.25", ("synthetic", "share"), 0.25),
        ("model=other/model", ("model",), "other/model"),
        ("title=a = b", ("title",), "a = b"),
    ],
)
def test_overrides_set_single_and_nested_keys(path, override, keys, value):
    setting = read_recipe(str(path), [override])
    for key in keys:
        setting = getattr(setting, key)
    assert setting == value


@pytest.mark.parametrize(
    "override, keys, value",
    [
        ("questions=a.jsonl", ("questions",), ("a.jsonl",)),
        ("questions=a.jsonl,b.jsonl", ("questions",), ("a.jsonl", "b.jsonl")),
        ("views=onset, apex", ("views",), ("onset", "apex")),
        ("views=[motion]", ("views",), ("motion",)),
        ("views=", ("views",), ()),
        (r"lora.targets=language,vision.*\.fc1", ("lora", "targets"), ("language", r"vision.*\.fc1")),
        ("folds.of=casme2,smic", ("folds", "of"), ("casme2", "smic")),
        ("log_to=tensorboard,wandb", ("log_to",), ("tensorboard", "wandb")),
        ("precomputed.flow=maps", ("precomputed",), {"flow": ("maps",)}),
    ],
)
def test_overrides_set_lists_by_commas(path, override, keys, value):
    setting = read_recipe(str(path), [override])
    for key in keys:
        setting = getattr(setting, key)
    assert setting == value


def test_one_place_serves_all_question_files_or_each_has_its_own(path):
    two = ["questions=a,b", "media=clips", "annotations=x.csv,y.csv", "precomputed.flow=maps1,maps2"]
    recipe = read_recipe(str(path), two)
    assert recipe.media == ("clips",) and recipe.precomputed == {"flow": ("maps1", "maps2")}
    assert "media names 3 places for 2 question files" in refusal(path, "questions=a,b", "media=p,q,r")
    assert "flow names 2 places for 3 question files" in refusal(path, "questions=a,b,c", "precomputed.flow=p,q")


def test_the_last_of_two_overrides_counts(path):
    assert read_recipe(str(path), ["steps=7", "steps=8"]).steps == 8


def test_a_block_is_taken_away_by_null(path):
    recipe = read_recipe(str(path), ["lora=null", "rates.adapter=0", "rates.language=1e-5"])
    assert recipe.lora is None and recipe.rates.language == 1e-5


@pytest.mark.parametrize(
    "override, message",
    [
        ("stepps=7", "unknown key 'stepps'; did you mean 'steps'?"),
        ("lora.ranks=7", "unknown key 'lora.ranks'; did you mean 'rank'?"),
        ("rates.adaptor=1e-3", "unknown key 'rates.adaptor'; did you mean 'adapter'?"),
        ("augmentation.flip=1", "unknown key 'augmentation.flip'; known keys: versions, mirror, jitter"),
        ("steps", "steps: is not key=value"),
        ("=7", "=7: is not key=value"),
        ("steps.rank=7", "steps is a value, not a block"),
        ("views=[onset", "views=[onset: cannot be set"),
        ("steps=many", "steps: "),
        ("steps=-1", "steps: "),
        ("lora.rank=0", "lora.rank: "),
        ("lora.rank=10000000", "lora.rank: "),
        ("workers=9999999", "workers: "),
        ("clips=1000000000", "clips: "),
        ("seed=-1", "seed: "),
        ("seed=99999999999999999999", "seed: "),
        ("augmentation.mirror=2", "augmentation.mirror: "),
        ("quantization=2bit", "quantization: Input should be 'none', '4bit' or '8bit'"),
        ("face=dlib", "face: Input should be 'auto', 'haar', 'mediapipe' or 'none'"),
        ("log_to=slack", "log_to"),
    ],
)
def test_a_wrong_override_is_named_with_its_mend(path, override, message):
    error = refusal(path, override)
    assert message in error and override in error


def test_all_wrong_overrides_are_reported_together(path):
    error = refusal(path, "stepps=7", "lora.ranks=7")
    assert "stepps" in error and "lora.ranks" in error
    assert len(refusal(path, "one", "two").splitlines()) == 2


@pytest.mark.parametrize(
    "overrides, message",
    [
        (["epochs=3"], "give either steps or epochs"),
        (["steps=0"], "give either steps or epochs"),
        (["rates.adapter=0"], "nothing would be trained"),
        (["rates.adapter=0", "rates.vision=1e-4"], "lora and rates.adapter go together"),
        (["lora=null"], "lora and rates.adapter go together"),
        (["rates.language=1e-5"], "set it to 0, or leave lora away"),
        (["quantization=4bit", "rates.vision=1e-5"], "quantised weights cannot be trained"),
        (["quantization=8bit", "lora=null", "rates.adapter=0", "rates.language=1e-5"], "quantised weights cannot be"),
        (["balance.types=true", "balance.questions=3"], "leave balance.types away"),
        (["synthetic.share=1", "steps=0", "epochs=3"], "synthetic maps have no epochs"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(path, overrides, message):
    assert message in refusal(path, *overrides)


@pytest.mark.parametrize(
    "change, line, message",
    [
        (("steps: 20", "stepps: 20"), 8, "unknown key 'stepps'; did you mean 'steps'?"),
        (("  rank: 4", "  rank: 4\n  rank: 8"), 6, "the key 'rank' stands twice"),
        (("  rank: 4", "  rank: four"), 5, "lora.rank: "),
        (("model: some/model", "model: !!python/name:os.system"), None, "YAML"),
    ],
)
def test_a_mistake_in_the_file_has_its_line(tmp_path, change, line, message):
    path = tmp_path / "mine.yaml"
    path.write_text(RECIPE.replace(*change))
    error = refusal(path)
    assert message in error and (line is None or f"mine.yaml:{line}: " in error)


def test_what_a_recipe_prints_is_the_same_recipe(path, tmp_path):
    overrides = ["questions=a,b", "precomputed.flow=maps", "views=motion", f"output={tmp_path / 'out'}", "prompts=own"]
    recipe = read_recipe(str(path), overrides)
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    assert read_recipe(str(again)) == recipe
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


# --- recipes that extend others


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / f"{next(iter(files))}.yaml"


def test_a_recipe_has_the_keys_of_the_one_it_extends_and_its_own_before_them(tmp_path):
    mine = "extends: middle\nlora:\n  rank: 8\nviews: [motion]\n"
    middle = "extends: base.yaml\nlora:\n  dropout: 0.5\n  rank: 2\n"
    extended = read_recipe(str(write(tmp_path, mine=mine, middle=middle, base=RECIPE + "views: [onset, apex]\n")))
    assert (extended.lora.rank, extended.lora.dropout, extended.views, extended.title) == (8, 0.5, ("motion",), "mine")
    whole = RECIPE.replace("rank: 4", "rank: 8\n  dropout: 0.5") + "views: [motion]\n"
    alone = read_recipe(str(write(tmp_path, alone=whole)))
    assert extended == alone and extended.model_dump_json() == alone.model_dump_json()
    assert "extends" not in extended.model_dump()


def test_a_block_of_the_base_is_taken_away_by_null_and_overrides_come_last(tmp_path):
    path = write(tmp_path, mine="extends: base\nlora: null\nrates:\n  adapter: 0\n  vision: 1.0e-4\n", base=RECIPE)
    assert read_recipe(str(path)).lora is None
    assert read_recipe(str(path), ["steps=3", "rates.vision=2e-4"]).rates.vision == 2e-4


def test_a_shipped_recipe_is_extended_by_its_name_from_any_folder(tmp_path, monkeypatch):
    path = write(tmp_path, mine="extends: qwen2.5-vl-7b-lora-24gb\ntitle: ours\n")
    monkeypatch.chdir(tmp_path.parent)
    assert read_recipe(str(path)) == read_recipe("qwen2.5-vl-7b-lora-24gb", ["title=ours"])


@pytest.mark.parametrize(
    "mine, base, message",
    [
        (
            "extends: base\nlora:\n  rank: 8\n",
            RECIPE + "stepps: 3\n",
            "base.yaml:9: unknown key 'stepps'; did you mean",
        ),
        ("extends: base\nlora:\n  rank: 8\n", RECIPE.replace("rank", "ranks"), "base.yaml:5: unknown key 'lora.ranks'"),
        ("extends: base\nlora:\n  rank: four\n", RECIPE, "mine.yaml:3: lora.rank: "),
        ("extends: base\nlora: 4\n", RECIPE, "mine.yaml:2: lora: "),
        ("extends: base\nepochs: 3\n", RECIPE, "mine.yaml:1: give either steps or epochs"),
        ("extends: base\n", "steps: [\n", "base.yaml:2: is not valid YAML"),
        ("extends: base\n", "- steps\n", "base.yaml:1: is no recipe that .*mine.yaml can extend: it must hold keys"),
        ("extends: base\n", "", "base.yaml:1: is no recipe that .*mine.yaml can extend: it must hold keys"),
        (
            "title: a\nextends: bsae\n",
            RECIPE,
            "mine.yaml:2: extends: there is no recipe 'bsae' .*; shipped ones: .*nano",
        ),
        ("extends: [base]\n", RECIPE, "mine.yaml:1: extends: must be the name of one recipe"),
        ("extends: mine\n", RECIPE, "mine.yaml:1: extends: goes in a circle: .*mine.yaml extends .*mine.yaml"),
        ("extends: base\n", "title: b\nextends: mine\n", "base.yaml:2: extends: goes in a circle: "),
        (f"extends: {'x' * 5000}\n", RECIPE, "mine.yaml:1: extends: there is no recipe 'xxx"),
    ],
)
def test_a_mistake_is_named_in_the_file_in_which_it_stands(mine, base, message, tmp_path):
    error = refusal(write(tmp_path, mine=mine, base=base))
    assert re.match(rf"{re.escape(str(tmp_path))}/{message}", error) and len(error.splitlines()) == 1, error


def test_mistakes_in_both_files_are_reported_together(tmp_path):
    error = refusal(write(tmp_path, mine="extends: base\nclips: x\n", base=RECIPE + "seed: x\n"))
    assert [line.partition(": ")[0].rpartition("/")[2] for line in error.splitlines()] == ["mine.yaml:2", "base.yaml:9"]


def test_a_name_that_no_file_can_have_is_no_recipe():
    with pytest.raises(InputError, match="there is no such recipe"):
        read_recipe("x" * 5000)


def test_no_override_extends(path):
    assert "extends stands in a recipe's file" in refusal(path, "extends=nano")


# --- what the command says


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Two official questions about a motion map, and what can be wrong with them."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "maps").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8)
    row = {"dataset": "casme2", "image_id": "s1_EP1", "subject": "s1", "filename": "EP1"}
    texts = {"What is the coarse expression class?": "negative", "What is the action unit?": "brow lowerer"}
    rows = [row | {"id": f"q{i}", "question": text, "answer": answer} for i, (text, answer) in enumerate(texts.items())]
    Image.fromarray(noise).save(folder / "maps" / "s1_EP1.png")
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    wrong = [rows[0], rows[1] | {"answer": "left eyebrow thing"}, rows[0] | {"id": "q9", "answer": "neutral"}]
    (folder / "wrong.jsonl").write_text("".join(json.dumps(row) + "\n" for row in wrong))
    (folder / "unanswered.jsonl").write_text(json.dumps(rows[0] | {"answer": ""}) + "\n")
    (folder / "taken").mkdir()
    (folder / "taken" / "thesis.tex").write_text("")
    return folder


#: A recipe of nano that would take two steps, were nothing wrong.
SHORT = ("nano-casme2", "steps=2", "synthetic=null", "device=cpu")
FULL = (*SHORT, "output=out", "questions=q.jsonl", "precomputed.flow=maps")


@pytest.mark.parametrize(
    "words, lines",
    [
        (["nanno"], ["nanno: there is no such recipe; shipped ones: .*nano-casme2, .*qwen2.5-vl-3b-qlora-8gb"]),
        (["finetune/gone.yaml"], ["finetune/gone.yaml: there is no such recipe; shipped ones: "]),
        ([*FULL, "outptu=out"], [".*unknown key 'outptu'; did you mean 'output'[?]"]),
        ([*FULL, "epochs=3"], [".*: give either steps or epochs"]),
        ([*FULL, "output=null"], ["output: says where the adapter goes: output=DIR"]),
        (
            [*SHORT, "output=out"],
            ["questions: no question file is named: questions=FILE,... .of a label file alone: .*"],
        ),
        ([*FULL, "questions=gone.jsonl"], ["gone.jsonl: .*"]),
        ([*FULL, "precomputed.flow=gone"], ["gone: the folder of the ready-made pictures 'motion'"]),
        ([*FULL, "precomputed=null", "precomputed={}"], ["media: says where the clips of q.jsonl are: media=DIR"]),
        (
            [*FULL, "questions=wrong.jsonl"],
            [
                "wrong.jsonl:2: 'left eyebrow thing' is no answer to 'What is the action unit[?]'",
                "wrong.jsonl:3: 'neutral' is no answer to 'What is the coarse expression class[?]'; it must be one of "
                "positive, negative, surprise",
            ],
        ),
        ([*FULL, "questions=unanswered.jsonl"], ["unanswered.jsonl: holds no answered question about a short clip"]),
        ([*FULL, "output=taken"], ["taken: exists and holds no training; name a new folder: output=DIR"]),
        ([*FULL, "views=onset"], [".*onset cannot be made for 1 clips without video [(]s1_EP1, ...[)]"]),
        ([*FULL, "model=nanno"], ["unknown model 'nanno'"]),
    ],
    ids=lambda value: value[-1].replace("/", "-") if value[0] in ("nanno", "nano-casme2", "finetune/gone.yaml") else "",
)
def test_the_command_says_what_is_wrong_in_a_line_each(words, lines, work, capsys, monkeypatch):
    monkeypatch.chdir(work)
    before = sorted(work.rglob("*"))
    assert cli.main(["finetune", *words]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == len(lines), errors
    for line, expected in zip([errors[0].removeprefix("mevqa finetune: "), *errors[1:]], lines, strict=True):
        assert re.match(expected, line), line
    assert sorted(work.rglob("*")) == before


@pytest.mark.parametrize(
    "override, message",
    [
        ("lora.targets=nothing", "lora.targets: 'nothing' matches no linear module, e.g. "),
        ("sampler=oap", "unknown sampler 'oap'; did you mean 'oao'?"),
    ],
)
def test_what_does_not_fit_the_model_or_the_clips_is_refused(override, message, work, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(work)
    assert cli.main(["finetune", *FULL, f"output={tmp_path / 'out'}", override]) == 2
    assert message in capsys.readouterr().err


def test_the_command_prints_a_recipe_with_its_overrides(capsys):
    assert cli.main(["finetune", "--print", "finetune/smolvlm2-256m.yaml", "lora.rank=8"]) == 0
    printed = Recipe.model_validate(yaml.safe_load(capsys.readouterr().out))
    assert printed == read_recipe("smolvlm2-256m", ["lora.rank=8"])


def test_a_recipe_cannot_turn_remote_code_on_by_itself(path, capsys):
    mend = "wants to run Python code that comes with the model: read that code first, then add --trust-remote-code"
    assert mend in refusal(path, "trust_remote_code=true")
    path.write_text(RECIPE + "trust_remote_code: true\n")
    assert f"{path}: trust_remote_code: {mend}" == refusal(path)
    for command in ("finetune", "loso"):
        assert cli.main([command, str(path), "output=x"]) == 2
        assert mend in capsys.readouterr().err
    assert read_recipe(str(path), trust_remote_code=True).trust_remote_code
    path.write_text(RECIPE)
    assert cli.main(["finetune", str(path), "--print", "--trust-remote-code"]) == 0
    assert "trust_remote_code: true" in capsys.readouterr().out
    assert not read_recipe(str(path)).trust_remote_code
