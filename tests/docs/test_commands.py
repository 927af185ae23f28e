"""The documents name only commands, options and files that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mevqa.cli import build_parser

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
#: Commands at the beginning of a line, in a block: indented, or between fences.
COMMAND = re.compile(r"^(?:    (?:\$ )?)?((?:\w+=\S+ )*mevqa (?!:)\w+ .+)$", re.MULTILINE)


def commands():
    for name, text in PAGES.items():
        joined = text.replace("\\\n", " ")
        for block in re.findall(r"^```bash\n(.+?)^```$", joined, re.MULTILINE | re.DOTALL) + [joined]:
            indented = block is joined
            for line in COMMAND.findall(block):
                if not indented or f"    {line}" in joined or f"    $ {line}" in joined:
                    yield name, line


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_every_command_parses(page, line):
    words = [word for word in shlex.split(line, comments=True) if not re.fullmatch(r"[A-Z_]+=\S+", word)]
    assert build_parser().parse_args(words[1:]).command == words[1]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", PAGES[page]):
        if "://" not in target:
            assert (DOCS / target).exists(), target
