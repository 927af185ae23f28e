import pytest
from hostile_runs import write_frames

from mevqa.events import Event
from mevqa.reporting.clip_pictures import clip_pictures
from mevqa.types import Clip, Question

SHORT = Question("q", "c", "What is the coarse expression class?", "coarse")


@pytest.fixture
def frames(tmp_path):
    write_frames(tmp_path / "c", 0)
    return tmp_path / "c"


def test_a_short_clip_shows_its_moments_and_motion(frames):
    pictures = clip_pictures(Clip("c", media=frames, fps=30, annotation=Event(0, 2, 5)), [SHORT], None, None, "none")
    assert [picture.role for picture in pictures.rows[0]] == ["onset", "apex", "offset", "motion", "magnified"]
    assert pictures.timeline is None
    assert not any("found" in note for note in pictures.notes)


def test_key_frames_that_were_found_and_not_given_are_noted(frames):
    pictures = clip_pictures(Clip("c", media=frames, fps=30), [SHORT], None, None, "none")
    assert "onset, apex and offset were found in the motion, not given" in pictures.notes


def test_a_clip_of_ready_made_pictures_shows_them(frames):
    pictures = clip_pictures(Clip("c", pictures={"motion": frames / "000.png"}), [SHORT], None, None)
    assert [picture.role for picture in pictures.rows[0]] == ["motion"]


def test_what_cannot_be_read_is_a_note(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    for clip in (Clip("c", media=tmp_path / "broken.mp4"), Clip("c")):
        pictures = clip_pictures(clip, [SHORT], None, None)
        assert not pictures.rows and pictures.notes
