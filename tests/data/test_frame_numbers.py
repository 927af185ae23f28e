"""File numbers of label files to positions in the media."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.data.frame_numbers import frame_positions, place, place_events, show_number, time_number
from mevqa.data.label_types import ClipLabels
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event

CASME2 = Numbering(first=1, video=True)
SAMM = Numbering(first=1, video=False)


def test_a_whole_recording_counts_from_image_one(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"img{n}.jpg" for n in range(1, 31)))
    # img10 is label frame 10: read as 9 (0-based), position 9 in natural order.
    assert place(Event(9, 14, 29), CASME2, folder) == Event(9, 14, 29)


def test_a_folder_that_starts_at_the_onset(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"reg_img{n}.jpg" for n in range(46, 87)))
    event = place(Event(45, 58, 85, fine="happiness"), CASME2, folder)
    assert event == Event(0, 13, 40, fine="happiness")


def test_numbers_with_leading_zeros_and_missing_moments(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"006_{n:05d}.jpg" for n in range(5562, 5570)))
    assert place(Event(5561, None, 5568), SAMM, folder) == Event(0, None, 7)


def test_gaps_are_never_bridged(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "8.jpg", "9.jpg", "12.jpg")
    assert frame_positions(folder) == {8: 0, 9: 1, 12: 2}
    assert place(Event(8, 9, 12), Numbering(first=0, video=False), folder) == Event(0, 1, 2)
    with pytest.raises(ValueError, match="names apex 10, but the folder .* holds frames 8 to 12"):
        place(Event(8, 10, 12), Numbering(first=0, video=False), folder)


def test_names_without_numbers_do_not_tell(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "a.jpg", "b.jpg")
    with pytest.raises(ValueError, match="frames without numbers"):
        place(Event(0, 1, 1), CASME2, folder)


def test_file_numbers_become_positions_in_a_video(tmp_path):
    video = tmp_path / "EP02_01f.avi"
    video.touch()
    assert place(Event(45, 58, 85), CASME2, video) == Event(45, 58, 85)
    with pytest.raises(ValueError, match="is not known; use the folder of frames"):
        place(Event(45, 58, 85), SAMM, video)


def test_other_files_and_hidden_files_are_no_frames(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "img1.jpg", "img2.jpg")
    (folder / "notes9.txt").touch()
    (folder / "._img1.jpg").touch()
    assert frame_positions(folder) == {1: 0, 2: 1}


TIMES = Numbering(first=0, video=False, names="time")


def test_frames_named_by_their_time(tmp_path, save_frames):
    names = ("2023-7-28-16-0-31-433-685-116.tif", "2023-7-28-16-0-31-440-686-116.tif")
    folder = save_frames(tmp_path / "f", *names)
    first, second = (time_number(name) for name in ("16-00-31-433-685", "16-00-31-440-686"))
    assert frame_positions(folder, "time") == {first: 0, second: 1}
    assert place(Event(first, None, second), TIMES, folder) == Event(0, None, 1)
    assert time_number("image064353") is None and time_number("16-00-31") is None


moments = st.tuples(
    st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999), st.integers(0, 9999)
)


@given(moments, moments)
def test_times_keep_their_order_and_are_shown_as_they_were_written(first, other):
    numbers = [time_number("-".join(map(str, moment))) for moment in (first, other)]
    assert (numbers[0] < numbers[1]) == (first < other)
    hour, minute, second, millisecond, count = first
    assert show_number(numbers[0], TIMES) == f"{hour:02d}-{minute:02d}-{second:02d}-{millisecond:03d}-{count}"


def test_events_of_a_recording_that_lacks_its_first_frames(tmp_path, save_frames):
    folder = save_frames(tmp_path / "color", *(f"{n}.jpg" for n in range(8, 30) if n != 20))
    events = (Event(3, 5, 9), Event(8, 10, 12), Event(19, None, 21), Event(20, 21, 22))
    labels = ClipLabels("x_a", events=events, lines=(2, 3, 4, 5), numbering=Numbering(first=0, video=False))
    placement = place_events(labels, folder)
    assert placement.events == (Event(0, 2, 4), Event(11, None, 12)) and placement.lines == (3, 4)
    assert list(placement.missing) == [2, 5]
    assert "names onset 3, apex 5, but the folder" in placement.missing[2]


def test_events_that_are_positions_already(tmp_path):
    labels = ClipLabels("a", events=(Event(1, 2, 3),), lines=(2,))
    assert place_events(labels, tmp_path).events == labels.events
    (tmp_path / "a.avi").touch()
    video_labels = ClipLabels("a", events=(Event(1, 2, 3),), lines=(2,), numbering=Numbering(first=1, video=True))
    assert place_events(video_labels, tmp_path / "a.avi").events == video_labels.events
