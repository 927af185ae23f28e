"""The whole score of events: intervals, groups, comparison, what is wrong with both files, the switches on record."""

import json

import numpy as np
import openpyxl
import pytest

from mevqa.errors import InputError
from mevqa.scoring.catalogue import key_patterns, known_metrics
from mevqa.scoring.events.presets import EventSwitches, event_preset, event_presets
from mevqa.scoring.events.score import compare_events, score_events

REFERENCE = """subject,video,onset,apex,offset,kind,emotion,fps
s1,a,10,14,20,micro,happiness,30
s1,a,50,60,90,macro,happiness,30
s2,b,100,105,112,micro,disgust,30
s3,c,30,33,40,micro,fear,30
"""
DETECTIONS = """subject,video,onset,apex,offset,kind,emotion,score
s1,a,11,15,21,micro,happy,.9
s1,a,52,60,88,macro,happy,.8
s2,b,300,305,312,micro,disgust,.4
s3,c,30,33,40,micro,anger,.4
"""


@pytest.fixture
def files(tmp_path):
    def write(detections=DETECTIONS, coded=REFERENCE):
        paths = tmp_path / "pred.csv", tmp_path / "ref.csv"
        for path, text in zip(paths, (detections, coded), strict=True):
            path.write_text(text)
        return paths

    return write


def test_the_result_is_plain_json(files):
    result = score_events(*files(), by=["subject"], draws=200)
    content = json.loads(result.to_json())
    assert content["metrics"]["spotting.overall.f1"] == pytest.approx(2 * 3 / 8)
    assert content["protocol"]["preset"] == "strict"
    assert content["groups"]["subject"]["s1"]["metrics"]["spotting.overall.f1"] == 1.0
    video = content["details"]["videos"][0]
    assert [event["detection"] for event in video["references"]] == [2, 3]
    assert content["details"]["confusion"]["recognition"]["references"] == ["disgust", "fear", "happiness"]


def test_every_switch_is_on_record(files):
    protocol = score_events(*files(), changes=["iou=exclusive"], draws=0, seed=7).protocol
    assert {name: protocol[name] for name in EventSwitches.model_fields if name != "about"}
    assert (protocol["iou"], protocol["seed"], protocol["resampled"], protocol["fps"]) == (
        "exclusive",
        7,
        "subject",
        [30.0],
    )


def test_intervals_are_those_of_scoring_every_draw_again(files, tmp_path):
    """The vectorised bootstrap against copies of the files with the drawn subjects in them."""
    detections, coded = files()
    result = score_events(detections, coded, draws=100, seed=3)
    units = 3
    chosen = np.random.default_rng(3).integers(units, size=(100, units))
    values = {"spotting.overall.f1": [], "recognition.f1": [], "strs": []}
    for draw in chosen:
        texts = []
        for text in (DETECTIONS, REFERENCE):
            header, *rows = text.splitlines()
            copies = [
                f"copy{place}{line[2:]}".replace(f",{line.split(',')[1]},", f",{line.split(',')[1]}{place},", 1)
                for place, unit in enumerate(draw)
                for line in rows
                if line.startswith(f"s{unit + 1},")
            ]
            texts.append("\n".join([header, *copies]) + "\n")
        metrics = score_events(*files(*texts), draws=0).metrics
        for key, kept in values.items():
            kept.append(metrics.get(key, np.nan))
    for key, kept in values.items():
        known = np.array(kept)[~np.isnan(kept)]
        assert result.intervals[key] == pytest.approx(tuple(np.percentile(known, [2.5, 97.5])))


def test_one_subject_has_no_intervals(files):
    coded = "video,subject,onset,offset\na,s1,1,9\nb,s1,1,9\n"
    detections = "video,subject,onset,offset\na,s1,1,9\n"
    result = score_events(*files(detections, coded))
    assert not result.intervals
    assert any("no intervals" in note for note in result.notes)
    by_video = score_events(*files("video,onset,offset\na,1,9\n", "video,onset,offset\na,1,9\nb,1,9\n"))
    assert by_video.protocol["resampled"] == "video"
    assert by_video.intervals["spotting.overall.recall"] == (0.0, 1.0)


def test_problems_of_both_files_come_together(files):
    detections = DETECTIONS.replace("s1,a,11,15,21", "s1,a,31,15,21").replace("s3,c,30,33,40", "s3,c,nan,33,40")
    coded = REFERENCE.replace("s2,b,100", "s2,b,-100")
    with pytest.raises(InputError) as caught:
        score_events(*files(detections, coded))
    assert [(problem.path.name, problem.line) for problem in caught.value.problems] == [
        ("ref.csv", 4),
        ("pred.csv", 2),
        ("pred.csv", 5),
    ]


