import json
import os

import pytest

from mevqa.models import digest
from mevqa.models.digest import content_digest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model_folder = tmp_path / "model"
    model_folder.mkdir()
    (model_folder / "model.safetensors").write_bytes(b"weights")
    (model_folder / "config.json").write_text("{}")
    return model_folder


def test_depends_on_content_and_names_only(folder, tmp_path):
    first = content_digest(folder)
    os.utime(folder / "config.json", (1, 1))
    (folder / "notes.md").write_text("not part of the model")
    assert content_digest(folder) == first
    (folder / "config.json").write_text("[]")
    assert content_digest(folder) != first


def test_large_files_are_hashed_once(folder, monkeypatch):
    first = content_digest(folder)
    monkeypatch.setattr(digest, "_file_hash", lambda path: pytest.fail(f"{path} was read again"))
    assert content_digest(folder) == first


def test_a_broken_or_read_only_cache_costs_time_only(folder, tmp_path, monkeypatch):
    first = content_digest(folder)
    cache = tmp_path / "cache" / "mevqa" / "digests.json"
    assert json.loads(cache.read_text())
    cache.write_text("{broken")
    assert content_digest(folder) == first
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert content_digest(folder) == first


CONFIG = {"peft_type": "LORA", "r": 4, "base_model_name_or_path": "nano", "target_modules": ["q_proj", "v_proj", "fc1"]}
TRAINING = {"decides": {"processes": 1}, "finished": {"steps": 3, "seconds": 12.5, "loss": 0.5}}


def adapter(folder, config=CONFIG, training=TRAINING, weights=b"weights"):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "training.json").write_text(json.dumps(training))
    return folder


def test_equal_adapters_have_one_digest_however_long_they_were_trained_and_their_layers_are_listed(tmp_path):
    first = content_digest(adapter(tmp_path / "first"))
    listed = CONFIG | {"target_modules": ["v_proj", "fc1", "q_proj"], "base_model_name_or_path": "/home/a/nano"}
    longer = TRAINING | {"finished": {"steps": 3, "seconds": 99.0, "loss": 0.5000001}}
    assert content_digest(adapter(tmp_path / "second", listed, longer)) == first
    for name, changed in {
        "rank": {"config": CONFIG | {"r": 8}},
        "layers": {"config": CONFIG | {"target_modules": ["q_proj", "v_proj"]}},
        "weights": {"weights": b"other weights"},
    }.items():
        assert content_digest(adapter(tmp_path / name, **changed)) != first, name


@pytest.mark.parametrize("text", ["[]", "{broken", "[" * 100_000])
def test_a_configuration_that_is_none_is_hashed_as_it_is(tmp_path, text):
    folder = adapter(tmp_path / "adapter")
    full_digest = content_digest(folder)
    (folder / "adapter_config.json").write_text(text)
    assert content_digest(folder) != full_digest
