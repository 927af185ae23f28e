"""Loading of models for answering: unusable options are refused before a model is loaded."""

import json

import cv2
import numpy as np
import pytest

import mevqa
from mevqa.cli import main
from mevqa.inference.shots.options import ShotOptions

QUESTION = "Is the action unit AU4 shown on the face?"
ROW = {"id": "0", "dataset": "casme2", "subject": "sub01", "filename": "sub01_EP01", "image_id": "sub01_EP01"}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """One question about a clip of which there is a motion map, where no model can be loaded."""
    (tmp_path / "maps").mkdir()
    cv2.imwrite(str(tmp_path / "maps/sub01_EP01.png"), np.zeros((32, 32, 3), np.uint8))
    (tmp_path / "q.jsonl").write_text(json.dumps({**ROW, "question": QUESTION, "answer": "yes"}) + "\n")
    (tmp_path / "notes.csv").write_text("clip,note\nsub01_EP01,The heart beats faster.\n")

    def load_model(name, options):
        pytest.fail(f"{name} is loaded")

    monkeypatch.setattr("mevqa.inference.loading.load_model", load_model)
    return ["eval", str(tmp_path / "q.jsonl"), "--precomputed", f"motion={tmp_path / 'maps'}"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--estimate"], "--estimate is for served models (openai:NAME); nano costs nothing"),
        (["--estimate", "--model", "mock"], "--estimate is for served models (openai:NAME); mock costs nothing"),
        (["--estimate", "--samples", "3"], "--estimate counts neither shots nor samples: leave --shots and --samples"),
        (["--estimate", "--shots", "1", "--shots-from", "q.jsonl"], "--estimate counts neither shots nor samples"),
        (["--estimate", "--shard", "1/2"], "--estimate counts the whole run: leave --shard out of it"),
        (["--estimate", "--model", "nanno"], "unknown model 'nanno': did you mean 'nano'?"),
        (["--out", "run", "--notes", "notes.csv"], "--notes: the prompt variant 'brief' has no text"),
        (["--out", "run", "--views", "onset"], "--views: onset cannot be made for 1 clips without video"),
        (["--out", "run", "--views", "evidence"], "--views: evidence is a text, and the prompt variant 'brief'"),
        (["--out", "run", "--shots", "1", "--shots-from", "none.jsonl"], "none.jsonl: cannot be read"),
        (["--out", "run", "--shots", "1", "--shots-from", "q.jsonl"], "--shots: only 0 clips of other subjects are"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_refuses_before_the_model_is_loaded(command, words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    more = ["--shots-precomputed", f"motion={tmp_path / 'maps'}"] if "--shots" in words else []
    assert main([*command, *words, *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mevqa eval: {message}")


def test_a_question_about_one_video_is_refused_before_the_model_is_loaded(command, tmp_path):
    video, shots = tmp_path / "maps", ShotOptions(2, (tmp_path / "q.jsonl",), pictures={"motion": tmp_path / "maps"})
    with pytest.raises(mevqa.InputError, match="has no text before the pictures"):
        mevqa.ask(video, QUESTION, note="The heart beats faster.")
    with pytest.raises(mevqa.InputError, match="only 1 clips of other subjects"):
        mevqa.ask(video, QUESTION, subject="sub02", shots=shots)
