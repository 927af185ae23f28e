"""Pictures of the aligned face at even steps of time, and their place in the cache."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mevqa.spotting.child import apex, texture
from mevqa.spotting.features.cache import FeatureCache
from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.pictures import PictureChannels, SampleFace, with_earlier
from mevqa.spotting.learning.priors import learn_priors
from mevqa.spotting.learning.system import config_schema
from mevqa.spotting.learning.training.batches import TrainingWindows
from mevqa.spotting.learning.types import Mark, TrainingVideo
from mevqa.spotting.learning.views import find_channels
from mevqa.spotting.mean import flow
from mevqa.spotting.registry import find_spotter
from mevqa.video.reading.reader import open_video

SYSTEMS = {"mean": (3, 42, 42), "child-cnn": (2, 48, 48), "child-lbp": (3, 25, 59)}


@pytest.fixture(scope="module")
def video(long_video):
    with open_video(long_video.path) as video:
        yield video


def brightness(seen):
    """Pictures of one pixel, and a count of the faces that they were made of."""

    def describe(faces):
        for face in faces:
            seen.append(face)
            yield None if face is None else np.full((1, 1, 1), face.grey.mean(), np.uint8)

    return PictureChannels("brightness", 1, 32, (1, 1, 1), "uint8", describe)


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_every_system_reads_pictures_of_its_shape(name, video, long_record):
    series = find_channels(find_spotter(name).view).series(video, replace(long_record, missing=late(long_record)), None)
    assert series.values.shape == (len(series.times_ms), *SYSTEMS[name]) and series.values.dtype.itemsize == 1
    assert series.step_ms == pytest.approx(1000 / 15) and np.diff(series.times_ms) == pytest.approx(1000 / 15)
    assert series.measured[:20].all() and not series.measured[25:].any()
    assert series.values[3:20].any(axis=(1, 2, 3)).all() and not series.values[25:].any()


def late(record):
    """Mask of missing frames of a record, with all from frame 45 on missing."""
    missing = record.missing.copy()
    missing[45:] = 1
    return missing


def test_pictures_are_read_once_and_again_where_the_file_or_the_record_is_another(video, long_record, tmp_path):
    record = replace(long_record, missing=late(long_record), reasons=("", "no face"))
    seen = []
    channels = brightness(seen)
    first = channels.series(video, record, tmp_path)
    count = len(seen)
    again = channels.series(video, record, tmp_path)
    assert len(seen) == count == len(first.values)
    for name in ("values", "measured", "times_ms", "frames"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    (file,) = tmp_path.iterdir()
    assert file.name.startswith(FeatureCache(tmp_path).file(video).stem)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert np.array_equal(channels.series(video, record, tmp_path).values, first.values) and len(seen) == 2 * count
    moved = replace(record, placement=record.placement + np.float32(1))
    channels.series(video, moved, tmp_path)
    assert len(seen) == 3 * count


def test_a_face_is_compared_with_an_earlier_one_of_its_stretch():
    def face(stretch, level):
        return SampleFace(stretch, np.full((1, 1), level, np.uint8))

    faces = [face(0, 0), face(0, 1), face(0, 2), None, face(1, 3), face(1, 4)]
    pairs = [
        None if pair is None else tuple(int(sample.grey[0, 0]) for sample in pair)
        for pair in with_earlier(iter(faces), 1)
    ]
    assert pairs == [(0, 0), (1, 0), (2, 1), None, (3, 3), (4, 3)]


def test_flow_of_a_raised_mouth_goes_up_and_still_faces_have_none():
    noise = np.random.default_rng(0).integers(0, 255, (16, 16)).astype(np.uint8)
    face = cv2.resize(noise, (128, 128), interpolation=cv2.INTER_CUBIC)
    raised = face.copy()
    raised[64:125] = face[66:127]
    still, moved = flow.describe(iter([SampleFace(0, face), SampleFace(0, raised)]))
    assert not still[:2].any()
    # The lower half of the square is the mouth, the second channel motion downwards, in twentieths of a percent of the
    # eye distance, of which a pixel of these faces is two percents.
    assert np.median(moved[1, 26:40, 8:-8]) == pytest.approx(-2 * 20 * 100 / 51.2, rel=0.2)


def test_the_change_of_a_face_is_free_of_light_that_changes_all_over():
    face = np.full((128, 128), 100, np.uint8)
    brighter = face + 7
    brighter[:32, :32] += 3
    first, second = apex.describe(iter([SampleFace(0, face), SampleFace(0, brighter)]))
    assert not first[1].any() and second[0, -1, -1] == 107 - 128
    # Quarters of grey levels.
    assert second[1, 2, 2] == 12 and second[1, -1, -1] == 0


def test_texture_is_of_a_face_and_its_neighbours():
    rng = np.random.default_rng(1)
    faces = [SampleFace(0, rng.integers(0, 255, (128, 128)).astype(np.uint8)) for _ in range(3)]
    made = list(texture.describe(iter([*faces, None, faces[0]])))
    assert [histograms is None for histograms in made] == [False, False, False, True, False]
    # In space every histogram is that of the face alone; in time it depends on its neighbours.
    assert np.array_equal(made[0][0], made[4][0]) and not np.array_equal(made[0][1], made[4][1])
    shares = (made[1].astype(float) / 255) ** 2
    assert shares.sum(axis=-1) == pytest.approx(1, abs=0.1)


def test_mirrored_pictures_are_turned_and_flow_across_changes_its_sign(accelerator):
    settings = {
        "training": {"augmentation": {"scale": 0, "mirror": 1}, "windows": {"reference": "none"}},
        "decoder": {"folds": 0},
    }
    system = find_spotter("mean")
    config = config_schema(system).model_validate(settings)
    values = np.zeros((30, 3, 42, 42), np.int8)
    values[:, :, 5, 3] = [7, 8, 9]
    times = np.arange(30) * 1000 / 15
    own = FeatureSeries(1000 / 15, times, np.arange(30), values, np.ones(30, bool))
    video = TrainingVideo("v", "s", own, (Mark(5, 8, 12, "micro", "positive"),))
    priors = learn_priors([video], config, {}).model_copy(update={"scale": (1.0, 2.0, 1.0)})
    batch, _, _ = next(TrainingWindows(system, config, [video], priors).batches(0))
    assert batch[0, 0, :, 5, 38].tolist() == [-7, 4, 9] and not batch[0, 0, :, 5, 3].any()
