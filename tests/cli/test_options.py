import argparse
import json

import numpy as np
import pytest
from PIL import Image

from mevqa.cli import main
from mevqa.cli.model_options import add_model_options
from mevqa.cli.options import add_long_options, add_look_options, view_options
from mevqa.models.base import Preferences


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video")
    return str(path)


@pytest.fixture
def no_model(monkeypatch):
    """Fail the test when a model is loaded."""

    def load_model(*args):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("mevqa.inference.loading.load_model", load_model)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--views", "onst,apex"], "--views: unknown view 'onst'; did you mean 'onset'?"),
        (["--views", ","], "--views: names no view; known: "),
        (["--sampler", "unifrm"], "--sampler: unknown sampler 'unifrm'; did you mean 'uniform'?"),
        (["--variant", "brif"], "unknown variant 'brif'; did you mean 'brief'?"),
        (["--prompts", "nowhere"], "nowhere: is not a folder of prompt files"),
        (["--calibrator", "nowhere.json"], "nowhere.json: cannot be read: "),
        (["--adapter", "./nowhere"], "no adapter './nowhere': neither a folder nor on the hub"),
        (["--model", "nanno"], "unknown model 'nanno': did you mean 'nano'?"),
    ],
)
def test_what_can_be_checked_without_the_model_is_checked_before_it(words, line, video, no_model, capsys):
    assert main(["ask", video, "What are the action units?", *words]) == 2
    assert line in capsys.readouterr().err


def test_all_wrong_options_are_named_together(video, no_model, capsys):
    words = ["--views", "onst", "--sampler", "no", "--calibrator", "no.json", "--prompts", "no"]
    assert main(["ask", video, "What are the action units?", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4


def arguments(*words):
    parser = argparse.ArgumentParser()
    for add in (add_model_options, add_look_options, add_long_options):
        add(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "short", "long"),
    [([], 3, 8), (["--frames", "5"], 5, 5), (["--frames", "3"], 3, 3), (["--frames", "12"], 12, 12)],
)
def test_frames_count_for_long_videos_too(words, short, long):
    view_config = view_options(arguments("--lvqa", "model", *words)).for_model(Preferences())
    assert (view_config.frames, view_config.long_frames) == (short, long)


def test_the_model_gets_as_many_frames_of_a_long_video_as_were_asked_for(tmp_path, capsys):
    folder = tmp_path / "video"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(30):
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(folder / f"{number:03}.png")
    question = "How many micro-expression events appear in this video?"
    words = ["ask", str(folder), question, "--model", "mock", "--lvqa", "model", "--face", "none", "--fps", "30"]
    for more, count in (([], 8), (["--frames", "5"], 5), (["--frames", "12"], 12)):
        assert main([*words, "--json", "-", *more]) == 0
        assert len(json.loads(capsys.readouterr().out)["moments"]) == count


@pytest.mark.parametrize("model", [[], ["--model", "mock"]])
def test_options_of_a_server_are_refused_without_a_served_model(model, tmp_path, capsys):
    words = ["eval", "q.jsonl", "--out", str(tmp_path / "run"), *model]
    assert main([*words, "--max-cost", "1"]) == 2
    assert main([*words, "--base-url", "http://localhost:1/v1", "--price", "1,2"]) == 2
    name = model[-1] if model else "the embedded model"
    assert capsys.readouterr().err.splitlines() == [
        f"mevqa eval: --max-cost goes with a served model (openai:NAME), and {name} is asked without a server",
        f"mevqa eval: --base-url, --price go with a served model (openai:NAME), and {name} is asked without a server",
    ]


def test_a_folder_is_no_question_file(tmp_path, capsys):
    assert main(["eval", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == (
        f"mevqa eval: {tmp_path}: cannot be read: it is a folder, not one of mevqa prepare; name a file in it\n"
    )