def test_a_detection_after_the_end_of_its_video(files):
    coded = "video,onset,offset,frames\na,1,9,50\n"
    with pytest.raises(InputError, match=r"pred.csv:3: ends at 50, but the last frame of the video is 49"):
        score_events(*files("video,onset,offset\na,1,9\na,40,50\n", coded))


def test_files_that_do_not_belong_together(files):
    with pytest.raises(InputError, match=r"pred.csv:2: none of the 1 video name of pred.csv \('vid_1'\) is"):
        score_events(*files("video,onset,offset\nvid_1,1,9\n", "video,onset,offset\nvid-1,1,9\n"))


def test_a_warning_about_no_common_video_comes_before_the_scores(files, capsys):
    from mevqa.cli import main

    detections = "subject,video,onset,offset\n1,x1,1,9\n1,x2,1,9\n2,x3,1,9\n2,x4,1,9\n"
    coded = "subject,video,onset,offset\n1,a,1,9\n02,b,1,9\n"
    paths = files(detections, coded)
    (warning,) = score_events(*paths, draws=0).warnings
    assert "none of the 4 video names of pred.csv ('1 x1', '1 x2', '2 x3', ...) is among the 2 of ref.csv" in warning
    assert main(["score", *map(str, paths), "--draws", "0"]) == 0
    assert capsys.readouterr().out.startswith(f"Warning: {warning}.\n")
    some = score_events(*files(detections.replace("x1", "A"), coded), draws=0)
    assert not some.warnings and "1 of the 4 video names of pred.csv are among the 2 of ref.csv" in some.notes


def test_intervals_are_over_people_and_not_over_spellings(files):
    rows = [("01", "a"), ("1", "b"), ("s2", "c"), ("sub02", "d"), ("3.0", "e"), ("003", "f")]
    text = "subject,video,onset,offset\n" + "".join(f"{subject},{video},1,9\n" for subject, video in rows)
    result = score_events(*files(text, text), by=["subject"])
    assert result.counts["subjects"] == 3 and list(result.groups["subject"]) == ["01", "3", "s2"]
    assert any("3 subjects are spelt in several ways and count as one person each" in note for note in result.notes)


def test_a_detection_that_is_listed_twice_is_one_hit_and_one_false_alarm(files):
    detections = "video,onset,offset\na,1,9\na,1,9\nb,1,9\n"
    result = score_events(*files(detections, "video,onset,offset\na,1,9\nb,1,9\n"), draws=0)
    assert result.metrics["spotting.overall.recall"] == 1.0
    assert result.metrics["spotting.overall.precision"] == pytest.approx(2 / 3)
    assert any("1 rows list a detection once more" in note for note in result.notes)


def test_two_videos_with_one_key_are_not_merged(files):
    text = "video,onset,offset\nclip_1,1,9\nclip_01,1,9\n"
    with pytest.raises(InputError, match="the videos 'clip_1' and 'clip_01' cannot be told apart"):
        score_events(*files(text, text))


def test_two_data_sets_and_two_frame_rates(files):
    detections = "video,onset,offset,dataset,fps\na,1,9,samm,200\n"
    coded = "video,onset,offset,dataset,fps\na,1,9,casme3,30\n"
    with pytest.raises(InputError) as caught:
        score_events(*files(detections, coded))
    assert len(caught.value.problems) == 2


def test_names_are_compared_without_spelling(files):
    detections = "subject,video,onset,offset\nsub01,ep02_01F.mp4,1,9\n7,3,1,9\n"
    coded = "subject,video,onset,offset\n1,longVideos/s15/EP02_01f,1,9\nspNO.7,003,1,9\n"
    assert score_events(*files(detections, coded), draws=0).metrics["spotting.overall.f1"] == 1.0


def test_videos_of_one_name_need_their_subjects(files):
    coded = "subject,video,onset,offset\n1,a,1,9\n2,a,1,9\n"
    with pytest.raises(InputError, match=r"ref.csv:3: the videos '1 a' and '2 a' cannot be told apart"):
        score_events(*files("video,onset,offset\na,1,9\n", coded))


def test_only_detections_are_empty(files):
    result = score_events(*files("subject,video,onset,offset,emotion\n", REFERENCE), draws=0)
    assert result.metrics["spotting.overall.f1"] == 0.0
    assert any("holds no detection" in note for note in result.notes)


