import ast
import importlib
import runpy
import sys
from pathlib import Path

import pytest

from mevqa.synthetic.writer import synthesise

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
#: Lines of what serves the documents rather than being read as an example; others have 40 at most.
LONGER = {"made_up_datasets": 60}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    synthesise(folder / "set", clips=1, seed=5, size=(160, 160), fps=(60.0,))
    return next((folder / "set" / "clips").glob("*.mp4"))


@pytest.fixture(scope="module")
def long_videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    return synthesise(folder / "set", clips=2, seed=1, long=True, subjects=2, seconds=4.0, size=(160, 160))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_short_and_runs(path, clip, long_videos, tmp_path, capsys, monkeypatch):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(path.stem, 40)
    questions = clip.parents[1] / "me_vqa_synthetic_test_to_answer.jsonl"
    others = {
        "localiser_accuracy": ["--clips", "1", "--fps", "60"],
        "answer_by_prior": [str(questions)],
        "made_up_datasets": ["casme2", str(tmp_path / "casme2")],
        "own_model": [str(questions), str(clip.parent)],
        "own_recogniser": [
            str(clip.parents[1] / "me_vqa_synthetic_train.jsonl"),
            str(clip.parent),
            str(tmp_path / "o"),
        ],
        "own_learned_spotter": map(str, (long_videos.annotations, long_videos.folder / "clips", tmp_path / "weights")),
    }
    monkeypatch.setattr(sys, "argv", [str(path), *others.get(path.stem, [str(clip)])])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_uses_public_names_only(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "mevqa":
            public = importlib.import_module(node.module).__all__
            assert {alias.name for alias in node.names} <= set(public), node.module
