"""Hooks of MkDocs: files of the repository as pages, and blocks that are not run named.

Links of the documents lead to files of the repository as they stand on a disk (``../../examples/own_model.py``). The
site is one folder without the repository: each linked file becomes a page of its own, Markdown as it is and code in a
block, notebooks as text and code, so that every link works there too.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from blocks import RUN, read_blocks  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: Files of the repository stand below this folder of the site.
BELOW = "repository"
_LINK = re.compile(r"(?P<open>\]\()(?P<target>[^)#\s:]+)(?P<rest>(?:#[^)\s]*)?\))")
_CODE = re.compile(r"```.*?^ *```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_PICTURES = (".png", ".jpg", ".svg")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".jsonl": "json", ".toml": "toml", ".cff": "yaml"}
_NOT_RUN = re.compile(r"^ *<!-- not run: (.+?) -->$", re.MULTILINE)
_LISTING = "<!-- list of what is not run -->"


def _place(source: Path) -> str:
    """The place in the site's documents of a file of the repository."""
    path = source.relative_to(ROOT).as_posix()
    if source.is_dir():
        return f"{BELOW}/{path}/folder.md"
    return f"{BELOW}/{path}" if source.suffix in (".md", *_PICTURES) else f"{BELOW}/{path}.md"


def _linked(text: str, folder: Path) -> dict[str, Path]:
    """Targets of links that lead to files of the repository outside the documents."""
    targets = {}
    for link in _LINK.finditer(_CODE.sub("", text)):
        path = (folder / link["target"]).resolve()
        if path.exists() and ROOT in path.parents and DOCS not in path.parents:
            targets[link["target"]] = path
    return targets


def _block(code: str) -> str:
    return f"```python\n{code}\n```"


def _content(source: Path) -> str:
    """The page of a file of the repository: Markdown as it is, other text in a block, a folder as a list."""
    if source.is_dir():
        names = sorted(path.name for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
        return f"# {source.relative_to(ROOT).as_posix()}/\n\n" + "\n".join(f"- [{name}]({name})" for name in names)
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".md":
        return text
    if source.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return "\n\n".join(
            "".join(cell["source"]) if cell["cell_type"] == "markdown" else _block("".join(cell["source"]))
            for cell in cells
        )
    return f"# {source.relative_to(ROOT).as_posix()}\n\n````{_LANGUAGES.get(source.suffix, 'text')}\n{text}````\n"


def on_files(files: Any, config: Any) -> Any:
    """Add the files of the repository that the documents link to, and those that these link to."""
    from mkdocs.structure.files import File

    texts = [(Path(file.abs_src_path).read_text(encoding="utf-8"), Path(file.abs_src_path).parent)
             for file in files.documentation_pages()]  # fmt: skip
    texts.append(((ROOT / "README.md").read_text(encoding="utf-8"), ROOT))
    while texts:
        text, folder = texts.pop()
        for source in _linked(text, folder).values():
            place = _place(source)
            if files.get_file_from_path(place):
                continue
            if source.suffix in _PICTURES:
                files.append(File.generated(config, place, abs_src_path=str(source)))
                continue
            content = _content(source)
            files.append(File.generated(config, place, content=content))
            if source.is_dir() or source.suffix in (".md", ".ipynb"):
                texts.append((content, source if source.is_dir() else source.parent))
    return files


def _origin(place: str) -> Path:
    """The folder of the file in the repository that a page was made of."""
    parts = Path(place)
    return (ROOT / parts.relative_to(BELOW)).parent if parts.parts[0] == BELOW else (DOCS / parts).parent


def on_page_markdown(markdown: str, *, page: Any, files: Any, **_: Any) -> str:
    """Point links to files of the repository at their pages, and say which blocks the tests do not run."""
    place = page.file.src_uri
    folder = _origin(place)
    linked = _linked(markdown, folder)
    kept: list[str] = []

    def keep(code: re.Match[str]) -> str:
        kept.append(code[0])
        return f"\0{len(kept) - 1}\0"

    def point(link: re.Match[str]) -> str:
        source = linked.get(link["target"])
        if source is None and place.startswith(f"{BELOW}/"):
            source = (folder / link["target"]).resolve()
            if DOCS in source.parents:
                goal = source.relative_to(DOCS).as_posix()
                return f"{link['open']}{os.path.relpath(goal, Path(place).parent)}{link['rest']}"
        if source is None or not source.exists():
            return link[0]
        goal = os.path.relpath(_place(source), Path(place).parent).replace(os.sep, "/")
        return f"{link['open']}{goal}{link['rest']}"

    text = _LINK.sub(point, _CODE.sub(keep, markdown))
    text = re.sub(r"\0(\d+)\0", lambda number: kept[int(number[1])], text)
    text = text.replace(_LISTING, _listing(place) if _LISTING in text else "")
    return _NOT_RUN.sub(r'<p class="not-run">Not run by the tests: \1.</p>\n', text)


def _listing(place: str) -> str:
    """A table of the pages with blocks that the tests do not run, by reason."""
    rows = ["| page | blocks | not run | why |", "| --- | ---: | ---: | --- |"]
    total = [0, 0]
    for path in sorted(DOCS.rglob("*.md")):
        blocks = [block for block in read_blocks(path.read_text(encoding="utf-8")) if block.language in RUN]
        left = [block for block in blocks if block.not_run]
        total = [total[0] + len(blocks), total[1] + len(left)]
        if left:
            link = os.path.relpath(path, (DOCS / place).parent).replace(os.sep, "/")
            why = "; ".join(dict.fromkeys(block.not_run or "" for block in left))
            rows.append(f"| [{path.relative_to(DOCS).with_suffix('').as_posix()}]({link}) "
                        f"| {len(blocks)} | {len(left)} | {why} |")  # fmt: skip
    return "\n".join([*rows, f"| all pages | {total[0]} | {total[1]} | |"])
