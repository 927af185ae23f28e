"""The promises of SECURITY.md: each is held by tests that exist; those that have no other place stand here."""

import ast
import json
import re
import socket
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.models.base import read_preferences
from mevqa.resources import resource_folder
from mevqa.suites.suite import read_suite

ROOT = Path(__file__).parents[2]
TOKEN = "hf_" + "Zz9" * 12


def promises():
    """The tests by the promise that they hold."""
    rows = re.findall(r"^\| (.+) \| (`tests/.+`) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {promise: re.findall(r"`(tests/[\w/.]+)::(\w+)`", tests) for promise, tests in rows}


def test_every_promise_is_held_by_tests_that_exist():
    lines = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
    assert len(promises()) == len(lines) - 2 > 15  # without the heading and its rule
    for promise, tests in promises().items():
        assert tests, promise
        for file, name in tests:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


@pytest.fixture
def questions(tmp_path):
    (tmp_path / "maps").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "maps" / "clip.png")
    row = {"video_id": "q", "video": "clip", "question": "What are the action units?", "answer": "brow lowerer"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path / "questions.jsonl"


def work(questions, out):
    """Answer, score and report."""
    maps = f"motion={questions.parent / 'maps'}"
    assert main(["eval", str(questions), "--precomputed", maps, "--views", "motion", "--out", str(out / "run")]) == 0
    assert main(["score", str(out / "run"), "--json", str(out / "scores.json")]) == 0
    assert main(["report", str(out / "run"), "--out", str(out / "report")]) == 0


def test_local_work_opens_no_connection(questions, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        pytest.fail("a connection was opened")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    work(questions, tmp_path / "out")


def test_secrets_of_the_environment_are_written_nowhere(questions, tmp_path, monkeypatch, capsys):
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "WANDB_API_KEY"):
        monkeypatch.setenv(name, TOKEN)
    (tmp_path / "out").mkdir()
    work(questions, tmp_path / "out")
    assert main(["env"]) == 0 and main(["env", "--json", "-"]) == 0
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_no_other_file_turns_remote_code_on(tmp_path):
    (tmp_path / "mevqa.json").write_text('{"trust_remote_code": true}')
    with pytest.raises(InputError, match="trust_remote_code"):
        read_preferences(tmp_path)
    suite = yaml.safe_load((resource_folder("eval") / "megc2025-vqa.yaml").read_text(encoding="utf-8"))
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(suite | {"trust_remote_code": True}))
    with pytest.raises(InputError, match="trust_remote_code"):
        read_suite(str(tmp_path / "suite.yaml"))


def test_shipped_recipes_tell_nobody():
    recipes = sorted(resource_folder("finetune").rglob("*.yaml"))
    assert recipes
    for path in recipes:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not set(content.get("log_to") or ()) - {"tensorboard"} and not content.get("push_to"), path
        assert not content.get("trust_remote_code"), path
