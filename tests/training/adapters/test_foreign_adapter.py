"""Adapters of other toolkits are imported for the model of today, or refused in a clear line."""

import copy
import json

import pytest
import torch
from adapters import save_base
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny import built

import mevqa
from mevqa.cli import main
from mevqa.errors import ModelError
from mevqa.models.registry import load_model
from mevqa.training.adapters.trained_subjects import recorded_subjects


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base("qwen2_5_vl", tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """An adapter with the names of layers of transformers before 4.52, in a checkpoint of a toolkit."""
    folder = tmp_path_factory.mktemp("theirs") / "checkpoint-20"
    model = copy.deepcopy(built("qwen2_5_vl")[0])  # The layers of an adapter go into the model in place.
    pattern = r"^(?!.*visual).*(?:q_proj|v_proj|down_proj).*"
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=pattern))
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.3)
    tuned.save_pretrained(folder)
    weights = load_file(folder / "adapter_model.safetensors")
    old = {key.replace(".model.language_model.layers", ".model.layers"): value for key, value in weights.items()}
    save_file(old, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "adapter_config.json").read_text()) | {"auto_mapping": None}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "trainer_state.json").write_text("{}")
    (folder / "optimizer.pt").write_bytes(b"pickled")
    return folder


def test_old_names_become_those_of_the_model(base, theirs, tmp_path, capsys):
    out = tmp_path / "ours"
    assert main(["import", str(theirs), "--model", str(base), "--out", str(out)]) == 0
    assert "LORA of 6 layers, 6 of them under names of an older release" in capsys.readouterr().out
    keys = load_file(out / "adapter_model.safetensors")
    assert all(".model.language_model.layers." in key for key in keys)
    assert {path.name for path in out.iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    options = mevqa.ModelOptions(adapter=str(out))
    before = mevqa.load_model(str(base), mevqa.ModelOptions(adapter=str(theirs)))
    after = mevqa.load_model(str(base), options)
    pairs = zip(before.model.named_parameters(), after.model.named_parameters(), strict=True)
    assert all(name == other and torch.equal(first, second) for (name, first), (other, second) in pairs)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The record of an export of three people with a fold for each of two; its pictures are not needed."""
    folder = tmp_path_factory.mktemp("exported")
    preferences = load_model("mock").preferences.model_dump(mode="json")
    rows = [{"id": f"q{n}", "clip": f"c{n}", "user": "", "pictures": [], "answer": "yes"} for n in (1, 2, 3)]
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "prompts").mkdir()
    folds = {"1": {"train": ["q2"], "validation": ["q3"], "test": ["q1"]}, "2": {"train": ["q1", "q3"], "test": ["q2"]}}
    record = {"format": 1, "written_as": "messages", "decides": {}, "preferences": preferences, "files": []}
    clips = {f"c{n}": {"dataset": "casme2", "subject": f"s{n}"} for n in (1, 2, 3)}
    (folder / "export.json").write_text(json.dumps({**record, "clips": clips, "splits": folds}))
    return folder


def test_subjects_that_it_has_seen_are_recorded(base, theirs, exported, tmp_path, capsys):
    for fold, seen in (("1", {"s2", "s3"}), (None, {"s1", "s2", "s3"})):
        out = tmp_path / str(fold)
        named = [] if fold is None else ["--fold", fold]
        command = ["import", str(theirs), "--model", str(base), "--export", str(exported), "--out", str(out), *named]
        assert main(command) == 0
        subjects = recorded_subjects(out)
        assert subjects.complete and set(subjects.spellings.values()) == seen
    assert (
        main(["import", str(theirs), "--model", str(base), "--export", str(exported), "--out", "x", "--fold", "9"]) == 2
    )
    assert capsys.readouterr().err.strip().endswith(f"--fold: {exported} has no '9'; its folds: 1, 2")


def test_without_an_export_nothing_is_known_of_its_subjects(theirs):
    assert not recorded_subjects(theirs).complete


def test_what_does_not_fit_is_one_line(base, theirs, tmp_path):
    def refused(folder, model=base):
        with pytest.raises(ModelError) as error:
            mevqa.import_adapter(folder, model=str(model), out=tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return str(error.value)

    assert "holds 1 checkpoints and is none; name one: " in refused(theirs.parent)
    assert "made for a model of another size" in refused(theirs, "nano")
    copy = tmp_path / "wide"
    copy.mkdir()
    weights = {
        key: value.repeat(1, 2) if "lora_A" in key else value
        for key, value in load_file(theirs / "adapter_model.safetensors").items()
    }
    save_file(weights, copy / "adapter_model.safetensors", metadata={"format": "pt"})
    (copy / "adapter_config.json").write_bytes((theirs / "adapter_config.json").read_bytes())
    assert "made for a model of another size" in refused(copy)
    (copy / "adapter_model.safetensors").rename(copy / "adapter_model.bin")
    assert "pickled weights may run code and are not read" in refused(copy)
