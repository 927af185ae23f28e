"""From long videos to a valid submission, and questions about one's own video."""

from __future__ import annotations

import json

import pytest

from mevqa.cli import main
from mevqa.data.official import read_questions
from mevqa.synthetic.writer import synthesise


@pytest.fixture(scope="module")
def long_set(tmp_path_factory):
    """One long video with micro- and macro-expressions."""
    return synthesise(tmp_path_factory.mktemp("long") / "set", 1, 12, long=True, seconds=12.0, size=(256, 256))


@pytest.fixture(autouse=True)
def features(long_set, monkeypatch):
    """A cache of motion features that the tests of this file share."""
    monkeypatch.setenv("MEVQA_FEATURES", str(long_set.media.parent / "features"))


@pytest.mark.parametrize("which", ["official", "ext"])
def test_a_long_file_is_answered_scored_and_handed_in(long_set, which, tmp_path, capsys):
    files = {"official": (long_set.to_answer, long_set.reference)}
    files["ext"] = (long_set.more["ext_to_answer"], long_set.more["ext_reference"])
    file, reference = map(str, files[which])
    run, out = tmp_path / "run", tmp_path / "out"
    assert main(["eval", file, "--media", str(long_set.media), "--out", str(run)]) == 0
    assert "questions answered, 1 clips" in capsys.readouterr().out
    assert (run / "events.csv").read_text().count("\n") > 1
    assert main(["score", str(run), reference, "--draws", "0"]) == 0
    assert ("all events" if which == "official" else "summary") in capsys.readouterr().out
    assert main(["submit", str(run), "--questions", file, "--out", str(out)]) == 0
    (handed_in,) = out.glob("*_pred.jsonl")
    assert main(["submit", "--validate", str(handed_in), "--questions", file, "--strict"]) == 0


def test_the_same_command_answers_nothing_again_and_other_settings_are_refused(long_set, tmp_path, capsys):
    command = ["eval", str(long_set.to_answer), "--media", str(long_set.media), "--out", str(tmp_path / "run")]
    assert main([*command, "--lvqa", "spotter"]) == 0
    first = (tmp_path / "run" / "answers.jsonl").read_bytes()
    assert main([*command, "--lvqa", "spotter"]) == 0
    assert (tmp_path / "run" / "answers.jsonl").read_bytes() == first
    capsys.readouterr()
    assert main([*command, "--lvqa", "hybrid"]) == 2
    assert "looking.lvqa: then spotter, now hybrid" in capsys.readouterr().err
    assert main([*command, "--lvqa", "spotter", "--rule", "quarter-second-apex"]) == 2
    assert "looking.rule" in capsys.readouterr().err


def test_one_video_is_asked_about_its_events(long_set, capsys):
    (video,) = long_set.media.glob("*.mp4")
    texts = ["How many expression events appear in this video?", "Describe the 1-th expression event in this video."]
    assert main(["ask", str(video), *texts]) == 0
    printed = capsys.readouterr().out
    assert "events (found)" in printed and "event 1: " in printed and texts[1] in printed
    assert main(["ask", str(video), *texts, "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["events"]) == int(result["answers"][0]["answer"]) and result["answers"][1]["evidence"]


def test_a_long_video_without_media_is_refused_before_anything_is_answered(long_set, tmp_path, capsys):
    maps = tmp_path / "maps"
    maps.mkdir()
    from PIL import Image

    for plan in long_set.plans:
        Image.new("RGB", (28, 28)).save(maps / f"{plan.id}.png")
    command = ["eval", str(long_set.to_answer), "--precomputed", f"flow={maps}", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "no events can be found in 1 long videos that are not there" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main([*command, "--lvqa", "model"]) == 0


@pytest.mark.slow
def test_the_official_file_is_answered_for_videos_of_its_names(shared_data, tmp_path, capsys):
    file = shared_data / "megc" / "me_lvqa_samm_test_to_answer.jsonl"
    names = read_questions(file).clip_ids
    data = synthesise(tmp_path / "set", len(names), 77, long=True, seconds=6.0, size=(192, 192))
    for plan, name in zip(data.plans, names, strict=True):
        (data.media / f"{plan.id}.mp4").rename(data.media / f"{name}.mp4")
    assert main(["eval", str(file), "--media", str(data.media), "--out", str(tmp_path / "run")]) == 0
    assert main(["submit", str(tmp_path / "run"), "--questions", str(file), "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    handed_in = tmp_path / "out" / "me_lvqa_samm_test_pred.jsonl"
    assert main(["submit", "--validate", str(handed_in), "--questions", str(file), "--strict"]) == 0
    assert f"valid, {6 * len(names)} answers" in capsys.readouterr().out
