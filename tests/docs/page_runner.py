"""Runs what a page of the documents shows, block after block in one folder, and compares what is printed.

A line is compared by its form: numbers, bars and runs of blanks or dashes are alike. ``...`` stands for any lines. What
is decided by files alone, as of ``check`` and ``convert``, is compared to the letter where the page's inputs are the
tests'. To put what is printed today into a page, look at it, and commit it: ``MEVQA_DEMO=DIR python
tests/docs/page_runner.py PAGE``, where DIR holds the ``demo-output`` of a whole `mevqa demo`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs" / "hooks"))

from blocks import RUN, Block, Command, read_blocks  # noqa: E402

from mevqa.cli import main  # noqa: E402

#: The page that shows what `mevqa demo` prints.
DEMO_PAGE = ROOT / "docs" / "start" / "install.md"
#: Programs beside mevqa and Python that a page may use.
_SHELL = ("head", "cat", "ls")
_PROGRESS = re.compile(r"^(\S.*: )?\w+ \d+/\d+(,.*)?$|.* left$|.*: epoch \d+ of \d+$|.*: \d+ of \d+ clips measured$")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(\d[\d,]*(\.\d+)?|\.\d+)(e-?\d+)?(?![\w.]*\w@)|█+")


def run_command(command: Command, folder: Path) -> tuple[int, str]:
    """Exit code of a command that runs in a folder, and what it printed, without progress."""
    words = command.words
    printed = io.StringIO()
    with _inside(folder, command.variables), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        if words[0] == "mevqa":
            code = main(words[1:])
        elif words[0] == "python" and words[1].startswith("examples/"):
            code = _run_example(words[1:])
        elif words[0] in _SHELL:
            process = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            code = process.returncode
            printed.write(process.stdout + process.stderr)
        else:
            raise AssertionError(f"the tests cannot run {words[0]!r}: say so above the block (<!-- not run: why -->)")
    lines = [line.rstrip() for line in printed.getvalue().replace("\r", "\n").splitlines()]
    return code, "\n".join(line for line in lines if not _PROGRESS.fullmatch(line)).strip("\n")


def demo_commands() -> list[Command]:
    """The commands that `mevqa demo` runs and prints, without the report, which its own page makes."""
    blocks = read_blocks(DEMO_PAGE.read_text(encoding="utf-8"))
    commands = next(block.commands for block in blocks if block.body.startswith("$ mevqa demo\n"))
    return [command for command in commands if command.words[1] not in ("demo", "report")]


@contextlib.contextmanager
def alone(lock: Path):
    """Keep the other processes of the tests out; the lock is a folder, which only one can make."""
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.rmdir()


@contextlib.contextmanager
def _inside(folder: Path, variables: dict[str, str]):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        with contextlib.chdir(folder) if hasattr(contextlib, "chdir") else _chdir(folder):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@contextlib.contextmanager
def _chdir(folder: Path):
    """As contextlib.chdir, which Python 3.10 lacks."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run_example(words: list[str]) -> int:
    before = sys.argv
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name="__main__")
    finally:
        sys.argv = before
    return 0


def prepare(folder: Path, made_once: Path) -> None:
    """Put the demo and the files of the repository that pages name into a page's folder."""
    shutil.copytree(made_once / "demo-output", folder / "demo-output")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__", "*.jpg"))


def run_page(text: str, folder: Path, made_once: Path | None = None) -> list[tuple[Block, Command | None, str]]:
    """Run the blocks of a page in order: each with its command, None for Python, and what was printed.

    Synthetic clips are made once for all pages that make the same ones, below ``made_once``.
    """
    results: list[tuple[Block, Command | None, str]] = []
    names: dict = {}
    for block in read_blocks(text):
        if block.not_run or block.language not in RUN:
            continue
        if block.language == "python":
            printed = io.StringIO()
            with _inside(folder, {}), contextlib.redirect_stdout(printed):
                exec(compile(block.body, f"block of line {block.line}", "exec"), names)
            results.append((block, None, printed.getvalue().strip("\n")))
            continue
        for command in block.commands:
            synthetic = made_once and command.words[:2] == ["mevqa", "synth"]
            code, output = _synthetic(command, folder, made_once) if synthetic else run_command(command, folder)
            assert code == _exit_code(command), f"line {block.line}: {command.line}\nended with {code}\n{output}"
            results.append((block, command, output))
    return results


