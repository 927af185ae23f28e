"""The command mevqa list and the library's lists."""

from __future__ import annotations

import json

import pytest

import mevqa
from mevqa.api.listing import LISTS
from mevqa.cli import main


def test_help_names_every_list(capsys):
    with pytest.raises(SystemExit):
        main(["list", "--help"])
    assert ", ".join(LISTS) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("what", LISTS)
def test_everything_has_a_sentence(what):
    sentences = mevqa.available(what)
    assert sentences and all(sentence.strip() for sentence in sentences.values())


def test_every_model_of_mevqa_says_what_it_is():
    assert "vote of the clips" in mevqa.available("models")["nearest"]


def test_names_are_those_that_the_options_take(capsys, tmp_path):
    assert main(["list", "spotters"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split("  ")[0] == "motion" and "child-graph" in "\n".join(printed)
    assert main(["list", "recipes", "--json", str(tmp_path / "recipes.json")]) == 0
    assert "spotting/meldae" in json.loads((tmp_path / "recipes.json").read_text())


def test_an_unknown_list_is_one_line():
    with pytest.raises(mevqa.InputError, match="there is no list of 'view'; did you mean 'views'"):
        mevqa.available("view")
