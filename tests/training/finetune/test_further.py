"""An adapter that is trained further: from where it ended, and on nobody who is held out."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from map_clips import write_maps
from short_trainings import SETTINGS, command, train, weights, write_recipe

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.resources import resource_folder
from mevqa.training.examples.clips import read_clips, training_clips
from mevqa.training.finetune import divide
from mevqa.training.loso import make_folds
from mevqa.training.splits import LeakError
from mevqa.training.trainable_model import load_trainable_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_an_adapter_is_trained_further(make, tmp_path):
    """It begins where the first training ended, keeps its views, prompts and shape, and is a whole adapter itself."""
    own = tmp_path / "prompts"
    own.mkdir()
    shipped = (resource_folder("prompts") / "coarse.yaml").read_text()
    (own / "coarse.yaml").write_text(shipped.replace("{question}", "Look closely. {question}"))
    first = make(rates={"adapter": 1e-2, "projector": 1e-3}, prompts=str(own))
    train(first, tmp_path / "first")
    before = weights(tmp_path / "first")
    more = {"adapter": str(tmp_path / "first"), "seed": 5}
    rest = make(rates={"adapter": 1e-12, "projector": 1e-12}, **more)
    finished = train(rest, tmp_path / "same")
    assert finished.parameters["adapter"] > 0 and finished.parameters["projector"] > 0
    after = weights(tmp_path / "same")
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name].float(), after[name].float(), atol=1e-6) for name in before)
    train(make(rates={"adapter": 1e-2, "projector": 1e-3}, **more), tmp_path / "second")
    moved = weights(tmp_path / "second")
    changed = {name for name in before if not torch.equal(before[name], moved[name])}
    assert any("lora_B" in name for name in changed) and any("projector" in name for name in changed)
    assert "Look closely" in (tmp_path / "second" / "prompts" / "coarse.yaml").read_text()
    assert "trained further from the adapter first\n" in (tmp_path / "second" / "README.md").read_text()
    load_model("nano", ModelOptions(adapter=str(tmp_path / "second"), device="cpu"))


@pytest.mark.parametrize(
    "override, message",
    [
        (
            ["model=FIRST"],
            "model: FIRST is an adapter; to train it further name its base too: model=nano adapter=FIRST",
        ),
        (["adapter=FIRST", "lora.rank=8"], "lora.rank: is 8, and the adapter FIRST has 4: set lora.rank=4"),
        (
            ["adapter=FIRST", "lora.dora=true"],
            "lora.dora: is True, and the adapter FIRST has False: set lora.dora=false",
        ),
        (
            ["adapter=FIRST", "rates.projector=0.1"],
            "the adapter FIRST holds no projector to train: set rates.projector=0",
        ),
        (["adapter=nowhere"], "no adapter 'nowhere': neither a folder nor on the hub"),
        (["adapter=FIRST", "prompts=nowhere"], "nowhere: is not a folder of prompt files"),
        (["variant=brif"], "unknown variant 'brif'; did you mean 'brief'?"),
    ],
)
def test_what_cannot_be_trained_further_is_one_line(questions, first, tmp_path, capsys, override, message):
    path = write_recipe(tmp_path, **SETTINGS)
    words = [word.replace("FIRST", str(first)) for word in override]
    assert main(command(path, questions, tmp_path / "out", *words)) == 2
    printed = capsys.readouterr().err
    assert message.replace("FIRST", str(first)) in printed and printed.count("mevqa finetune: ") == 1
    assert not (tmp_path / "out").exists()


def test_folds_hold_nobody_out_whom_their_adapter_was_trained_on(questions, first, tmp_path, capsys):
    words = command(write_recipe(tmp_path, **SETTINGS), questions, tmp_path / "out", f"adapter={first}")
    assert main(["loso", *words[1:], "--list"]) == 2
    assert "the adapter adapter was trained on subjects to test on, or may have been: sub01" in capsys.readouterr().err
    for unknown in (True, False):
        copy = tmp_path / f"copy-{unknown}"
        shutil.copytree(first, copy)
        record = json.loads((copy / "training.json").read_text())
        record.pop("subjects")
        record["decides"]["media"] = {"another": ""} if unknown else {}
        (copy / "training.json").write_text(json.dumps(record))
        words[-1] = f"adapter={copy}"
        assert main(["loso", *words[1:], "--list"]) == (2 if unknown else 0)
        assert ("does not tell which subjects it was trained on" in capsys.readouterr().err) == unknown


def test_an_adapter_of_other_subjects_is_trained_further_in_every_fold(questions, make, tmp_path, capsys):
    """Those it was trained on are trained on again, and neither held out nor validated on; the record holds both."""
    others = write_maps(tmp_path / "samm", subjects=2, dataset="samm", seed=3, prefix="s")
    places = {"questions": [str(others)], "precomputed": {"flow": [str(others.parent / "maps")]}}
    train(make(steps=1, **places), tmp_path / "first")
    both = {
        "questions": [str(questions), str(others)],
        "precomputed": {"flow": [str(file.parent / "maps") for file in (questions, others)]},
    }
    further = make(adapter=str(tmp_path / "first"), folds={"of": ["casme2"]}, **both)
    assert len(make_folds(further, read_clips(further))) == 4
    with pytest.raises(LeakError, match="sub01 of samm"):
        make_folds(make(adapter=str(tmp_path / "first"), **both), read_clips(further))
    clips = training_clips(read_clips(further), load_trainable_model(further).prompts)
    learning, validation = divide(make(adapter=str(tmp_path / "first"), validation={"share": 0.4}, **both), clips)
    assert {clip.clip.dataset for clip in validation} == {"casme2"} and len(learning) + len(validation) == 12
    train(further, tmp_path / "second")
    seen = json.loads((tmp_path / "second" / "training.json").read_text())["subjects"]
    assert {name: len(entry["subjects"]) for name, entry in seen["datasets"].items()} == {"casme2": 4, "samm": 2}
    (tmp_path / "first" / "training.json").write_text(
        (tmp_path / "first" / "training.json").read_text().replace("sha256:", "sha256:0")
    )
    with pytest.raises(InputError, match="was trained on a base model of revision sha256:0"):
        load_trainable_model(further)
