import json

import pytest

from mevqa.cli import main
from mevqa.inference.runs import start_run
from mevqa.types import Answer


@pytest.fixture
def run(tmp_path):
    row = {"id": "q1", "dataset": "casme2", "image_id": "c1", "subject": "s", "filename": "c1"}
    row |= {"question": "What is the coarse expression class?", "answer": "negative"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    facts = {"question_files": [str(tmp_path / "questions.jsonl")]}
    with start_run(tmp_path / "run", {"media": {"c1": ""}}, facts) as log:
        log.append([Answer("q1", "negative")])
    return tmp_path / "run"


def test_the_folder_of_the_page_is_printed(run, tmp_path, capsys):
    assert main(["report", str(run), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert str(tmp_path / "out" / "index.html") in printed
    assert "1 clips, 1 questions" in printed


def test_unusable_paths_are_one_line(run, tmp_path, capsys):
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "is not a run" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["report", str(run), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be made: Not a directory; a part of its path is a file" in capsys.readouterr().err
    assert main(["report", str(run), "--out", str(tmp_path / "o"), "--events", str(tmp_path / "none.csv")]) == 2
    assert "is no file" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999", "1.5", "9" * 5000])
@pytest.mark.parametrize(
    "command", [["report", "run", "--out", "page"], ["eval", "q.jsonl", "--out", "run"], ["demo"], ["bench", "spot"]]
)
def test_a_seed_that_no_generator_takes_is_one_line(command, seed, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--seed", seed])
    assert "--seed" in (message := capsys.readouterr().err) and "0 to 4294967295" in message
