"""The library from Python: the same answers, scores, files and errors as from the command line."""

import ast
import importlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mevqa
from mevqa.cli import main


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return mevqa.synthesise(tmp_path_factory.mktemp("library") / "set", clips=2, seed=21)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("library") / "run"
    return mevqa.evaluate([data.train, data.to_answer], media=data.folder, annotations=data.annotations, out=out)


def without_seconds(path):
    return re.sub(rb'"seconds": [0-9.e-]+', b'"seconds": 0', path.read_bytes())


def test_the_answers_and_scores_are_those_of_the_command(data, run, tmp_path, capsys):
    out = tmp_path / "command"
    words = ["eval", data.train, data.to_answer, "--media", data.folder, "--annotations", data.annotations]
    assert main([str(word) for word in (*words, "--out", out)]) == 0
    assert without_seconds(run.path / "answers.jsonl") == without_seconds(out / "answers.jsonl")
    assert (run.path / "manifest.json").read_bytes() == (out / "manifest.json").read_bytes()
    capsys.readouterr()
    assert main(["score", str(run.path), "--json", "-", "--draws", "50"]) == 0
    assert capsys.readouterr().out == run.score(draws=50).to_json()


def test_the_whole_job_leaves_the_files_of_the_commands(data, run, tmp_path):
    page = run.report(tmp_path / "report", draws=0, pictures=False).page
    assert page.name == "index.html" and "nano" in page.read_text("utf-8")
    assert main(["report", str(run.path), "--out", str(tmp_path / "same"), "--draws", "0", "--no-pictures"]) == 0
    assert page.read_bytes() == (tmp_path / "same" / "index.html").read_bytes()
    written = run.submit(tmp_path / "submission")
    with zipfile.ZipFile(written.archive) as archive:
        assert archive.namelist() == ["me_vqa_synthetic_test_pred.jsonl"]
    words = ["submit", run.path, "--questions", data.to_answer, "--out", tmp_path / "own"]
    assert main([str(word) for word in words]) == 0
    assert written.archive.read_bytes() == (tmp_path / "own" / "submission.zip").read_bytes()
    assert not mevqa.check_submission(written.archive, data.to_answer).problems


def test_a_table_has_a_row_a_question(run):
    table = run.to_pandas()
    assert list(table["question_id"]) == [question.id for question in run.questions]
    assert set(table["type"]) >= {"coarse", "fine"} and table["error"].isna().all()
    assert dict(zip(table["question_id"], table["answer"], strict=True)) == {
        key: answer.text for key, answer in run.answers.items()
    }
    opened = mevqa.open_run(run.path)
    assert isinstance(opened, mevqa.Run) and opened.to_pandas().equals(table)


def test_a_run_goes_on_where_it_stopped_and_knows_only_what_was_asked(data, tmp_path):
    inputs = {"media": data.folder, "annotations": data.annotations, "out": tmp_path / "run", "views": "frames"}
    first = mevqa.evaluate(data.train, "mock", limit=1, **inputs)
    log = (tmp_path / "run" / "answers.jsonl").read_bytes()
    assert {question.clip_id for question in first.questions} == {data.plans[0].id}
    assert mevqa.open_run(tmp_path / "run").questions == first.questions
    whole = mevqa.evaluate(data.train, "mock", **inputs)
    assert (tmp_path / "run" / "answers.jsonl").read_bytes().startswith(log)
    assert len(whole.answers) == len(whole.questions) > len(first.answers)
    assert first.score(draws=0).counts["questions"] == whole.score(draws=0).counts["questions"]
    with pytest.raises(mevqa.InputError, match="settings.seed: then 0, now 3"):
        mevqa.evaluate(data.train, "mock", options=mevqa.ModelOptions(seed=3), **inputs)


