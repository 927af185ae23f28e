import json

import pytest
from hostile_runs import write_frames

from mevqa.data.annotations import ClipLabels
from mevqa.errors import InputError
from mevqa.records import Annotation, Answer, Clip, Question, QuestionType
from mevqa.report import Scoring, Showing, write_report
from mevqa.report.pictures import read_detections, see
from mevqa.runs import start_run

SHORT = Question("q", "c", "What is the coarse expression class?", QuestionType.COARSE)
LONG = Question("q", "c", "How many expression events appear in this video?", QuestionType.COUNT_ALL)
EVENTS = (Annotation(0, 1, 2, kind="micro", fine="disgust"), Annotation(3, 4, 5, kind="macro"))


@pytest.fixture
def frames(tmp_path):
    write_frames(tmp_path / "c", 0)
    return tmp_path / "c"


def test_a_short_clip_shows_its_moments_and_motion(frames):
    seen = see(Clip("c", media=frames, fps=30, annotation=Annotation(0, 2, 5)), [SHORT], None, None, "none")
    assert [picture.role for picture in seen.rows[0]] == ["onset", "apex", "offset", "motion", "magnified"]
    assert seen.timeline is None
    assert not any("found" in note for note in seen.notes)


def test_what_was_found_and_not_given_is_said(frames):
    seen = see(Clip("c", media=frames, fps=30), [SHORT], None, None, "none")
    assert "onset, apex and offset were found in the motion, not given" in seen.notes


def test_a_clip_of_ready_made_pictures_shows_them(frames):
    seen = see(Clip("c", pictures={"motion": frames / "000.png"}), [SHORT], None, None)
    assert [picture.role for picture in seen.rows[0]] == ["motion"]


def test_what_cannot_be_read_is_a_note(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    for clip in (Clip("c", media=tmp_path / "broken.mp4"), Clip("c")):
        seen = see(clip, [SHORT], None, None)
        assert not seen.rows and seen.notes


def test_a_long_video_shows_each_event_and_a_timeline(frames):
    labels = ClipLabels("c", events=EVENTS)
    seen = see(Clip("c", media=frames, fps=30), [LONG], labels, None, "none")
    assert len(seen.rows) == 2
    assert seen.rows[1][0].name == "2 · macro · onset · frame 3"
    svg = seen.timeline.svg()
    assert svg.count("<rect") == 2 + 2  # Legend and events.
    assert "disgust" in svg and "detected" not in svg


def test_a_long_video_without_labels_shows_moments(frames):
    seen = see(Clip("c", media=frames, fps=30), [LONG], None, None, "none")
    assert [picture.role for picture in seen.rows[0]] == ["frames"] * 6
    assert any("not known" in note for note in seen.notes)


def test_detections_are_found_by_video_with_and_without_subject(tmp_path):
    path = tmp_path / "found.csv"
    path.write_text("subject,video,onset,offset\ns1,c,0,2\ns1,c,3,5\n")
    found = read_detections(path)
    assert len(found["c"]) == len(found["s1_c"]) == 2
    path.write_text("video,onset,offset\nc,5,2\n")
    with pytest.raises(InputError):
        read_detections(path)


@pytest.fixture
def long_run(tmp_path):
    write_frames(tmp_path / "media" / "v1", 1)
    row = {"id": "q1", "dataset": "casme3", "image_id": "v1", "subject": "s", "filename": "v1"}
    rows = [
        {**row, "question": "How many expression events appear in this video?", "answer": "2"},
        {**row, "id": "q2", "question": "How many micro-expression events appear in this video?", "answer": "1"},
    ]
    (tmp_path / "me_lvqa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "labels.csv").write_text(
        "clip,dataset,subject,fps,onset,apex,offset,kind\nv1,casme3,s,30,0,1,2,micro\n"
    )
    source = {"files": [], "media": str(tmp_path / "media"), "annotations": str(tmp_path / "labels.csv")}
    decides = {"media": {"v1": ""}, "looking": {"face": "none"}}
    facts = {"question_files": [str(tmp_path / "me_lvqa.jsonl")], "sources": [source]}
    with start_run(tmp_path / "run", decides, facts) as log:
        log.append([Answer("q1", "2"), Answer("q2", "3")])
    (tmp_path / "run" / "events.csv").write_text("video,onset,offset,kind\nv1,1,3,micro\n")
    return tmp_path / "run"


def test_a_run_with_detected_events_shows_both_lanes(long_run, browser, tmp_path):
    written = write_report([long_run], tmp_path / "out", Scoring(draws=0))
    browser.errors.clear()
    browser.open(written.page)
    lanes = browser.run("[...document.querySelectorAll('.timeline text')].map(e => e.textContent)")
    assert {"coded", "detected"} <= set(lanes)
    assert browser.run("document.querySelectorAll('svg[aria-label^=\"Answered against\"]').length") == 1
    assert browser.errors == []


def test_detections_of_another_file_replace_those_of_the_run(long_run, tmp_path):
    (tmp_path / "other.csv").write_text("video,onset,offset\nv1,0,1\nv1,4,5\n")
    text = write_report([long_run], tmp_path / "a", Scoring(draws=0)).page.read_text()
    other = write_report([long_run], tmp_path / "b", Scoring(draws=0), Showing(events=tmp_path / "other.csv"))
    assert text.count("<title>micro 0.") == 2
    assert other.page.read_text().count("<title>event ") == 2
