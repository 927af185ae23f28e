"""Models by registered names and schemes."""

import shutil

import pytest

import mevqa
from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.mock import MockModel
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model, model_names, own_preferences, own_prompts, register_model


def test_a_scheme_gets_the_whole_name_and_the_options():
    calls = []
    register_model("server", lambda name, options: calls.append((name, options)) or MockModel(name=name))
    assert load_model("server:a/b:c", ModelOptions(seed=3)).name == "server:a/b:c"
    assert load_model("server").name == "server"
    assert calls == [("server:a/b:c", ModelOptions(seed=3)), ("server", ModelOptions())]
    assert "server" in model_names()
    with pytest.raises(ModelError, match="did you mean 'server'"):
        load_model("servr")


def test_a_folder_has_a_name_and_is_asked_as_it_prefers(tmp_path):
    folder = shutil.copytree(WEIGHTS, tmp_path / "weights")
    register_model("tuned", folder)
    assert own_preferences("tuned") == own_preferences("nano") != Preferences()
    model = load_model("tuned", ModelOptions(device="cpu"))
    assert model.name == "tuned" and model.revision == load_model("nano", ModelOptions(device="cpu")).revision
    (folder / "prompts").mkdir()
    assert own_prompts("tuned") == folder / "prompts" and own_prompts("mock") is None
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="register another folder"):
        load_model("tuned")
    with pytest.raises(ModelError, match="unknown model"):
        load_model("tuned:x")


@pytest.mark.parametrize("name", ["nano", "mock"])
def test_a_name_is_taken_once(name):
    with pytest.raises(ValueError, match="registered twice"):
        register_model(name, WEIGHTS)


@pytest.mark.parametrize("name", ["", "a:b", "owner/model"])
def test_a_name_is_no_scheme_with_more_and_no_path(name):
    with pytest.raises(ValueError, match="cannot be called"):
        register_model(name, WEIGHTS)


@pytest.mark.parametrize("variant", [None, "default"])
def test_prompts_and_views_are_those_that_a_registered_model_prefers(variant, tmp_path):
    """They are only known once it is made."""
    data = mevqa.synthesise(tmp_path / "set", clips=1, seed=5)
    model = MockModel(preferences=Preferences(views=("apex",), variant="brief"))
    register_model("mine", lambda name, options: model)
    inputs = {"media": data.folder, "annotations": data.annotations}
    mevqa.evaluate(data.train, "mine", variant=variant, out=tmp_path / "a", **inputs)
    other = MockModel(preferences=Preferences(views=("apex",), variant=variant or "brief"))
    mevqa.evaluate(data.train, other, out=tmp_path / "b", **inputs)
    texts = [[request.text for call in mock.calls for request in call.requests] for mock in (model, other)]
    assert texts[0] == texts[1] and [view.name for view in model.calls[0].views] == ["apex"]
