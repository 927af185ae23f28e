"""A benchmark that was prepared is answered as its videos are, however it was prepared."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import datasets
import numpy as np
import pytest

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.inference.evaluation import plan
from mevqa.inference.fingerprint import input_digests, package_versions
from mevqa.inference.prepared import Prepared
from mevqa.inference.preparing import copy_questions
from mevqa.inference.view_config import ViewConfig

FILES = ("me_vqa_synthetic_train.jsonl", "me_vqa_synthetic_test_to_answer.jsonl")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four clips of 128x128; the second has no apex in the annotations, so that it is localised."""
    synthetic = mevqa.synthesise(tmp_path_factory.mktemp("prepare") / "set", 4, 3, size=(128, 128), fps=(30.0,), crf=30)
    header, first, second, *others = synthetic.annotations.read_text("utf-8").splitlines(keepends=True)
    cells = second.rstrip("\n").split(",")
    cells[header.rstrip("\n").split(",").index("apex")] = ""
    synthetic.annotations.write_text("".join([header, first, ",".join(cells) + "\n", *others]), "utf-8")
    return synthetic.folder


@pytest.fixture(scope="module")
def prepared(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepare") / "out"
    prepare(data, out)
    return out


def prepare(data, out, **more):
    questions = [data / name for name in FILES]
    return mevqa.prepare(questions, media=data, annotations=data / "annotations.csv", out=out, **more)


def words(data, *more):
    return [str(word) for word in (*(data / name for name in FILES), "--media", data, *more)]


def answers(run):
    lines = [json.loads(line) for line in (run / "answers.jsonl").read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_evidence_is_kept_with_the_pictures_and_with_how_it_is_put(data, tmp_path):
    folder = tmp_path / "prepared"
    prepare(data, folder, views="motion,evidence", model="mock")
    opened = Prepared(folder)
    work = plan([data / FILES[0]], data, annotations=data / "annotations.csv")
    config = ViewConfig(("motion", "evidence"))
    for clip in list(work.clips.values())[:2]:
        live = config.render(clip, long_video=False)
        assert opened.render(clip, long_video=False).notes == live.notes and len(live.notes) == 1
    assert opened.record.decides["words"]["evidence"]
    run = mevqa.evaluate(folder, "mock", out=tmp_path / "run")
    assert run.manifest["decides"]["words"] == opened.record.decides["words"]


@pytest.mark.parametrize("views", [None, "onset,apex,motion"])
def test_answers_and_fingerprint_are_those_of_the_videos(data, tmp_path, views):
    prepare(data, tmp_path / "prepared", views=views)
    live = mevqa.evaluate(
        [data / name for name in FILES],
        media=data,
        annotations=data / "annotations.csv",
        out=tmp_path / "live",
        views=views,
    )
    stored = mevqa.evaluate(tmp_path / "prepared", out=tmp_path / "kept")
    assert answers(live.path) == answers(stored.path)
    assert live.manifest["decides"] == stored.manifest["decides"]
    assert stored.score(draws=0).metrics == live.score(draws=0).metrics


def test_a_prepared_benchmark_is_answered_without_its_media(data, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(data, moved)
    prepare(moved, tmp_path / "prepared")
    shutil.rmtree(moved)
    run = mevqa.evaluate(tmp_path / "prepared", out=tmp_path / "run", limit=2)
    assert len({question.clip_id for question in run.questions}) == 2
    assert not any(answer.error for answer in run.answers.values())
    assert run.score(draws=0).counts["questions"] > 0


def test_questions_about_long_videos_are_answered_as_of_the_videos(long_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MEVQA_FEATURES", str(tmp_path / "features"))
    questions = long_set.to_answer
    rows = mevqa.prepare(questions, media=long_set.folder, out=tmp_path / "prepared")
    assert rows["long_video"] == [True]
    live = mevqa.evaluate(questions, media=long_set.folder, out=tmp_path / "live")
    stored = mevqa.evaluate(tmp_path / "prepared", out=tmp_path / "kept")
    assert answers(live.path) == answers(stored.path) and not any(answer.error for answer in stored.answers.values())
    assert live.manifest["decides"] == stored.manifest["decides"]
    without_media(tmp_path / "prepared", long_set.folder)
    assert main(["eval", str(tmp_path / "prepared"), "--out", str(tmp_path / "again")]) == 2
    assert "put them back" in capsys.readouterr().err


def test_a_model_that_looks_at_long_videos_needs_the_pictures_alone(long_set, tmp_path):
    questions, views = long_set.to_answer, mevqa.ViewOptions(lvqa="model")
    mevqa.prepare(questions, media=long_set.folder, out=tmp_path / "prepared")
    live = mevqa.evaluate(questions, "mock", media=long_set.folder, out=tmp_path / "live", views=views)
    without_media(tmp_path / "prepared", long_set.folder)
    alone = mevqa.evaluate(tmp_path / "prepared", "mock", out=tmp_path / "alone", views=views)
    assert answers(live.path) == answers(alone.path) and not any(answer.error for answer in alone.answers.values())


def without_media(prepared, media):
    """Make a prepared folder name media that are gone."""
    record = prepared / "prepared.json"
    record.write_text(record.read_text("utf-8").replace(str(media), "/gone"), "utf-8")


def test_the_rows_pass_through_the_files_that_a_hub_keeps(prepared, tmp_path):
    rows = datasets.load_from_disk(str(prepared))
    rows.to_parquet(str(tmp_path / "rows.parquet"))
    back = datasets.Dataset.from_parquet(str(tmp_path / "rows.parquet"), cache_dir=str(tmp_path / "cache"))
    assert back.features == rows.features
    for original, restored in zip(rows, back, strict=True):
        pictures = [[view.pop("image") for view in row["views"]] for row in (original, restored)]
        assert original == restored and pictures[0]
        assert all(a.tobytes() == b.tobytes() for a, b in zip(*pictures, strict=True))


def test_a_row_is_a_clip_with_its_pictures_and_questions(prepared):
    rows = datasets.load_from_disk(str(prepared))
    assert len(rows) == 4 and not any(rows["long_video"])
    first = rows[0]
    assert [view["name"] for view in first["views"]] == ["motion-centred"]
    assert first["views"][0]["image"].size[0] > 0 and first["views"][0]["caption"]
    assert [rows[place]["localised"] for place in range(4)] == [False, True, False, False]
    trained, unanswered = (question for question in first["questions"] if question["type"] == "coarse")
    assert trained["options"] == unanswered["options"] == ["positive", "negative", "surprise"]
    assert trained["reference"] in trained["options"] and unanswered["reference"] is None


def test_questions_without_any_reference(data, tmp_path):
    rows = mevqa.prepare([data / FILES[1]], media=data, out=tmp_path / "out")
    assert {question["reference"] for row in rows for question in row["questions"]} == {None}


def test_many_workers_draw_what_one_draws(data, prepared, tmp_path):
    # OpenCV starts threads here, which a fork does not copy.
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 5)
    prepare(data, tmp_path / "out", workers=3)
    single, many = datasets.load_from_disk(str(prepared)), datasets.load_from_disk(str(tmp_path / "out"))
    bare = [rows.with_format("arrow")[:].to_pylist() for rows in (single, many)]
    assert bare[0] == bare[1]
    assert (prepared / "prepared.json").read_text("utf-8") == (tmp_path / "out" / "prepared.json").read_text("utf-8")


def test_what_is_there_is_not_drawn_again_and_other_inputs_are_refused(data, prepared, monkeypatch):
    monkeypatch.setattr("mevqa.inference.preparing._draw", None)
    assert len(prepare(data, prepared)) == 4
    with pytest.raises(InputError) as caught:
        prepare(data, prepared, views="apex")
    assert "has changed since it was prepared: looking.views: then ['motion-centred'], now ['apex']" in str(
        caught.value
    )


def test_finished_chunks_are_kept(data, tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.inference.preparing._CHUNK", 2)
    drawn = []

    def interrupt(done, total):
        drawn.append(done)
        if len(drawn) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(data, tmp_path / "out", progress=interrupt)
    assert not (tmp_path / "out").exists() and (tmp_path / "out.parts").is_dir()
    from mevqa.inference import preparing

    draw, again = preparing._draw, []
    monkeypatch.setattr(preparing, "_draw", lambda row, **more: again.append(row["clip_id"]) or draw(row, **more))
    rows = prepare(data, tmp_path / "out")
    assert again == rows["clip_id"][2:]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("number", "code", "line"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupt_is_one_line_also_with_workers(data, tmp_path, number, code, line):
    program = "import mevqa.inference.preparing as p, time; p._draw = lambda row, **more: time.sleep(60)\n"
    program += "import sys; from mevqa.cli import main; sys.exit(main(sys.argv[1:]))"
    out = tmp_path / "out"
    command = [sys.executable, "-c", program, "prepare", *words(data, "--out", out, "--workers", 2)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(children(process.pid)) < 2:
        time.sleep(0.2)
    time.sleep(0.5)
    os.killpg(process.pid, number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == code
    assert message == f"mevqa prepare: {line}; run the same command again to continue\n"
    assert not out.exists()


def children(pid):
    import psutil

    return psutil.Process(pid).children(recursive=True)


def test_every_clip_that_cannot_be_drawn_is_one_line(data, tmp_path, capsys):
    broken = tmp_path / "broken"
    shutil.copytree(data, broken)
    clips = sorted((broken / "clips").iterdir())
    for path in (clips[0], clips[3]):
        path.write_bytes(b"no video")
    for workers in ("1", "2"):
        assert main(["prepare", *words(broken, "--out", tmp_path / "out", "--workers", workers)]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 2 and str(clips[0]) in lines[0] and str(clips[3]) in lines[1]
        assert not (tmp_path / "out").exists()


def test_a_worker_that_the_system_ended_is_one_line(data, tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.inference.preparing._draw", lambda row, **more: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InputError, match="^workers: one of 2 processes was ended by the system"):
        prepare(data, tmp_path / "out", workers=2)


def test_choices_that_the_folder_was_not_prepared_with_are_refused(prepared, tmp_path, capsys):
    assert main(["eval", str(prepared), "--views", "apex", "--stride", "2", "--out", str(tmp_path / "run")]) == 2
    views, stride = capsys.readouterr().err.splitlines()
    assert "--views" in views and "was prepared with motion-centred, not apex" in views
    assert "--stride" in stride and "was prepared with 1, not 2" in stride
    assert main(["eval", str(prepared), "--media", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "name nothing besides" in capsys.readouterr().err


def test_a_broken_folder_is_one_line(prepared, tmp_path, capsys):
    for name, content in (("prepared.json", "{}"), ("dataset_info.json", "{"), ("data-00000-of-00001.arrow", "x")):
        broken = tmp_path / name
        shutil.copytree(prepared, broken)
        (broken / name).write_text(content, "utf-8")
        assert main(["eval", str(broken), "--out", str(tmp_path / "run")]) == 2
        message = capsys.readouterr().err
        assert str(broken) in message and "Traceback" not in message


def test_a_folder_of_something_else_is_refused(data, tmp_path, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("x", "utf-8")
    assert main(["prepare", *words(data, "--out", out)]) == 2
    assert "is no prepared benchmark" in capsys.readouterr().err
    assert (out / "thesis.txt").read_text("utf-8") == "x"


def test_the_packages_that_drew_the_pictures_stand_in_the_manifest(prepared, tmp_path):
    record = prepared / "prepared.json"
    copy = tmp_path / "own"
    shutil.copytree(prepared, copy)
    content = json.loads(record.read_text("utf-8"))
    content["decides"]["packages"]["av"] = "17.0.0"
    (copy / "prepared.json").write_text(json.dumps(content), "utf-8")
    run = mevqa.evaluate(copy, out=tmp_path / "run", limit=1)
    assert run.manifest["decides"]["packages"] == package_versions() | {"av": "17.0.0"}


def test_help_and_an_evaluation_of_videos_do_not_load_the_library():
    code = "import sys, mevqa.api.evaluation.evaluate, mevqa.api.datasets.prepare; print('datasets' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "False", process.stdout
    assert Path(mevqa.__file__).is_file()


def test_question_files_that_change_on_the_way_are_refused(data, tmp_path):
    questions = tmp_path / FILES[0]
    shutil.copyfile(data / FILES[0], questions)
    work = plan([questions], data)
    decides = input_digests(work)
    copy_questions(work, decides, tmp_path / "same")
    assert (tmp_path / "same" / FILES[0]).read_bytes() == questions.read_bytes()
    questions.write_bytes(questions.read_bytes()[:-20])
    with pytest.raises(InputError, match=rf"{FILES[0]}: was changed while it was worked on; give the same command"):
        copy_questions(work, decides, tmp_path / "changed")
