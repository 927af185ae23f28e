import numpy as np
import pytest
from made_records import NAMES, lost, resting

from mevqa.spotting.features.pieces import relative_windows, snippet_names, snippets
from mevqa.spotting.features.views import channel_names, regional_channels

STEP = 1000 / 30
BROW = channel_names("me-tst").index("right whole brow down")


def rising(count=100):
    """A face whose right brow goes down evenly, by a thousandth of the eye distance a frame."""
    record = resting(np.arange(count) * STEP)
    record.displacement[:, NAMES.index("right whole brow"), 1] = 1e-3 * np.arange(count)
    return record


def test_windows_are_against_their_first_frame():
    windows = relative_windows(rising(), "me-tst", 30)
    assert windows.begins.tolist() == [0, 15, 30, 45, 60, 70] and windows.values.shape == (6, 30, 10)
    assert windows.measured.all()
    for window in windows.values:
        assert window[:, BROW] == pytest.approx(1e-3 * np.arange(30), abs=1e-6)


def test_a_short_video_is_one_window():
    windows = relative_windows(rising(12), "me-tst", 30)
    assert windows.begins.tolist() == [0] and windows.measured.sum() == 12
    assert not windows.values[0, 12:].any()


def test_stretches_are_not_compared():
    record = lost(rising(), slice(40, 60))
    record.stretch[60:] = 1
    windows = relative_windows(record, "me-tst", 30, hop=30)
    assert windows.measured[1].tolist() == [True] * 10 + [False] * 20
    assert windows.values[1, 20:].any() == False  # noqa: E712
    assert windows.measured[2].all() and windows.values[2, -1, BROW] == pytest.approx(0.029, abs=1e-4)


def test_snippets_are_mean_deviation_and_change():
    record = rising()
    channels, pieces = regional_channels(record, "me-tst"), snippets(record, "me-tst", length=8, hop=2)
    assert pieces.values.shape == (50, 30) and pieces.step_ms == 2 * STEP and pieces.measured.all()
    own = channels.values[6:14, BROW]
    mean, deviation, change = (pieces.values[5, part * 10 + BROW] for part in range(3))
    assert (mean, deviation, change) == (
        pytest.approx(own.mean(), abs=1e-6),
        pytest.approx(own.std(), rel=1e-4),
        pytest.approx(own[-1] - own[0], rel=1e-4),
    )
    assert snippet_names("me-tst")[10 + BROW] == "deviation of right whole brow down"
    assert len(snippet_names("me-tst")) == 30


def test_snippets_of_what_was_not_measured_say_nothing():
    pieces = snippets(lost(rising(), slice(40, 60)), "me-tst")
    assert pieces.measured.tolist().count(False) >= 7
    assert not pieces.values[~pieces.measured].any() and np.isfinite(pieces.values).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_frames(count):
    record = resting(np.arange(count) * STEP)
    assert snippets(record).values.shape == ((count + 1) // 2, 108)
    assert relative_windows(record, "me-tst", 10).values.shape == (min(count, 1), 10, 10)


@pytest.mark.parametrize(("length", "hop"), [(0, 1), (5, 0)])
def test_pieces_have_a_length(length, hop):
    with pytest.raises(ValueError, match="positive"):
        relative_windows(rising(), "me-tst", length, hop)
    with pytest.raises(ValueError, match="positive"):
        snippets(rising(), "me-tst", length, hop)
