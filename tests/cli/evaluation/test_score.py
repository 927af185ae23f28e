import json

import pytest

from mevqa.cli import main

QUESTION = "What is the coarse expression class?"


@pytest.fixture
def write(tmp_path):
    def file(name, answers):
        rows = [
            {"video_id": f"samm_test_S-{n}_1", "video": f"S-{n}", "question": QUESTION, "answer": answer}
            for n, answer in enumerate(answers)
        ]
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return file


def test_the_scores_are_printed_with_their_switches_intervals_and_baselines(write, capsys):
    answers = write("p.jsonl", ["negative", "who knows", "positive"])
    assert main(["score", answers, write("r.jsonl", ["negative", "negative", "positive"]), "--draws", "20"]) == 0
    printed = capsys.readouterr().out
    assert "classes (preset megc2026-vqa, answers read, missing wrong, classes reference)" in printed
    assert "drawn by clip, 20 draws, seed 0" in printed
    assert "0.667 [" in printed and "majority" in printed and "chance" in printed
    assert "unreadable: samm_test_S-1_1 (coarse): 'who knows'" in printed


def test_the_json_has_metrics_intervals_and_protocol(write, tmp_path, capsys):
    path = write("r.jsonl", ["negative", "positive"])
    out = tmp_path / "scores.json"
    assert main(["score", path, path, "--json", str(out), "--by", "dataset", "--draws", "20"]) == 0
    content = json.loads(out.read_text())
    assert content["metrics"]["coarse.uf1"] == 1
    assert content["protocol"]["classes"] == "reference"
    assert content["groups"]["dataset"]["samm"]["metrics"]["coarse.uf1"] == 1
    capsys.readouterr()
    assert main(["score", path, path, "--json", "-", "--draws", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == content["metrics"]


def test_two_sets_of_answers_are_compared(write, capsys):
    reference = write("r.jsonl", ["negative"] * 6)
    poor, good = write("a.jsonl", ["positive"] * 6), write("b.jsonl", ["negative"] * 6)
    assert main(["score", poor, good, reference, "--paired", "--draws", "50"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("coarse.accuracy"))
    assert row.split() == ["coarse.accuracy", "0.000", "1.000", "1.000", "[1.000,", "1.000]", "0.039", "yes"]


def test_a_table_that_is_neither_events_nor_answers_is_named_as_such(write, tmp_path, capsys):
    table = tmp_path / "p.csv"
    table.write_text("samm_test_S-0_1,negative\nsamm_test_S-1_1,negative\n")
    assert main(["score", str(table), write("r.jsonl", ["negative"] * 2)]) == 2
    printed = capsys.readouterr().err
    assert "p.csv: has no header that is known" in printed and "columns id and answer" in printed


def test_detected_events_are_scored_too(tmp_path, capsys):
    events = tmp_path / "events.csv"
    events.write_text("subject,video,onset,offset,fps\ns1,a,10,30,200\ns2,b,5,25,200\n")
    assert main(["score", str(events), str(events), "--draws", "20", "--by", "video"]) == 0
    printed = capsys.readouterr().out
    assert "preset strict" in printed and "by video" in printed
    overall = next(line for line in printed.splitlines() if line.startswith("overall"))
    assert overall.split()[:5] == ["overall", "2", "2", "2", "1.000"]


@pytest.mark.parametrize("form", ["--markdown", "--latex"])
def test_the_table_for_a_paper_names_the_preset(write, capsys, form):
    path = write("r.jsonl", ["negative", "positive"])
    assert main(["score", path, path, form, "--draws", "0"]) == 0
    assert "megc2026-vqa" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "name a RUN"),
        (["nothing.jsonl"], "no such file"),
        (["{path}"], "is not a run"),
        (["{path}", "{path}", "{path}"], "go with --paired"),
        (["{path}", "{path}", "--preset", "megc2026-vga"], "did you mean 'megc2026-vqa'"),
        (["{path}", "{path}", "--fps", "30"], "goes with files of events"),
        (["{path}", "--paired"], "--paired compares two"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(write, capsys, arguments, message):
    path = write("r.jsonl", ["negative"])
    assert main(["score", *(argument.format(path=path) for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and not captured.out


def test_the_score_explains_itself(capsys):
    assert main(["score", "--presets", "--keys", "--cases"]) == 0
    printed = capsys.readouterr().out
    closed = "{coarse,fine,presence,side,shown,type,event_presence,order}"
    for word in ("megc2025-hfips", "strict", f"{closed}.uf1", "positive or negative"):
        assert word in printed
