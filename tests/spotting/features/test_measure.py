import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mevqa.spotting import SpotOptions, spot_video
from mevqa.spotting.features.cache import FeatureCache
from mevqa.spotting.features.measure import replay
from mevqa.video.face.regions import face_regions, network_regions
from mevqa.video.reading.reader import open_video


@pytest.fixture(scope="module")
def record(long_record):
    return long_record


@pytest.fixture(scope="module")
def cache(record, long_video, tmp_path_factory):
    cache = FeatureCache(tmp_path_factory.mktemp("features"))
    with open_video(long_video.path) as video:
        cache.store(cache.file(video), record)
    return cache


def never(*_, **__):
    raise AssertionError("measured although it is stored")


def test_a_record_has_every_frame_and_region(record, long_video):
    with open_video(long_video.path) as video:
        assert (record.length, record.fps) == (len(video), video.fps)
        assert np.array_equal(record.times_ms, video.times_ms)
    assert record.regions == tuple(region.name for region in network_regions())
    assert record.displacement.dtype == np.float32 and np.abs(record.displacement).max() > 0.005
    assert not record.missing.any() and record.reasons == ("",)


def test_the_events_of_a_replayed_record_are_those_of_the_live_run(cache, long_video, monkeypatch):
    live = spot_video(long_video.path)
    monkeypatch.setattr("mevqa.spotting.features.cache.measure", never)
    again = spot_video(long_video.path, options=SpotOptions(features=cache.folder))
    assert live.events and again == live


def test_what_only_networks_read_is_not_replayed(record):
    reading = next(replay(record)).reading
    assert reading.displacement.shape == (len(face_regions()), 2)


@pytest.fixture
def damaged_folder(tmp_path, long_video):
    """Three seconds as pictures; some are damaged, and the face is gone for a while."""
    folder = tmp_path / "frames"
    folder.mkdir()
    with open_video(long_video.path) as video:
        for number, picture in enumerate(video.frames(range(90))):
            shown = np.full_like(picture, 90) if 40 <= number < 56 else picture
            Image.fromarray(shown).save(folder / f"{number:03d}.png", compress_level=1)
    for number in (20, 21):
        path = folder / f"{number:03d}.png"
        path.write_bytes(path.read_bytes()[:2000])
    return folder


def test_missing_frames_and_missing_faces_are_replayed_with_their_reasons(damaged_folder, tmp_path):
    live = spot_video(damaged_folder, fps=30.0)
    options = SpotOptions(features=tmp_path / "features")
    assert spot_video(damaged_folder, fps=30.0, options=options) == live
    assert spot_video(damaged_folder, fps=30.0, options=options) == live
    warnings = " | ".join(live.warnings)
    assert "blank pictures" in warnings
    with open_video(damaged_folder, fps=30.0, errors="skip") as video:
        record = FeatureCache(tmp_path / "features").load(video)
    assert record is not None
    reasons = [record.reasons[why] for why in record.missing]
    assert reasons[20:22] == ["damaged pictures"] * 2 and reasons[40] == "blank pictures"
    assert [record.reasons[why] for why in record.unread] == ["damaged pictures"]


def test_a_renamed_copy_is_found_and_changed_content_is_not(cache, long_video, tmp_path):
    copy = tmp_path / "other name.mp4"
    shutil.copy(long_video.path, copy)
    with open_video(copy) as video:
        loaded = cache.load(video)
        assert loaded is not None and loaded.video == "other name"
    copy.write_bytes(copy.read_bytes() + b"\0\0\0\x08free")
    with open_video(copy) as video:
        assert cache.load(video) is None


def test_another_frame_rate_is_another_record(cache, long_video):
    with open_video(long_video.path, fps=25.0) as video:
        assert cache.load(video) is None


def test_what_is_stored_is_what_was_measured(cache, record, long_video):
    with open_video(long_video.path) as video:
        stored = cache.load(video)
    for name in ("frames", "times_ms", "stretch", "displacement", "mismatch", "placement", "missing"):
        loaded, expected = getattr(stored, name), getattr(record, name)
        assert loaded.dtype == expected.dtype and np.array_equal(loaded, expected), name
    assert (stored.video, stored.regions, stored.reasons) == (record.video, record.regions, record.reasons)


def flipped(content):
    return content[:-50] + bytes([content[-50] ^ 1]) + content[-49:]


@pytest.mark.parametrize("spoil", [flipped, lambda content: content[:-9], lambda _: b"", lambda _: b"\xff" * 300])
def test_a_damaged_file_is_measured_anew(cache, record, long_video, tmp_path, monkeypatch, spoil):
    own = FeatureCache(tmp_path)
    with open_video(long_video.path) as video:
        file = own.file(video)
        file.write_bytes(spoil(cache.file(video).read_bytes()))
        assert own.load(video) is None
        monkeypatch.setattr("mevqa.spotting.features.cache.measure", lambda video, progress: record)
        assert own.record(video) is record
        assert own.load(video) is not None


def test_a_record_of_other_times_is_not_used(cache, record, long_video, tmp_path):
    own = FeatureCache(tmp_path)
    with open_video(long_video.path) as video:
        own.store(own.file(video), replace(record, times_ms=record.times_ms + 1))
        assert own.load(video) is None


def test_a_record_that_cannot_be_kept_is_used_with_a_warning(record, long_video, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("mevqa.spotting.features.cache.measure", lambda video, progress: record)
    with open_video(long_video.path) as video:
        made = FeatureCache(tmp_path / "file").record(video)
    assert any("is not kept" in warning for warning in made.warnings)
    assert len(made.frames) == len(record.frames)
