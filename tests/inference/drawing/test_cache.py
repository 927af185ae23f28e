"""The cache of views: stored views equal drawn ones and are never out of date."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mevqa
from mevqa.cli import main
from mevqa.events import Event
from mevqa.inference.answering.run_views import RunViews
from mevqa.inference.drawing import cache as cache_module
from mevqa.inference.drawing.cache import CachedViews, ViewCache, chosen_cache
from mevqa.inference.view_config import ViewConfig
from mevqa.types import Clip
from mevqa.video.views.registry import register_view, view_names

CONFIG = ViewConfig(("onset", "motion"), sampler="onset-apex")


@pytest.fixture
def clip(small_set):
    path = sorted((small_set.folder / "clips").iterdir())[0]
    return Clip(path.stem, "synthetic", media=path, warnings=("as read",))


@pytest.fixture
def cache(tmp_path):
    return ViewCache(tmp_path / "views")


def never(*args, **more):
    raise AssertionError("drawn again")


def test_every_view_from_the_cache_is_the_one_that_is_drawn(clip, cache, monkeypatch):
    config = replace(CONFIG, views=view_names())
    live = config.render(clip, long_video=False)
    first = CachedViews(config, cache).render(clip, long_video=False)
    monkeypatch.setattr(ViewConfig, "render", never)
    stored = CachedViews(config, cache).render(clip, long_video=False)
    assert live.notes and first.notes == stored.notes == live.notes
    for seen in (first, stored):
        assert [(v.name, v.caption, v.frames) for v in seen.views] == [
            (v.name, v.caption, v.frames) for v in live.views
        ]
        assert all(
            (a.image.mode, a.image.tobytes()) == (b.image.mode, b.image.tobytes())
            for a, b in zip(seen.views, live.views, strict=True)
        )
        assert np.array_equal(seen.times_ms, live.times_ms)
        facts = [
            (s.moments, s.onset, s.apex, s.offset, s.localised, s.source, s.warnings, s.stillness) for s in (seen, live)
        ]
        assert facts[0] == facts[1]
    assert (cache.folder.stat().st_mode & 0o077) == 0


def test_whatever_decides_the_pictures_decides_the_file(clip, cache, tmp_path, monkeypatch):
    def file(of=clip, config=CONFIG, **more):
        return cache.file(of, config, long_video=False)

    known = file()
    assert file(replace(clip, id="other", subject="s9", dataset="samm")) == known
    other = tmp_path / "changed" / clip.media.name
    other.parent.mkdir()
    other.write_bytes(clip.media.read_bytes() + b"\0")
    picture = tmp_path / "map.png"
    picture.write_bytes(b"x")
    files = [
        known,
        file(replace(clip, media=other)),
        file(replace(clip, fps=30.0)),
        file(replace(clip, annotation=Event(1, 2, 3))),
        file(replace(clip, annotation=Event(1, 2, 4))),
        file(replace(clip, warnings=())),
        file(replace(clip, pictures={"motion": picture})),
        file(config=replace(CONFIG, views=("motion", "onset"))),
        file(config=replace(CONFIG, sampler="oao")),
        file(config=replace(CONFIG, face="haar")),
        file(config=replace(CONFIG, frames=5)),
        file(config=replace(CONFIG, stride=2)),
        cache.file(clip, CONFIG, long_video=True),
    ]
    picture.write_bytes(b"y")
    files.append(file(replace(clip, pictures={"motion": picture})))
    monkeypatch.setattr(cache_module, "installed_versions", lambda names: {"numpy": "0"})
    cache_module._made_with.cache_clear()
    files.append(file())
    cache_module._made_with.cache_clear()
    assert len(set(files)) == len(files)


def test_a_damaged_file_is_drawn_anew(clip, cache):
    drawn = CachedViews(CONFIG, cache)
    live = drawn.render(clip, long_video=False)
    file = cache.file(clip, CONFIG, long_video=False)
    whole = file.read_bytes()
    for content in (b"", whole[:-40], whole[:-40] + bytes(40), b"\xff" * 100):
        file.write_bytes(content)
        assert cache.load(file) is None
        again = drawn.render(clip, long_video=False)
        assert [view.image.tobytes() for view in again.views] == [view.image.tobytes() for view in live.views]
        assert file.read_bytes() == whole


def test_views_of_ones_own_and_ready_made_ones_are_not_stored(clip, cache, tmp_path):
    register_view("mine")(lambda source: [])
    assert cache.file(clip, replace(CONFIG, views=("mine",)), long_video=False) is None
    assert cache.file(clip, replace(CONFIG, views=("unknown",)), long_video=False) is None
    ready = replace(clip, media=None, pictures={"motion": tmp_path / "map.png"})
    assert cache.file(ready, replace(CONFIG, views=("motion",)), long_video=False) is None


def test_views_that_cannot_be_stored_are_drawn_with_one_warning(clip, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    drawn = CachedViews(CONFIG, ViewCache(tmp_path / "file"))
    for _ in range(2):
        assert drawn.render(clip, long_video=False).views
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "drawn and not stored" in message and "--views-cache none" in message


def test_the_least_recently_used_views_are_removed(cache):
    import os

    for number in range(4):
        file = cache.folder / "00" / f"{number}.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(100))
        os.utime(file, (number, number))
    (cache.folder / "mine.txt").write_bytes(bytes(1000))
    assert cache.trim(250) == 2 and cache.trim(250) == 0
    assert sorted(path.name for path in cache.folder.rglob("*.*")) == ["2.safetensors", "3.safetensors", "mine.txt"]


def test_the_folder_is_that_of_the_option_or_the_environment_or_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("MEVQA_VIEWS", str(tmp_path / "named"))
    assert chosen_cache(None) == ViewCache(tmp_path / "named")
    assert chosen_cache(tmp_path / "option") == ViewCache(tmp_path / "option")
    assert chosen_cache(Path("none")) is None
    monkeypatch.setenv("MEVQA_VIEWS", "none")
    assert chosen_cache(None) is None
    monkeypatch.delenv("MEVQA_VIEWS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert chosen_cache(None) == ViewCache(tmp_path / "mevqa" / "views")


def test_models_and_prepared_folders_share_stored_views(small_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MEVQA_VIEWS", str(tmp_path / "views"))
    questions = small_set.folder / "me_vqa_synthetic_train.jsonl"
    inputs = {"media": small_set.folder, "views": "motion-centred"}
    live = mevqa.evaluate(questions, "mock", out=tmp_path / "live", views_cache="none", **inputs)
    assert not (tmp_path / "views").exists()
    mevqa.prepare(questions, out=tmp_path / "prepared", **inputs)
    moved = tmp_path / "moved"
    shutil.copytree(small_set.folder, moved)
    monkeypatch.setattr("mevqa.video.views.render.open_video", never)
    nano = mevqa.evaluate(questions, "nano", out=tmp_path / "nano", **inputs)
    mock = mevqa.evaluate(questions, "mock", out=tmp_path / "mock", **inputs | {"media": moved})
    assert not any(answer.error for run in (nano, mock) for answer in run.answers.values())
    bare = [{key: replace(answer, seconds=0.0) for key, answer in run.answers.items()} for run in (live, mock)]
    assert bare[0] == bare[1]
    suite = ["eval", str(questions), "--media", str(moved), "--views", "motion-centred", "--model", "mock"]
    assert main([*suite, "--out", str(tmp_path / "by-command")]) == 0


def test_a_prepared_benchmark_needs_neither_cache_nor_processes(small_set, tmp_path):
    from mevqa.inference.answering.run_views import DrawOptions
    from mevqa.inference.evaluation import plan_prepared

    mevqa.prepare(small_set.folder / "me_vqa_synthetic_train.jsonl", media=small_set.folder, out=tmp_path / "out")
    work = plan_prepared(tmp_path / "out")
    views = RunViews(work, DrawOptions(workers=3, cache=tmp_path / "views"))
    views.begin(CONFIG, tmp_path / "run")
    assert views.drawn_by(CONFIG, work.questions) is None
    views.end()
    assert not (tmp_path / "views").exists()


def test_media_that_are_replaced_while_they_are_drawn_are_not_stored(clip, cache, tmp_path, monkeypatch):
    media = tmp_path / "clip.mp4"
    media.write_bytes(clip.media.read_bytes())
    render = ViewConfig.render

    def replacing(config, clip, **more):
        rendered = render(config, clip, **more)
        media.write_bytes(media.read_bytes() + bytes(1))
        return rendered

    monkeypatch.setattr(ViewConfig, "render", replacing)
    assert CachedViews(CONFIG, cache).render(replace(clip, media=media), long_video=False).views
    assert not cache.folder.exists()
