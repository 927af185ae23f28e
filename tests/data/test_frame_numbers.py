"""File numbers of label files to positions in the media."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import Numbering
from mevqa.data.frame_numbers import frame_number, frame_positions, place
from mevqa.records import Annotation

CASME2 = Numbering(first=1, video=True)
SAMM = Numbering(first=1, video=False)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("img46.jpg", 46),
        ("reg_img46.jpg", 46),
        ("006_05562.jpg", 5562),
        ("image064353.jpg", 64353),
        ("355.jpg", 355),
        ("a.jpg", None),
    ],
)
def test_numbers_in_names(name, number):
    assert frame_number(name) == number


def test_a_whole_recording_counts_from_image_one(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"img{n}.jpg" for n in range(1, 31)))
    # img10 is label frame 10: read as 9 (0-based), position 9 in natural order.
    assert place(Annotation(9, 14, 29), CASME2, folder) == Annotation(9, 14, 29)


def test_a_folder_that_starts_at_the_onset(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"reg_img{n}.jpg" for n in range(46, 87)))
    event = place(Annotation(45, 58, 85, fine="happiness"), CASME2, folder)
    assert event == Annotation(0, 13, 40, fine="happiness")


def test_numbers_with_leading_zeros_and_missing_moments(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", *(f"006_{n:05d}.jpg" for n in range(5562, 5570)))
    assert place(Annotation(5561, None, 5568), SAMM, folder) == Annotation(0, None, 7)


def test_gaps_are_never_bridged(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "8.jpg", "9.jpg", "12.jpg")
    assert frame_positions(folder) == {8: 0, 9: 1, 12: 2}
    assert place(Annotation(8, 9, 12), Numbering(0, False), folder) == Annotation(0, 1, 2)
    with pytest.raises(ValueError, match="names apex 10, but the folder .* holds frames 8 to 12"):
        place(Annotation(8, 10, 12), Numbering(0, False), folder)


def test_names_without_numbers_do_not_tell(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "a.jpg", "b.jpg")
    with pytest.raises(ValueError, match="frames without numbers"):
        place(Annotation(0, 1, 1), CASME2, folder)


def test_videos(tmp_path):
    video = tmp_path / "EP02_01f.avi"
    video.touch()
    assert place(Annotation(45, 58, 85), CASME2, video) == Annotation(45, 58, 85)
    with pytest.raises(ValueError, match="is not known; use the folder of frames"):
        place(Annotation(45, 58, 85), SAMM, video)


def test_other_files_and_hidden_files_are_no_frames(tmp_path, save_frames):
    folder = save_frames(tmp_path / "f", "img1.jpg", "img2.jpg")
    (folder / "notes9.txt").touch()
    (folder / "._img1.jpg").touch()
    assert frame_positions(folder) == {1: 0, 2: 1}