def _exit_code(command: Command) -> int:
    """The exit code that a command is shown to end with: 2 for a mistake, 1 where questions stay without an answer."""
    if any(re.match(r"mevqa \w+: ", line) for line in command.shown):
        return 2
    return int(any(line.startswith("no answer ") for line in command.shown))


def _synthetic(command: Command, folder: Path, made_once: Path) -> tuple[int, str]:
    """Run `mevqa synth`, or copy its output where the same command ran before."""
    stored = made_once / "synthetic" / hashlib.sha256(command.line.encode()).hexdigest()[:12]
    with alone(made_once / "lock-of-synthetic"):
        if not (stored / "printed.txt").exists():
            stored.mkdir(parents=True, exist_ok=True)
            code, output = run_command(command, stored)
            assert code == 0, output
            (stored / "printed.txt").write_text(output, encoding="utf-8")
    name = command.words[2]
    shutil.copytree(stored / name, folder / name)
    return 0, (stored / "printed.txt").read_text(encoding="utf-8")


def form(line: str) -> str:
    """Normalise a line for comparison: numbers become 0, bars and runs of spaces one space."""
    return re.sub(r"[\s-]+", " ", _NUMBER.sub("0", line)).strip()


def differences(shown: list[str], printed: list[str]) -> list[str]:
    """Lines that a page shows and that were not printed in this order; ``...`` stands for any lines."""
    wanted, lines = ([line for line in map(form, text) if line] for text in (shown, printed))
    missing, at, anywhere = [], 0, False
    for line in wanted:
        if line == "...":
            anywhere = True
            continue
        position = next((index for index in range(at, len(lines)) if lines[index] == line), None)
        if position is None or (not anywhere and position != at):
            missing.append(line)
            continue
        at, anywhere = position + 1, False
    if not anywhere and at < len(lines) and not missing:
        missing += [f"not shown: {line}" for line in lines[at:]]
    return missing


def _renewed(text: str, results: list[tuple[Block, Command | None, str]]) -> str:
    """The page with the current output below its commands; outputs with ``...`` keep as many lines before it."""
    for block in reversed(list({id(block): block for block, command, _ in results if command}.values())):
        if block.language != "console":
            continue
        body, outputs = block.body, {command.line: out for owner, command, out in results if owner is block and command}
        pieces = re.split(r"(?m)^(?=\$ )", body)
        for number, piece in enumerate(pieces):
            if not piece.startswith("$ "):
                continue
            typed = re.match(r"\$ (?:.*\\\n)*.*\n", piece)[0]
            line = re.sub(r"\s*\\\n\s*", " ", typed[2:]).strip()
            key = next(name for name in outputs if re.sub(r"\s+", " ", name) == re.sub(r"\s+", " ", line))
            shown = piece[len(typed) :].rstrip("\n").split("\n")
            lines = outputs[key].split("\n")
            dots = [index for index, shown_line in enumerate(shown) if shown_line.strip() == "..."]
            if dots:
                tail = len(shown) - dots[-1] - 1
                lines = [*lines[: dots[0]], shown[dots[0]], *(lines[-tail:] if tail else [])]
            gap = "\n" if piece.endswith("\n\n") else ""
            pieces[number] = typed + ("\n".join(lines) + "\n" if lines != [""] else "") + gap
        text = text[: block.start] + "".join(pieces) + text[block.end :]
    return text


if __name__ == "__main__":
    import tempfile

    demo = Path(os.environ["MEVQA_DEMO"])
    for page in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as temporary:
            prepare(Path(temporary), demo)
            text = page.read_text(encoding="utf-8")
            results = run_page(text, Path(temporary), demo)
            page.write_text(_renewed(text, results), encoding="utf-8")
        print(page, len(results), "commands and blocks of Python")
