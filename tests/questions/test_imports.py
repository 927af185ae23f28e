"""What the question package may import."""

import re
from pathlib import Path

import mevqa.questions

_OTHERS = {"vqa", "models", "data", "scoring", "report", "training", "spotting", "video", "cli"}


def test_questions_import_no_package_that_is_built_on_them():
    folder = Path(mevqa.questions.__file__).parent
    imported = {
        (path.name, package)
        for path in folder.rglob("*.py")
        for package in re.findall(r"^\s*(?:from|import) mevqa\.(\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert imported
    assert {one for one in imported if one[1] in _OTHERS} == set()
