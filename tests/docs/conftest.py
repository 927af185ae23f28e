"""Fixture of the tests of documents: the output of `mevqa demo`, made once for all pages."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from page_runner import alone, demo_commands, run_command  # noqa: E402


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """The folder that all processes of the tests share, with the demo in it and what it printed, command by command."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "documents"
    shared.mkdir(exist_ok=True)
    with alone(shared / "lock"):
        if not (shared / "demo.json").exists():
            printed = {}
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MEVQA_VIEWS", str(shared / "views"))
                for command in demo_commands():
                    code, printed[command.line] = run_command(command, shared)
                    assert code == 0, printed
            (shared / "demo.json").write_text(json.dumps(printed), encoding="utf-8")
    return shared
