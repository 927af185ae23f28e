"""Files that are not whole, or no videos, opened to read what is left of them."""

from __future__ import annotations

import numpy as np
import pytest

from mevqa.errors import MediaError
from mevqa.spotting.video import spot_video
from mevqa.synthetic.encoding import write_mp4
from mevqa.video.reading.reader import open_video


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "a.mp4"
    write_mp4(path, [np.full((32, 32, 3), 90, np.uint8)] * 3, 25, 20)
    return path


def test_an_unknown_codec_is_an_error_of_the_file(video):
    video.write_bytes(video.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(MediaError, match="codec"):
        spot_video(video)


def test_a_playlist_opens_no_other_file(video):
    playlist = video.with_name("list.mp4")
    playlist.write_text(f"ffconcat version 1.0\nfile {video.name}\n", encoding="utf-8")
    with pytest.raises(MediaError):
        open_video(playlist, errors="skip")
