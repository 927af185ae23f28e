"""Long videos in a report: timeline, table, pictures, evidence."""

import json

import pytest
from hostile_runs import HOSTILE, write_frames

from mevqa.data.events.rows import EventRow
from mevqa.data.label_types import ClipLabels
from mevqa.events import Event
from mevqa.inference.runs import start_run
from mevqa.reporting import ReportOptions, Scoring, write_report
from mevqa.reporting.long_videos import long_video_pictures
from mevqa.types import NO_MOTION, Answer, Clip

EVENTS = (Event(0, 1, 2, kind="micro", fine="disgust"), Event(3, 4, 5, kind="macro"))
STILL = f"{NO_MOTION}: onset and apex are one frame"
PRIOR = "prior answer: 1 event was found, and the 4th is asked about"
MANY = [f"event {place}: micro, {place}.00 to {place}.30 s" for place in range(1, 6)]


@pytest.fixture
def clip(tmp_path):
    write_frames(tmp_path / "c", 0)
    return Clip("c", media=tmp_path / "c", fps=30)


def detection(onset, apex, offset, kind="micro"):
    return EventRow(
        line=2,
        subject=None,
        video="c",
        onset=onset,
        apex=apex,
        offset=offset,
        kind=kind,
        emotion="fear",
        units="brow lowerer",
        score=0.75,
    )


def test_coded_events_are_shown_with_title_and_timeline(clip):
    pictures = long_video_pictures(clip, ClipLabels("c", events=EVENTS), None, "none")
    assert [[picture.role for picture in row] for row in pictures.rows] == [
        ["onset", "apex", "motion", "magnified"]
    ] * 2
    assert pictures.rows[1][0].name == "onset · frame 3"
    assert pictures.titles == ("coded 1 · micro · 0.00 to 0.07 s · disgust", "coded 2 · macro · 0.10 to 0.17 s")
    svg = pictures.timeline.svg()
    assert svg.count("<title>coded") == 2 and ">found<" not in svg
    assert pictures.events["summary"] == "2 coded"


def test_found_events_are_shown_where_nothing_is_coded(clip):
    pictures = long_video_pictures(clip, None, [detection(3, 4, 5, "macro"), detection(0, 1, 2)], "none")
    assert pictures.titles[0] == "found 1 · micro · 0.00 to 0.07 s · brow lowerer · fear · score 0.75"
    assert len(pictures.rows) == 2
    assert ">coded<" not in pictures.timeline.svg()
    assert any("not known" in note for note in pictures.notes)


def test_an_event_without_apex_shows_onset_and_offset(clip):
    pictures = long_video_pictures(clip, None, [detection(0, None, 2), detection(3, 4, 5)], "none")
    assert [picture.role for picture in pictures.rows[0]] == ["onset", "offset"]
    assert [picture.role for picture in pictures.rows[1]][:2] == ["onset", "apex"]


def test_of_many_events_the_first_have_pictures_and_all_are_in_timeline_and_table(clip):
    rows = [detection(place % 5, place % 5, place % 5 + 1) for place in range(40)]
    pictures = long_video_pictures(clip, None, rows, "none")
    assert len(pictures.rows) == len(pictures.titles) == 8
    assert "pictures of the first 8 of 40 found events" in pictures.notes
    assert pictures.timeline.svg().count("<title>found") == len(pictures.events["rows"]) == 40


@pytest.mark.parametrize("labels", [None, ClipLabels("c")])
def test_a_video_without_events_shows_moments(clip, labels):
    pictures = long_video_pictures(clip, labels, [], "none")
    assert [picture.role for picture in pictures.rows[0]] == ["frames"] * 6
    assert "none found" in pictures.timeline.svg() and pictures.events is None


def test_events_outside_the_video_are_noted_and_the_others_keep_their_numbers(clip):
    pictures = long_video_pictures(clip, None, [detection(0, 1, 2), detection(2, 3, 99), detection(3, 4, 5)], "none")
    assert [title.split(" · ")[0] for title in pictures.titles] == ["found 1", "found 3"]
    assert any(note.startswith("found event 2 (frames 2 to 99) is left out") for note in pictures.notes)


def test_coded_events_that_are_missing_make_no_found_one_false(clip):
    labels = ClipLabels("c", events=(*EVENTS, Event(50, 55, 60)))
    pictures = long_video_pictures(clip, labels, [detection(0, 1, 2)], "none")
    assert pictures.events["summary"] == "2 coded, 1 found"
    assert "hollow" not in pictures.timeline.svg()
    assert any("not compared" in note for note in pictures.notes)


def test_what_a_run_could_not_look_at_is_drawn(clip):
    pictures = long_video_pictures(clip, None, [], "none", unseen=[(0.05, 0.1, "no face")])
    assert "not looked at: no face, 0.05 to 0.10 s" in pictures.timeline.svg()


def test_progress_goes_up_to_the_last_frame(clip):
    calls = []
    long_video_pictures(clip, None, [], "none", lambda done, total: calls.append((done, total)))
    assert calls[-1] == (6, 6)


