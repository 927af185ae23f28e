import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mevqa.api.evaluation.run import Run
from mevqa.cli.printing.run import print_run
from mevqa.errors import InputError
from mevqa.inference.answering.clips import answer, begin, remaining
from mevqa.inference.evaluation import Source, check_views, plan
from mevqa.inference.fingerprint import annotations_digest, run_fingerprint
from mevqa.inference.runs import open_run
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.models.mock import MockModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.scoring.answers.answer_sources import files_of_run
from mevqa.scoring.answers.score import score_run
from mevqa.types import Answer, Reply

VIEW_CONFIG = ViewConfig(views=("motion",))
PROMPTS = PromptLibrary.load(variant="brief")


@pytest.fixture
def work_folder(tmp_path):
    (tmp_path / "maps").mkdir()
    rows = []
    for name in ("CAS-1", "CAS-2", "CAS-3"):
        pixels = np.random.default_rng(len(rows)).integers(0, 255, (28, 28, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "maps" / f"{name}.png")
        for number, text in enumerate(("What is the coarse expression class?", "What is the action unit?"), 1):
            key = f"casme3_test_{name}_{number}"
            rows.append(json.dumps({"video_id": key, "video": name, "question": text, "answer": ""}))
    (tmp_path / "me_vqa_casme3_test_to_answer.jsonl").write_text("\n".join(rows) + "\n")
    return tmp_path


def planned(folder, **more):
    return plan([folder / "me_vqa_casme3_test_to_answer.jsonl"], None, pictures={"motion": folder / "maps"}, **more)


def mock(**more):
    return MockModel(more.pop("script", {}), preferences=Preferences(views=("motion",), variant="brief"), **more)


def run_of(work, log):
    return Run(log.path, log.manifest, log.answers, questions=work.all_questions)


def run_all(work, out, model, steps=None):
    fingerprint = run_fingerprint(work, model, PROMPTS, VIEW_CONFIG, consistency=True, settings={"seed": 0})
    with begin(work, out, fingerprint) as log:
        for done, _ in enumerate(answer(work, log, model, PROMPTS, VIEW_CONFIG), 1):
            if done == steps:
                break
    return open_run(out)


def test_a_run_about_short_clips_leaves_a_table_of_events_alone(work_folder):
    work = planned(work_folder)
    run_all(work, work_folder / "out", mock(), steps=1)
    (work_folder / "out" / "events.csv").write_text("video,onset\nmine,3\n")
    assert len(run_all(work, work_folder / "out", mock()).answers) == 6
    assert "mine" in (work_folder / "out" / "events.csv").read_text()


def test_an_interrupted_run_continues_to_the_same_log(work_folder):
    work = planned(work_folder)
    whole = run_all(work, work_folder / "whole", mock())
    run_all(work, work_folder / "parts", mock(), steps=1)
    second = mock()
    parts = run_all(work, work_folder / "parts", second)
    assert len(second.calls) == 2
    strip = {key: (a.text, a.options, a.confidence) for key, a in whole.answers.items()}
    assert strip == {key: (a.text, a.options, a.confidence) for key, a in parts.answers.items()}
    assert len(strip) == 6


def test_a_finished_run_asks_nothing_and_errors_are_asked_again(work_folder):
    work = planned(work_folder)
    from mevqa.types import Reply

    run_all(work, work_folder / "run", mock(script=lambda request: Reply("", error="server away")))
    again = mock()
    finished = run_all(work, work_folder / "run", again)
    assert len(again.calls) == 3 and all(a.error is None for a in finished.answers.values())
    idle = mock()
    run_all(work, work_folder / "run", idle)
    assert idle.calls == []


def test_the_limit_can_be_raised_later(work_folder):
    run_all(planned(work_folder, limit=1), work_folder / "run", mock())
    work = planned(work_folder)
    with begin(
        work,
        work_folder / "run",
        run_fingerprint(work, mock(), PROMPTS, VIEW_CONFIG, consistency=True, settings={"seed": 0}),
    ) as log:
        assert list(remaining(work, log.answers)) == ["CAS-2", "CAS-3"]


def test_a_changed_picture_or_prompt_is_refused(work_folder):
    work = planned(work_folder)
    run_all(work, work_folder / "run", mock())
    (work_folder / "maps" / "CAS-2.png").write_bytes((work_folder / "maps" / "CAS-1.png").read_bytes())
    with pytest.raises(InputError, match=r"media\.CAS-2"):
        run_all(planned(work_folder), work_folder / "run", mock())


def test_all_problems_come_together_before_work_starts(work_folder):
    (work_folder / "maps" / "CAS-3.png").unlink()
    labels = work_folder / "labels.csv"
    labels.write_text("clip,onset\nCAS-1,minus one\n")
    with pytest.raises(InputError) as caught:
        planned(work_folder, annotations=labels)
    text = str(caught.value)
    assert "CAS-3" in text and "labels.csv:2" in text


def test_one_id_in_two_files_is_refused(work_folder):
    path = work_folder / "me_vqa_casme3_test_to_answer.jsonl"
    copy = work_folder / "me_vqa_casme3_v2_test_to_answer.jsonl"
    copy.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="casme3_test_CAS-1_1"):
        plan([path, copy], None, pictures={"motion": work_folder / "maps"})