def test_a_comparison_is_paired(files, tmp_path):
    first, coded = files()
    second = tmp_path / "better.csv"
    second.write_text(DETECTIONS.replace("s2,b,300,305,312", "s2,b,100,105,112"))
    result = compare_events(first, second, coded, draws=300)
    assert result.metrics["spotting.overall.f1"] == pytest.approx(1 - 6 / 8)
    assert result.details["p"]["spotting.overall.f1"] > 0.05
    assert result.groups["answers"]["second"].metrics["spotting.overall.f1"] == 1.0
    same = compare_events(first, first, coded, draws=100)
    assert set(same.metrics.values()) == {0.0}
    assert set(same.details["p"].values()) == {1.0}


def test_presets():
    presets = event_presets()
    assert {"strict", "megc2025-str", "me-tst", "lgsnet"} == presets.keys()
    strict = presets["strict"]
    assert (strict.videos, strict.matching, strict.selection, strict.dummy) == ("all", "score", "fixed", False)
    assert (presets["me-tst"].videos, presets["me-tst"].matching, presets["me-tst"].dummy) == (
        "with-events",
        "temporal",
        True,
    )
    assert (presets["lgsnet"].matching, presets["lgsnet"].kinds, presets["lgsnet"].selection) == (
        "many",
        "length",
        "test",
    )


def test_changes_of_a_preset():
    changed = event_preset("strict", ["classes=3", "threshold=0.3", "dummy=true", "prediction_frame_base=1"])
    assert (changed.classes, changed.threshold, changed.dummy, changed.prediction_frame_base) == ("3", 0.3, True, 1)
    with pytest.raises(InputError) as caught:
        event_preset("strict", ["matchin=many", "iou=both", "dummy", "threshold=0", "score_above=nan"])
    text = str(caught.value)
    assert "did you mean 'matching'" in text
    assert len(caught.value.problems) == 5
    with pytest.raises(InputError, match="did you mean 'strict'"):
        event_preset("strickt")


def test_every_key_is_documented(files):
    result = score_events(*files(), draws=0)
    # What only the comparison of trained spotters has.
    added = {
        key for key in known_metrics(events=True) if key.startswith("cost.") or key.endswith(("_alarms", "by_rules"))
    }
    assert len(added) == 6 and set(result.metrics) | added == set(known_metrics(events=True))
    documented = {key for pattern in key_patterns(events=True)[1] for key in expanded(pattern)}
    assert set(result.counts) == documented


def expanded(pattern):
    kinds = "{overall,micro,macro}"
    return [pattern.replace(kinds, kind) for kind in ("overall", "micro", "macro")]


def test_label_files_of_the_data_sets(tmp_path):
    """Sheets as CAS(ME)^3 and CAS(ME)^2 have them, with invented rows; the second has no header."""
    third = openpyxl.Workbook()
    third.active.append(["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"])
    third.active.append(["spNO.1", "a", 160, 166, 171, "L4+7", 2, "disgust"])
    third.active.append(["spNO.2", "a", 30, 30, 52, "12", 1, "happy"])
    third.save(tmp_path / "casme3.xlsx")
    second = openpyxl.Workbook()
    second.active.append([1, "disgust1_1", 46, 51, 60, "4+9", "negative", "micro-expression", "disgust"])
    second.active.append([1, "happy4_5", 96, 120, 160, "12", "positive", "macro-expression", "happy"])
    second.save(tmp_path / "casme_sq.xlsx")
    detections = tmp_path / "found.csv"
    detections.write_text("subject,video,onset,offset,emotion\n1,a,160,171,Disgust\n2,a,30,52,happiness\n")
    result = score_events(detections, tmp_path / "casme3.xlsx", "me-tst", draws=0)
    assert result.metrics["strs"] == 1.0
    detections.write_text(
        "subject,video,onset,offset,emotion\n1,disgust1_1,46,60,negative\n1,happy4_5,96,160,positive\n"
    )
    result = score_events(detections, tmp_path / "casme_sq.xlsx", draws=0)
    assert (result.metrics["spotting.micro.f1"], result.metrics["spotting.macro.f1"]) == (1.0, 1.0)
    assert any("no header" in note for note in result.notes)


def test_detections_named_by_folder_meet_the_label_file_of_cas_me_2(tmp_path):
    book = openpyxl.Workbook()
    book.active.append([1, "disgust1_1", 46, 51, 60, "4+9", "negative", "micro-expression", "disgust"])
    for name, row in (("naming rule1", (15, "s15", 1)), ("naming rule2", ("0101", "disgust1"))):
        book.create_sheet(name).append(row)
    book.save(tmp_path / "code_final.xlsx")
    detections = tmp_path / "found.txt"
    detections.write_text("15_0101disgustingteeth\t46\t60\t0.9\n")
    assert score_events(detections, tmp_path / "code_final.xlsx", draws=0).metrics["spotting.micro.f1"] == 1.0
