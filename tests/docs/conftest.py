"""What the tests of the documents share: the reader of blocks, and one demo for all pages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from page_runner import DEMO, alone, run_command  # noqa: E402


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """The folder that all processes of the tests share, with the demo in it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "documents"
    shared.mkdir(exist_ok=True)
    with alone(shared / "lock"):
        if not (shared / "demo.txt").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MEVQA_VIEWS", str(shared / "views"))
                code, printed = run_command(DEMO, shared)
            assert code == 0, printed
            (shared / "demo.txt").write_text(printed, encoding="utf-8")
    return shared
