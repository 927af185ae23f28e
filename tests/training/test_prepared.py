"""A training on a prepared benchmark ends with the weights of one on its question files and pictures."""

import json

import pytest
from map_clips import write_maps
from safetensors.torch import load_file

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError

SETTINGS = {
    "model": "nano",
    "lora.rank": 4,
    "rates.adapter": 1e-3,
    "steps": 2,
    "clips": 2,
    "probe": False,
    "views": "motion",
    "device": "cpu",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_maps(tmp_path_factory.mktemp("maps"), subjects=2)


@pytest.fixture(scope="module")
def prepared(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "out"
    mevqa.prepare(data, out=out, precomputed={"flow": data.parent / "maps"}, views="motion")
    return out


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in nested(SETTINGS).items()), "utf-8")
    return path


def nested(flat):
    made = {}
    for key, value in flat.items():
        block, _, inner = key.rpartition(".")
        made.setdefault(block, {}).update({inner: value}) if block else made.update({key: value})
    return made


def test_the_weights_are_those_of_the_pictures_themselves(data, prepared, recipe, tmp_path):
    maps = {"flow": str(data.parent / "maps")}
    mevqa.finetune(recipe, questions=str(data), precomputed=maps, output=str(tmp_path / "live"))
    mevqa.finetune(recipe, questions=str(prepared), output=str(tmp_path / "kept"))
    live, kept = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("live", "kept"))
    assert live.keys() == kept.keys()
    assert all((live[key] == kept[key]).all() for key in live)
    records = [json.loads((tmp_path / name / "training.json").read_text("utf-8")) for name in ("live", "kept")]
    assert records[0]["decides"]["media"] == records[1]["decides"]["media"]
    assert records[0]["subjects"] == records[1]["subjects"]


def test_later_stages_see_the_prepared_pictures(prepared, recipe, tmp_path):
    stages = {"stages": "sft,rft", "rft": {"samples": 3, "steps": 1, "share": 1.0, "f1": 0.5}}
    result = mevqa.finetune(recipe, questions=str(prepared), output=str(tmp_path / "out"), **stages)
    assert [stage.name for stage in result.stages] == ["sft", "rft"] and result.stages[1].right > 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"views": "onset,apex"}, "views: is onset,apex, and .* was prepared with motion: set views=motion"),
        ({"frames": 5}, "frames: is 5, and .* was prepared with 3"),
        ({"augmentation": {"jitter": 2}}, "augmentation.jitter: moves key frames"),
        ({"media": "."}, "questions: .* is a prepared benchmark, which has its questions and clips with it"),
    ],
)
def test_what_it_does_not_hold_is_refused(prepared, recipe, tmp_path, overrides, message):
    with pytest.raises(InputError, match=message):
        mevqa.finetune(recipe, questions=str(prepared), output=str(tmp_path / "out"), **overrides)
    assert not (tmp_path / "out" / "training.json").exists()


def test_changed_pictures_do_not_continue_a_training(data, prepared, recipe, tmp_path, capsys):
    words = ["finetune", str(recipe), f"questions={prepared}", f"output={tmp_path / 'out'}"]
    assert main(words) == 0
    record = prepared / "prepared.json"
    before = record.read_text("utf-8")
    content = json.loads(before)
    first = next(iter(content["decides"]["media"]))
    content["decides"]["media"][first] = "another"
    record.write_text(json.dumps(content), "utf-8")
    try:
        assert main(words) == 2
    finally:
        record.write_text(before, "utf-8")
    assert f"has changed since this training was begun: media.{first}" in capsys.readouterr().err
    assert main(["finetune", "recognition/mean-maps", f"questions={prepared}", f"output={tmp_path / 'mean'}"]) == 2
    assert "a recogniser measures the videos: name question files" in capsys.readouterr().err
