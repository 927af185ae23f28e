"""The clips that the page is started with: a video, a folder, a question file, a run."""

import json
import shutil

import pytest

from mevqa.app.clips.asking import stored_answers
from mevqa.app.clips.library import read_library
from mevqa.app.settings import AppSettings
from mevqa.errors import InputError, MevqaError


def test_a_video_and_a_folder_of_videos(clip, tmp_path):
    [only] = read_library(AppSettings(start=clip)).choices
    assert only.clip.media == clip and only.clip.id == clip.stem
    for name in ("b.mp4", "a.mp4"):
        shutil.copy(clip, tmp_path / name)
    assert [choice.clip.id for choice in read_library(AppSettings(start=tmp_path)).choices] == ["a", "b"]


def test_a_question_file_brings_its_questions(clip):
    folder = clip.parent.parent
    file = next(folder.glob("*train.jsonl"))
    with pytest.raises(InputError, match="give the folder of its videos with --media"):
        read_library(AppSettings(start=file))
    settings = AppSettings(start=file, media=clip.parent, annotations=folder / "annotations.csv")
    [choice] = read_library(settings).choices
    assert choice.clip.media == clip and choice.clip.annotation.apex is not None
    assert [q.text for q in choice.questions] == [json.loads(row)["question"] for row in file.read_text().splitlines()]


def test_a_run_brings_its_answers(hostile_run, tmp_path):
    library = read_library(AppSettings(start=hostile_run))
    assert len(library.choices) == 6 and not library.notes
    first = library.choices[0]
    [stored] = stored_answers(first, library.answered_by)
    assert stored.questions[0] == "What is the coarse expression class?" and stored.answers[0].confidence == 0.8
    assert stored_answers(first, library.answered_by, ["Something else?"]) == []


def test_a_run_without_its_videos_still_shows_its_answers(hostile_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(hostile_run, run)
    manifest = json.loads((run / "manifest.json").read_text())
    for source in manifest["sources"]:
        source["media"] = str(tmp_path / "gone")
    (run / "manifest.json").write_text(json.dumps(manifest))
    library = read_library(AppSettings(start=run))
    assert len(library.choices) == 6 and all(choice.clip.media is None for choice in library.choices)
    assert any("6 clips have no video here" in note for note in library.notes)
    assert stored_answers(library.choices[0], "mock")


def test_unusable_settings_are_refused_at_the_start(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MevqaError, match="holds no video"):
        read_library(AppSettings(start=tmp_path / "empty"))
    with pytest.raises(InputError, match="there is no such file or folder"):
        AppSettings(start=tmp_path / "nothing").check()
    with pytest.raises(InputError, match="can be reached from other machines: give --password-file"):
        AppSettings(host="0.0.0.0").check()
    with pytest.raises(InputError, match="from 0 to 65535, not 99999"):
        AppSettings(port=99999).check()
    with pytest.raises(InputError, match="nano is the model that is asked already"):
        AppSettings(compare="nano").check()
    # Names of the hub are not looked up at the start.
    AppSettings(compare="nano", adapter="owner/adapter").check()
    with pytest.raises(InputError, match="--adapter: no adapter 'a'"):
        AppSettings(compare="nano", adapter="a").check()
    AppSettings(host="0.0.0.0", password="x").check()
    for address in ("127.0.0.1", "localhost", "::1"):
        AppSettings(host=address).check()
