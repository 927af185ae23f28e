"""The library block of the README runs as it is shown; what else the README and the documents hold is in tests/docs."""

import re
from pathlib import Path

from mevqa.synthetic import synthesise

ROOT = Path(__file__).parents[2]


def test_the_main_job_from_python_runs_as_it_is_shown(tmp_path, monkeypatch, capsys):
    [block] = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len([line for line in block.splitlines() if line]) <= 10
    assert block in (ROOT / "docs" / "python" / "library.md").read_text(encoding="utf-8")
    synthesise(tmp_path / "demo-output" / "data", clips=2, seed=5)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    assert "coarse" in capsys.readouterr().out
    made = ("runs/demo/answers.jsonl", "report/index.html", "submission/submission.zip")
    assert all((tmp_path / name).is_file() for name in made)
