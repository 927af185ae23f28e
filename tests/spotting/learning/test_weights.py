from __future__ import annotations

import json

import pytest
from made_videos import settings, system, video

from mevqa.errors import InputError
from mevqa.spotting.learning.network_scores import network_outputs
from mevqa.spotting.learning.weights import Outcome, SpotterWeights, TrainedOn
from mevqa.spotting.registry import spot_options


@pytest.fixture
def weights(fitted):
    return SpotterWeights(
        "me-tst",
        "me-tst",
        10,
        settings(),
        fitted.priors,
        TrainedOn(annotations="labels.csv", digest="sha256:0", subjects=("s0", "s1"), videos=("v0", "v1")),
        Outcome(parameters=9, epochs=12, loss=0.1, f1=fitted.f1),
        fitted.network,
    )


@pytest.fixture
def folder(weights, tmp_path):
    weights.save(tmp_path / "weights")
    return tmp_path / "weights"


def test_what_is_saved_is_read_back(weights, folder):
    read = system().load(folder)
    assert read.digest() == weights.digest() and (read.config, read.priors) == (weights.config, weights.priors)
    series = video("new", "s9", (30,)).series
    before, after = (network_outputs(system(), own.network, series, own.config, own.priors) for own in (weights, read))
    assert (before["score"] == after["score"]).all()
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "spotter.json", "README.md"}
    assert "a spotter of micro-expressions" in (folder / "README.md").read_text()


def test_the_folder_names_its_spotter(folder):
    options = spot_options(weights=folder)
    assert options.spotter == "me-tst" and options.calibrator.digest().startswith("sha256:")
    assert spot_options(spotter="me-tst", weights=folder).calibrator.digest() == options.calibrator.digest()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spotter": "me-tst"}, "--spotter: me-tst needs the folder"),
        ({"spotter": "motion", "weights": True}, "--weights: the spotter motion has none"),
        ({"weights": True, "calibrator": "c.json"}, "--weights: a spotter has weights or a calibrator, not both"),
        ({"spotter": "me-tst", "calibrator": "c.json"}, "has a folder of weights: --weights DIR"),
        ({"weights": "elsewhere"}, "there is no such folder; mevqa finetune"),
    ],
)
def test_weights_and_spotters_that_do_not_go_together(folder, options, message):
    own = {name: folder if value is True else value for name, value in options.items()}
    with pytest.raises(InputError, match=message):
        spot_options(**own)


def test_damaged_folders_are_one_line_each(folder):
    content = json.loads((folder / "spotter.json").read_text())

    def refused(message):
        with pytest.raises(InputError, match=message):
            system().load(folder)

    def write(**changes):
        (folder / "spotter.json").write_text(json.dumps(content | changes))

    write(system="other")
    refused("is of the spotter other, not of me-tst")
    write(priors=content["priors"] | {"scale": "wide"})
    refused("spotter.json: priors.scale")
    write(config=content["config"] | {"network": {"wdith": 4}})
    refused("unknown key 'network.wdith'; did you mean 'width'?")
    write(config=content["config"] | {"network": content["config"]["network"] | {"width": 16}})
    refused("model.safetensors: holds the weights of another network")
    write()
    (folder / "model.safetensors").write_bytes(b"\x00" * 40)
    refused("model.safetensors: cannot be read as safetensors")
    (folder / "model.safetensors").unlink()
    refused("model.safetensors: is missing")
    (folder / "spotter.json").write_text("{")
    refused("spotter.json:1: is not JSON")
