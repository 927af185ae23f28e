"""The second model of the page: it is another than the first, and can be chosen beside it."""

from __future__ import annotations

import pytest

import mevqa
from mevqa.app.clips.asking import PageModels
from mevqa.app.settings import AppSettings


@pytest.fixture
def adapter_folder(tmp_path, monkeypatch):
    """The name of a folder that holds an adapter, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "adapter_config.json").write_text("{}")
    return "out"


@pytest.mark.parametrize("spelling", ["out", "./out/", "{folder}"])
def test_the_adapter_of_the_first_model_is_refused_as_the_second(adapter_folder, tmp_path, spelling):
    second = spelling.format(folder=tmp_path / adapter_folder)
    for compare, option in ((None, "--compare-adapter"), ("nano", "--compare")):
        settings = AppSettings(adapter=adapter_folder, compare=compare, compare_adapter=second)
        with pytest.raises(mevqa.InputError, match="is asked already: name another") as refused:
            settings.check()
        assert [problem.path for problem in refused.value.problems if "already" in problem.message] == [option]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"compare_adapter": "one/out"}, ("nano", "nano + one/out")),
        ({"adapter": "./one/out", "compare_adapter": "./two/out"}, ("nano + out", "nano + out (2)")),
        ({"compare": "mock"}, ("nano", "mock")),
        ({}, ("nano",)),
    ],
)
def test_both_models_can_be_chosen(names, shown):
    assert PageModels(AppSettings(**names)).names == shown
