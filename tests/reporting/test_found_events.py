import pytest

from mevqa.errors import InputError
from mevqa.reporting.found_events import read_found


def test_events_are_found_by_video_with_and_without_subject(tmp_path):
    path = tmp_path / "found.csv"
    path.write_text("subject,video,onset,offset\ns1,c,0,2\ns1,c,3,5\n")
    detections = read_found(path, complete=False)
    assert len(detections.of("c")) == len(detections.of("s1_c")) == 2


def test_a_wrong_row_is_an_error(tmp_path):
    path = tmp_path / "found.csv"
    path.write_text("video,onset,offset\nc,5,2\n")
    with pytest.raises(InputError):
        read_found(path, complete=False)


def test_a_video_that_is_not_named_was_not_looked_at_or_holds_nothing(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,onset,offset\nempty,,\n")
    assert read_found(path, complete=False).of("empty") == []
    assert read_found(path, complete=False).of("other") is None
    assert read_found(path, complete=True).of("other") == []


def test_unknown_videos_are_noted_by_name(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,onset,offset\n" + "".join(f"v{place},1,2\n" for place in range(8)))
    (note,) = read_found(path, complete=False).notes({"v0"})
    assert note.endswith("v1, v2, v3, v4, v5 and 2 more") and "events.csv" in note
    assert read_found(path, complete=False).notes({f"v{place}" for place in range(8)}) == []


def test_videos_are_found_in_any_spelling(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,onset,offset\nSYN_01,0,2\n")
    detections = read_found(path, complete=False)
    assert [event.onset for event in detections.of("syn_1") or []] == [0] and detections.of("syn_11") is None
    assert detections.notes(["Syn_1"]) == []
