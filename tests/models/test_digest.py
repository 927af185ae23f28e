import json
import os

import pytest

from mevqa.models import digest
from mevqa.models.digest import content_digest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "model"
    made.mkdir()
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "config.json").write_text("{}")
    return made


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
