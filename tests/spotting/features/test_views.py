import numpy as np
import pytest
from made_records import NAMES, lost, resting

from mevqa.spotting.features.views import channel_layouts, channel_names, regional_channels

STEP = 1000 / 30


def raised(region, axis=1, size=0.02):
    """Six seconds of a face in which one region moves for 300 ms in the middle."""
    record = resting(np.arange(180) * STEP)
    course = np.clip(1 - np.abs(record.times_ms - 3_000) / 150, 0, 1)
    record.displacement[:, NAMES.index(region), axis] = size * course
    return record


@pytest.mark.parametrize(("layout", "channels"), [("me-tst", 10), ("me-tst-plus", 36), ("nodes", 24), ("lips", 8)])
def test_shapes_and_names(layout, channels):
    series = regional_channels(raised("chin"), layout)
    assert series.values.shape == (180, channels) and series.values.dtype == np.float32
    assert len(set(channel_names(layout))) == len(channel_names(layout)) or layout == "lips"
    assert len(channel_names(layout)) == channels
    assert np.isfinite(series.values).all() and series.measured.all()
    assert series.frames.tolist() == list(range(180))


def test_every_region_of_a_layout_is_measured():
    assert {region for layout in channel_layouts().values() for region in layout} <= set(NAMES)


@pytest.mark.parametrize("layout", ["me-tst", "me-tst-plus"])
def test_the_published_left_is_that_of_the_picture(layout):
    """Landmarks 17 to 21 are on the left of the picture: the person's right."""
    values = regional_channels(raised("right whole brow"), layout).values
    moved = np.abs(values).max(axis=0)
    assert moved.argmax() == 1 and moved[1] == pytest.approx(0.02, rel=0.05)
    assert np.delete(moved, 1).max() < 0.002


def test_what_moves_all_of_the_face_is_the_head():
    record = resting(np.arange(90) * STEP)
    record.displacement[:, :, 0] = np.linspace(0, 0.05, 90)[:, None]
    assert np.abs(regional_channels(record).values).max() < 1e-6


def test_nothing_is_said_where_nothing_was_measured():
    series = regional_channels(lost(raised("chin"), slice(0, 60)), "me-tst")
    assert not series.measured[:60].any() and not series.values[:60].any()


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="me-tst"):
        regional_channels(raised("chin"), "me-tst-3")