def test_views_without_media_are_refused_before_anything_is_answered(work_folder):
    work = planned(work_folder)
    check_views(work, ViewConfig(views=("motion", "motion-centred")))
    with pytest.raises(
        InputError, match=r"onset, magnified cannot be made for 3 clips without video \(CAS-1, \.\.\.\)"
    ):
        check_views(work, ViewConfig(views=("onset", "motion", "magnified")))


def test_a_reply_that_cannot_be_read_is_final_and_an_error_is_not(work_folder):
    work = planned(work_folder)
    out = work_folder / "out"
    answered = {"coarse": Reply("positive or", truncated=True)}
    run_all(work, out, mock(script=lambda r: next((a for text, a in answered.items() if text in r.text), None)))
    run = open_run(out)
    unread = run.answers["casme3_test_CAS-1_1"]
    assert (unread.text, unread.unusable, unread.truncated, unread.raw) == ("", "truncated", True, "positive or")
    assert remaining(work, run.answers) == {}
    failed = {**run.answers, unread.question_id: Answer(unread.question_id, "", error="out of memory")}
    assert list(remaining(work, failed)) == ["CAS-1"]


def test_eval_counts_the_clips_without_motion(work_folder, capsys):
    Image.new("RGB", (28, 28), (7, 7, 7)).save(work_folder / "maps" / "CAS-2.png")
    work = planned(work_folder)
    fingerprint = run_fingerprint(work, mock(), PROMPTS, VIEW_CONFIG, consistency=True, settings={})
    with begin(work, work_folder / "out", fingerprint) as log:
        list(answer(work, log, mock(), PROMPTS, VIEW_CONFIG))
    print_run(run_of(work, log))
    printed = capsys.readouterr().out
    assert "1 of 3 clips show no motion (CAS-2): their answers have the confidence of the data set's prior" in printed
    assert "warning (2 questions): no motion to see: the ready-made picture is uniform" in printed


def test_eval_says_which_questions_are_not_in_the_run_and_counts_replies_in_words(work_folder, capsys):
    work = planned(work_folder)
    fingerprint = run_fingerprint(work, mock(), PROMPTS, VIEW_CONFIG, consistency=True, settings={})
    with begin(work, work_folder / "out", fingerprint) as log:
        list(answer(work, log, mock(), PROMPTS, VIEW_CONFIG))
    names = list(log.answers)
    del log.answers[names[0]]
    log.answers[names[1]] = Answer(names[1], "", error="ambiguous", unusable="ambiguous")
    assert print_run(run_of(work, log)) == 1
    printed = capsys.readouterr().out
    assert "1 question is not in the run: the same command goes on with it" in printed
    assert "1 reply could not be used (several answers were given: 1)." in printed


def test_a_prior_that_finds_no_probabilities_to_change_is_reported(work_folder, capsys):
    work = planned(work_folder)
    fingerprint = run_fingerprint(work, mock(), PROMPTS, VIEW_CONFIG, consistency=True, settings={"prior": {}})
    with begin(work, work_folder / "out", fingerprint) as log:
        list(answer(work, log, mock(), PROMPTS, VIEW_CONFIG))
    print_run(run_of(work, log))
    assert "--prior changed nothing" not in capsys.readouterr().out
    name, with_options = next((name, logged) for name, logged in log.answers.items() if logged.options)
    log.answers[name] = replace(with_options, options=None)
    print_run(run_of(work, log))
    assert "--prior changed nothing in 1 of 3 answers about classes" in capsys.readouterr().out


def test_a_run_with_other_rules_for_key_frames_or_other_numbers_is_refused(work_folder, monkeypatch):
    work = planned(work_folder)
    run_all(work, work_folder / "out", mock(), steps=1)
    monkeypatch.setattr("mevqa.inference.fingerprint.KEY_FRAME_RULES", 1)
    with pytest.raises(InputError, match="key_frames"):
        run_all(work, work_folder / "out", mock())


def test_how_folders_are_numbered_is_recorded_and_decides(tmp_path, work_folder):
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,onset,apex,offset\n" + "".join(f"CAS-{n},,,\n" for n in (1, 2, 3)))
    usual = planned(work_folder, annotations=labels)
    anew = planned(work_folder, annotations=labels, numbers="recording")
    assert annotations_digest(anew) == f"{annotations_digest(usual)}:recording"
    assert Source.from_record(anew.sources[0].as_record()).numbers == "recording"
    # Runs of before have no such record.
    assert Source.from_record({"files": []}).numbers == "names"


def test_a_question_file_that_is_a_link_to_another_name_is_scored_too(work_folder):
    linked = work_folder / "me_vqa_casme3_test_to_answer.jsonl"
    linked.rename(work_folder / "blob")
    linked.symlink_to("blob")
    run = run_all(planned(work_folder), work_folder / "run", mock())
    problems = []
    assert [file.path for file in files_of_run(run, problems)] == [linked] and not problems


def test_a_probability_that_is_none_is_refused_with_the_file_it_stands_in(work_folder):
    question = replace(planned(work_folder).all_questions[0], reference="positive")
    answers = {question.id: Answer(question.id, "positive", options={"positive": -1.0})}
    with pytest.raises(InputError, match=r"answers\.jsonl: the option probabilities"):
        score_run([question], answers, log=work_folder / "answers.jsonl")
