"""``--json FILE`` of every command that has results to give as data."""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.parser import Parser


def add_json(parser: argparse.ArgumentParser, what: str, *, was_flag: bool = False) -> None:
    """Add ``--json FILE``.

    Args:
        parser: The command's parser.
        what: What is written.
        was_flag: Whether the option once took no file; without one it still prints, with a warning.
    """
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help=f"write {what} as JSON; -: to the standard output, in place of what is printed",
    )
    if was_flag and isinstance(parser, Parser):
        parser.bare_json = True


def put_json(target: Path | None, text: str) -> bool:
    """Write JSON where ``--json`` says.

    Args:
        target: The value of the option; None: nowhere.
        text: The JSON.

    Returns:
        Whether it went to the standard output, on which nothing else may then be printed.

    Raises:
        InputError: The file cannot be written, or another process writes it.
    """
    if target is None:
        return False
    text = text.rstrip("\n") + "\n"
    if str(target) == "-":
        print(text, end="")
        return True
    from mevqa.files.lock import hold_file
    from mevqa.files.whole import write_whole

    with hold_file(target):
        write_whole(target, text)
    return False
