"""The README promises only what the command line knows."""

import re
import shlex
from pathlib import Path

import pytest

from mevqa.cli import COMMANDS, build_parser

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
#: Printed messages begin with "mevqa COMMAND:", tables with several spaces.
LINES = re.findall(r"^    (?:\$ )?mevqa (\w+ (?!:).+)$", TEXT.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_parses(line):
    words = shlex.split(line, comments=True)
    assert build_parser().parse_args(words).command == words[0]


def test_every_command_has_its_section():
    missing = [name for name in COMMANDS if name != "demo" and f"## mevqa {name}" not in TEXT]
    assert missing == []


def test_every_link_and_picture_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
