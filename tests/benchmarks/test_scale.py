import json

import pytest

from mevqa.benchmarks import scale
from mevqa.benchmarks.scale import measure_scale
from mevqa.cli import main


@pytest.mark.slow
def test_every_command_of_the_scale_benchmark_ends_well(tmp_path):
    costs = list(measure_scale(tmp_path, 4))
    assert [cost.command for cost in costs if cost.code] == []
    assert all(cost.seconds > 0 and cost.peak_mb > 1 for cost in costs)
    assert [cost.command for cost in costs if cost.largest_page_mb] == ["report"]
    assert len((tmp_path / "run" / "answers.jsonl").read_text().splitlines()) == 20


@pytest.mark.parametrize("each", [1, 2, 5])
def test_clips_have_as_many_questions_as_asked_and_all_kinds_occur(each, tmp_path):
    file = tmp_path / "q.jsonl"
    scale._write_questions(file, tmp_path / "maps", 10, each, 0)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["image_id"] for row in rows] == [f"clip{clip:06d}" for clip in range(10) for _ in range(each)]
    assert len({row["id"] for row in rows}) == 10 * each
    kinds = [text for row in rows if "Is the action unit" not in (text := row["question"])]
    assert len(set(kinds)) == 4 and len(rows) - len(kinds) == 2 * each
    assert len(list((tmp_path / "maps").iterdir())) == 10


def test_the_number_of_answers_may_be_given_as_before(monkeypatch, capsys):
    sizes = []
    monkeypatch.setattr(scale, "measure_scale", lambda folder, *size: sizes.append(size) or [])
    assert main(["bench", "scale", "--answers", "23", "--json", "-"]) == 0
    assert capsys.readouterr().err == "warning: --answers is now called --clips; here: --clips 5\n"
    assert main(["bench", "scale", "--clips", "7", "--questions-per-clip", "1", "--json", "-"]) == 0
    assert sizes == [(5, 5), (7, 1)]
    for words in (["--clips", "7", "--answers", "7"], ["--questions-per-clip", "6"]):
        with pytest.raises(SystemExit, match="2"):
            main(["bench", "scale", *words])
    errors = capsys.readouterr().err.splitlines()
    assert "--answers: not allowed with --clips" in errors[0]
    assert "--questions-per-clip: must be at most 5, not 6" in errors[1]