def test_all_problems_are_reported_together(data, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n")
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,onset\na,minus one\n")
    with pytest.raises(mevqa.InputError) as caught:
        mevqa.evaluate([bad, data.train], media=tmp_path, annotations=labels, out=tmp_path / "run")
    text = str(caught.value)
    assert "bad.jsonl:1" in text and "labels.csv:2" in text and data.plans[0].id in text
    views = mevqa.ViewOptions("onst", sampler="unifrm", calibrator=tmp_path / "none.json")
    with pytest.raises(mevqa.InputError) as caught:
        mevqa.evaluate(data.train, media=data.folder, out=tmp_path / "run", views=views, variant="brif")
    assert len(caught.value.problems) == 4
    with pytest.raises(mevqa.InputError, match="is not a folder"):
        mevqa.evaluate(data.train, out=tmp_path / "run", precomputed={"flow": tmp_path / "maps"})
    assert not (tmp_path / "run").exists()


def test_a_loaded_model_answers_too_and_progress_is_shown(data, tmp_path):
    from contextlib import nullcontext

    from mevqa.inference.answering.run import ClipProgress

    progress_calls = []

    def show(clips, questions):
        progress_calls.append((clips, questions))
        return nullcontext(ClipProgress(advance=lambda answers: progress_calls.append(len(answers))))

    model = mevqa.load_model("mock")
    run = mevqa.evaluate(data.train, model, media=data.folder, out=tmp_path / "run", views=["frames"], progress=show)
    assert progress_calls[0] == (2, len(run.answers)) and sum(progress_calls[1:]) == len(run.answers)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["decides"]["model"]["name"] == "mock"


def test_two_runs_are_compared(data, tmp_path):
    inputs = {"media": data.folder, "views": ["frames"]}
    runs = [
        mevqa.evaluate(data.train, "mock", out=tmp_path / str(seed), options=mevqa.ModelOptions(seed=seed), **inputs)
        for seed in (0, 1)
    ]
    result = mevqa.compare(*(run.path for run in runs), draws=20)
    first, second = (run.score(draws=0).metrics for run in runs)
    assert result.metrics["au.f1"] == pytest.approx(second["au.f1"] - first["au.f1"])
    switched = runs[0].score(draws=0, changes={"classes": "vocabulary", "stemmer": True})
    assert (switched.protocol["classes"], switched.protocol["stemmer"]) == ("vocabulary", True)


def test_type_checkers_know_the_public_names():
    folder = Path(mevqa.__file__).parent
    tree = ast.parse((folder / "__init__.pyi").read_text("utf-8"))
    stub = {alias.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert stub == mevqa._PUBLIC and (folder / "py.typed").is_file()
    for name, module in stub.items():
        assert getattr(mevqa, name) is getattr(importlib.import_module(module), name)


def test_importing_the_package_loads_no_library():
    code = "import mevqa, sys; print([name for name in ('torch', 'numpy', 'pandas', 'rich') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_packages_say_what_is_public_and_have_it():
    """A package without ``__all__`` is one that another has inside, or one of these."""
    of_this_project_alone = {"app", "cli", "files", "terminal"}
    for file in sorted(Path(mevqa.__file__).parent.rglob("__init__.py")):
        parts = file.parent.relative_to(Path(mevqa.__file__).parent).parts
        if not re.search("^__all__", file.read_text("utf-8"), re.MULTILINE):
            assert len(parts) > 1 or parts[0] in of_this_project_alone, f"{'.'.join(parts)} has no __all__"
            continue
        package = importlib.import_module(".".join(("mevqa", *parts)))
        assert len(set(package.__all__)) == len(package.__all__), package.__name__
        missing = [name for name in package.__all__ if not hasattr(package, name)]
        assert not missing, f"{package.__name__} has no {missing}"


def test_expressions_are_spotted_as_by_the_command(data, tmp_path):
    video = next((data.folder / "clips").glob("*.mp4"))
    assert main(["spot", str(video), "--out", str(tmp_path / "command.csv"), "--threshold", "2"]) == 0
    reported = []
    spotted = mevqa.spot_folder(
        video, options=mevqa.SpotOptions(threshold=2.0), csv=tmp_path / "own.csv", on_video=reported.append
    )
    assert reported == spotted and (tmp_path / "own.csv").read_bytes() == (tmp_path / "command.csv").read_bytes()
    assert mevqa.spot(video, threshold=2.0, kinds="micro,macro").events == spotted[0].events
    with pytest.raises(mevqa.InputError, match="kinds: kinds are micro and macro"):
        mevqa.spot(video, kinds="tiny")


def test_a_recipe_takes_its_overrides_as_arguments(tmp_path):
    with pytest.raises(mevqa.InputError, match="output: says where the adapter goes"):
        mevqa.finetune("nano-casme2", steps=3, lora={"rank": 4})
    with pytest.raises(mevqa.InputError, match="did you mean"):
        mevqa.finetune("nano-casme2", output=tmp_path / "out", lora={"rnk": 4})
    with pytest.raises(mevqa.InputError, match="1/0' is no shard"):
        mevqa.loso("nano-casme2", part="1/0")
