from pathlib import Path

import pytest

from mevqa.reporting.reading import model_label, short_names
from mevqa.safe_text import PathShortener


def test_runs_are_named_by_as_much_of_their_path_as_tells_them_apart(tmp_path):
    paths = [tmp_path / "a" / "run", tmp_path / "b" / "run"]
    assert short_names(paths) == ["a/run", "b/run"]
    assert short_names(paths[:1]) == ["run"]
    assert len(set(short_names([paths[0], paths[0]]))) == 2
    assert not any(name.startswith("/") for name in short_names([Path("/run"), Path("/b/run")]))


@pytest.mark.parametrize(
    "name, adapter, label",
    [
        ("nano", None, "nano"),
        ("Qwen/Qwen3-VL-4B-Instruct", None, "Qwen/Qwen3-VL-4B-Instruct"),
        ("/home/ann/models/qwen/", None, "qwen"),
        ("../models/qwen", None, "qwen"),
        ("C:\\Users\\ann\\qwen", None, "qwen"),
        ("/home/ann/.cache/hub/models--Qwen--Qwen3-VL-4B/snapshots/0123abcd", None, "Qwen/Qwen3-VL-4B"),
        ("Qwen/Qwen3-VL-4B", "/home/ann/runs/samm-lora", "Qwen/Qwen3-VL-4B + samm-lora"),
        ("模型/微表情", None, "模型/微表情"),
        ("mock:/home/ann/rules/negative.yaml", None, "mock:negative.yaml"),
        ("mock:rules.yaml", None, "mock:rules.yaml"),
    ],
)
def test_a_model_is_named_without_the_folders_of_a_machine(name, adapter, label):
    assert model_label({"model": {"name": name}, "settings": {"adapter": adapter}}) == label


def test_a_manifest_without_a_model_has_a_label():
    assert model_label({}) == "unknown model"
    assert model_label({"model": {"name": None}, "settings": None}) == "unknown model"


@pytest.mark.parametrize(
    "text, short",
    [
        ("no pictures: /home/ann/clips/a.mp4: is missing", "no pictures: a.mp4: is missing"),
        ("/data/x/labels.csv:12: a fault", "labels.csv:12: a fault"),
        ("a '/home/ann/maps/' folder", "a 'maps/' folder"),
        ("C:\\Users\\ann\\a.mp4 is damaged", "a.mp4 is damaged"),
        ("~/runs/a is no run", "a is no run"),
        ("see https://example.org/a/b and/or 3/4, x/y/z", "see https://example.org/a/b and/or 3/4, x/y/z"),
        ("<think>a</think>", "<think>a</think>"),
    ],
)
def test_paths_in_texts_lose_their_folders(text, short):
    assert PathShortener()(text) == short


def test_known_folders_may_hold_spaces():
    shorten = PathShortener([Path("/srv/Ann Smith/my clips")])
    assert shorten("the folder /srv/Ann Smith/my clips/a b.mp4 is gone") == "the folder my clips/a b.mp4 is gone"
