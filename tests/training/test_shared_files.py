"""Files that are made to be passed on name nothing of the machine: no absolute path, no home, no user."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from map_clips import write_maps

from mevqa.cli import main

USER = "jane.roe"
RECIPE = {
    "title": "",
    "model": "nano",
    "lora": {"rank": 2, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 1,
    "clips": 2,
    "probe": False,
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home whose name holds a space, and work that is named by absolute paths from elsewhere."""
    folder = tmp_path / "home dir" / USER
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("USER", USER)
    monkeypatch.setenv("LOGNAME", USER)
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def telling(folder: Path, *secrets: str) -> list[str]:
    """The files below a folder, and in its zips, that hold one of the secrets in their names or content."""
    mentions = []
    for path in sorted(folder.rglob("*")):
        contents = {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""}
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                contents |= {f"{path.name}/{name}": archive.read(name) for name in archive.namelist()}
        mentions += [
            f"{name}: {secret}"
            for name, content in contents.items()
            for secret in secrets
            if secret.encode() in content or secret in name or json.dumps(secret)[1:-1].encode() in content
        ]
    return mentions


def questions_to_answer(answered: Path, folder: Path) -> Path:
    rows = [json.loads(line) | {"answer": ""} for line in answered.read_text().splitlines()]
    path = folder / "me_vqa_casme2_v2_test_to_answer.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_reports_scores_and_submissions(home, tmp_path, capsys):
    file = write_maps(home / "my data")
    maps = file.parent / "maps"
    sorted(maps.iterdir())[0].write_bytes(b"broken")
    open_file = questions_to_answer(file, home)
    media = ["--precomputed", f"motion={maps}"]
    model = ["--model", "nano", "--views", "motion"]
    assert main(["eval", str(file), *media, *model, "--out", str(home / "run")]) == 1
    assert main(["eval", str(open_file), *media, *model, "--out", str(home / "open")]) == 1
    out = tmp_path / "shared"
    capsys.readouterr()
    assert main(["report", str(home / "run"), "--out", str(out / "report")]) == 0
    assert main(["score", str(home / "run"), "--draws", "0", "--json", str(out / "scores.json")]) == 0
    for form in ("--markdown", "--latex"):
        capsys.readouterr()
        assert main(["score", str(home / "run"), "--draws", "0", form]) == 0
        (out / f"table{form}").write_text(capsys.readouterr().out)
    submit = ["submit", str(home / "open"), "--questions", str(open_file), "--out", str(out / "submission"), "--fill"]
    assert main(submit) == 0
    assert (out / "submission" / "filled.json").is_file()
    assert telling(out, str(tmp_path), str(home), USER) == []


def test_comparisons_of_models(home, tmp_path):
    file = write_maps(home / "data")
    suite = home / "suite.yaml"
    part = {"dataset": "casme2", "questions": file.name, "precomputed": {"motion": "maps"}}
    content = {"title": "a suite", "task": "vqa", "preset": "megc2026-vqa", "models": ["nano"], "parts": [part]}
    suite.write_text(json.dumps(content))
    words = ["eval", "--suite", str(suite), "--data-root", str(file.parent), "--out", str(home / "out")]
    assert main([*words, "--model", "nano", "--model", str(home / "models" / "absent"), "--views", "motion"]) == 1
    table = json.loads((home / "out" / "comparison.json").read_text())
    assert {entry["status"] for entry in table.values()} == {"24/24", "failed"}
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("comparison.json", "comparison.md"):
        (home / "out" / name).rename(shared / name)
    assert telling(shared, str(tmp_path), str(home), USER) == []


def test_adapters_and_merged_models(home, tmp_path, capsys):
    file = write_maps(home / "my data")
    recipe = home / "recipe.yaml"
    recipe.write_text(json.dumps(RECIPE))
    out = tmp_path / "shared"
    places = [f"questions={file}", f"precomputed.flow={file.parent / 'maps'}"]
    assert main(["finetune", str(recipe), *places, f"output={out / 'adapter'}"]) == 0
    more = [f"adapter={out / 'adapter'}", f"output={out / 'further'}"]
    assert main(["finetune", str(recipe), *places, *more]) == 0
    assert main(["merge", str(out / "adapter"), "--out", str(out / "merged"), "--sample", "1"]) == 0
    assert telling(out, str(tmp_path), str(home), USER) == []
    # Elsewhere and later it is the same training.
    assert main(["finetune", str(recipe), *places, f"output={out / 'adapter'}"]) == 0