@pytest.fixture
def long_run(tmp_path):
    write_frames(tmp_path / "media" / "v1", 1)
    row = {"dataset": "casme3", "image_id": "v1", "subject": "s", "filename": "v1"}
    asked = [
        ("How many expression events appear in this video?", "2"),
        ("How many micro-expression events appear in this video?", "1"),
        ("What is the expression type of the 4-th expression event in this video?", "macro-expression"),
    ]
    rows = [
        {**row, "id": f"q{place}", "question": text, "answer": answer} for place, (text, answer) in enumerate(asked)
    ]
    (tmp_path / "me_lvqa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "labels.csv").write_text(
        "clip,dataset,subject,fps,onset,apex,offset,kind\nv1,casme3,s,30,0,1,2,micro\n"
    )
    source = {"files": [], "media": str(tmp_path / "media"), "annotations": str(tmp_path / "labels.csv")}
    decides = {"media": {"v1": ""}, "looking": {"face": "none"}}
    facts = {"question_files": [str(tmp_path / "me_lvqa.jsonl")], "sources": [source]}
    with start_run(tmp_path / "run", decides, facts) as log:
        log.append(
            [
                Answer("q0", "2", evidence=tuple(MANY), warnings=("1 event was rejected",)),
                Answer("q1", "3", evidence=(f"event 1: micro {HOSTILE}",), warnings=("1 event was rejected", STILL)),
                Answer("q2", "micro-expression", warnings=("1 event was rejected", PRIOR)),
            ]
        )
    (tmp_path / "run" / "events.csv").write_text("video,onset,apex,offset,kind\nv1,0,1,3,micro\nv1,4,5,5,macro\n")
    return tmp_path / "run"


def page_data(page):
    text = page.read_text()
    start = text.index('id="data">') + len('id="data">')
    return json.loads(text[start : text.index("</script>", start)])


def test_evidence_warnings_and_priors_are_in_the_data(long_run, tmp_path):
    (clip,) = page_data(write_report([long_run], tmp_path / "out", Scoring(draws=0)).page)["clips"]
    answers = [question["answers"][0] for question in clip["questions"]]
    assert answers[0]["evidence"] == MANY
    assert [answer.get("prior", False) for answer in answers] == [False, False, True]
    assert answers[2]["warnings"] == [PRIOR]
    assert [answer.get("still", False) for answer in answers] == [False, True, False]
    # What all answers say is said once, of the video; what one says is not said of the video.
    assert "warnings" not in answers[0] and clip["warnings"] == ["1 event was rejected"]
    assert not {"1 event was rejected", PRIOR} & set(clip["notes"])


def test_a_run_with_found_events_shows_both_lanes_and_a_table(long_run, browser, tmp_path):
    written = write_report([long_run], tmp_path / "out", Scoring(draws=0))
    browser.errors.clear()
    browser.open(written.page)
    lanes = browser.run("[...document.querySelectorAll('.timeline text')].map(e => e.textContent)")
    assert {"coded", "found"} <= set(lanes)
    assert browser.run("document.querySelector('.event-list summary').textContent").startswith("Events: 1 coded")
    results = browser.run("[...document.querySelectorAll('.events tbody th')].map(e => e.textContent)")
    assert results == ["matched", "false"]
    assert browser.run("document.querySelector('.of-event').textContent").startswith("coded 1 · micro")
    assert browser.run("document.querySelectorAll('svg[aria-label^=\"Answered against\"]').length") == 1
    assert browser.errors == []


def test_evidence_is_shown_and_folded_and_priors_are_marked(long_run, browser, tmp_path):
    browser.errors.clear()
    browser.open(write_report([long_run], tmp_path / "out", Scoring(draws=0)).page)
    shown = "[...document.querySelectorAll('.answer')].map(box => "
    assert browser.run(shown + "box.querySelectorAll('.evidence li').length)") == [5, 1, 0]
    assert browser.run(shown + "!!box.querySelector('details:not([open]) .evidence'))") == [True, False, False]
    marks = browser.run(shown + "box.querySelector('.prior')?.textContent || '')")
    assert marks == ["", "no motion to see", "prior answer"]
    warnings = "[...document.querySelectorAll('.answer .warning')].map(e => e.textContent)"
    assert browser.run(warnings) == [STILL, PRIOR]
    assert HOSTILE in browser.run("document.querySelectorAll('.evidence')[1].textContent")
    browser.size(360, 800, phone=True)
    assert browser.run("document.documentElement.scrollWidth") == 360
    browser.size(1200, 900)
    assert browser.errors == []


def test_a_search_finds_evidence_and_unfolds_it(long_run, browser, tmp_path):
    browser.errors.clear()
    browser.open(write_report([long_run], tmp_path / "out", Scoring(draws=0)).page, "#clips?text=event+5")
    assert browser.run("document.getElementById('count').textContent") == "1 of 3 questions, 1 of 1 clips"
    assert browser.run("document.querySelector('.answer details').open")
    assert browser.errors == []


def test_events_of_another_file_replace_those_of_the_run(long_run, tmp_path):
    (tmp_path / "other.csv").write_text("video,onset,offset\nv1,0,1\nv1,4,5\n")
    text = write_report([long_run], tmp_path / "a", Scoring(draws=0)).page.read_text()
    other = write_report([long_run], tmp_path / "b", Scoring(draws=0), ReportOptions(events=tmp_path / "other.csv"))
    assert text.count("<title>found 1: micro 0.") == text.count("<title>found 2: macro 0.") == 1
    assert other.page.read_text().count("<title>found 1: event ") == 1


def test_a_run_without_found_events_has_the_coded_lane_only(long_run, tmp_path):
    (long_run / "events.csv").unlink()
    written = write_report([long_run], tmp_path / "out", Scoring(draws=0))
    text = written.page.read_text()
    assert text.count("<title>coded 1:") == 1
    assert ">found</text>" not in text and "none found" not in text


def test_videos_that_nobody_asks_about_are_noted_and_those_not_looked_at_are_not_empty(long_run, tmp_path):
    (long_run / "events.csv").write_text("video,onset,apex,offset,kind\nelsewhere,1,2,3,micro\n")
    written = write_report([long_run], tmp_path / "out", Scoring(draws=0))
    assert any("no question is about" in note and "elsewhere" in note for note in written.notes)
    assert "none found" not in written.page.read_text()
