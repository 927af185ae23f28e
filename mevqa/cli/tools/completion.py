r"""Print a script with which a shell completes commands, options, files and the names that options take.

The script holds the names of today; print it again after an update, or after a model or a data set was added.

Examples:
  mevqa completion bash --out ~/.local/share/bash-completion/completions/mevqa
  mevqa completion zsh --out ~/.zfunc/_mevqa                                       (~/.zfunc in fpath before compinit)
  mevqa completion fish --out ~/.config/fish/completions/mevqa.fish
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HELP = "a script for completion in bash, zsh or fish"

SHELLS = ("bash", "zsh", "fish")

#: Lists of ``mevqa list`` by the options and arguments that take their names.
_LISTS = {
    "--compare": "models",
    "--dataset": "datasets",
    "--decoder": "decoders",
    "--model": "models",
    "--preset": "presets",
    "--recipe": "recipes",
    "--sampler": "samplers",
    "--spotter": "spotters",
    "--suite": "suites",
    "--views": "views",
    "RECIPE": "recipes",
}
#: Lists whose options take files or folders too.
_ALSO_FILES = {"models", "recipes", "datasets", "suites"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mevqa completion``."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the script (default: print it)")


def run(args: argparse.Namespace) -> int:
    """Print the script, or write it."""
    script = completion_script(args.shell)
    if args.out is None:
        print(script)
        return 0
    from mevqa.files.whole import make_folder, write_whole

    make_folder(args.out.parent)
    write_whole(args.out, script + "\n")
    return 0


def completion_script(shell: str) -> str:
    """Return the script for one of ``SHELLS``."""
    import shtab

    from mevqa.cli import build_parser

    parser = build_parser()
    for action in _actions(parser):
        _say_values(action, shtab)
    return str(shtab.complete(parser, shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every option and argument of a command line."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def _say_values(action: argparse.Action, shtab: Any) -> None:
    """Tell shtab which names, files or folders an option takes."""
    if action.choices is not None or action.nargs == 0:
        return
    name = _LISTS.get(action.option_strings[0] if action.option_strings else str(action.metavar))
    if name is not None:
        files = list(shtab.Required.FILE) if name in _ALSO_FILES else []
        action.choices = [*_names(name), *files]
    elif action.type is Path or getattr(action.type, "__name__", "") == "media":
        setattr(action, "complete", shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE)  # noqa: B010


def _names(what: str) -> list[str]:
    """Return the names of a list that can be written as they are."""
    from mevqa.api.listing import available

    return [name for name in available(what) if what == "recipes" or not any(mark in name for mark in ": /")]
