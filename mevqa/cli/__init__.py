"""The command line: one small module a command, imported without torch so that ``--help`` is immediate."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from mevqa.cli.parser import Parser
from mevqa.cli.streams import usable_streams
from mevqa.cli.values import dataset_file
from mevqa.cli.verbosity import add_verbosity, chosen_verbosity
from mevqa.errors import MevqaError, errors_name_options
from mevqa.files.system_errors import as_system_error, problem_of
from mevqa.signals import INTERRUPTED, TERMINATED, Terminated, exit_on_sigterm

#: The commands in the order of ``mevqa --help`` and the folders of their modules; each module has ``HELP``,
#: ``configure(parser)`` and ``run(args)``.
_FOLDERS = {
    "demo": "evaluation",
    "ask": "videos",
    "spot": "videos",
    "str": "videos",
    "app": "tools",
    "features": "videos",
    "check": "datasets",
    "prepare": "datasets",
    "eval": "evaluation",
    "ensemble": "evaluation",
    "score": "evaluation",
    "report": "evaluation",
    "submit": "evaluation",
    "convert": "datasets",
    "export": "datasets",
    "import": "datasets",
    "describe": "datasets",
    "finetune": "training",
    "loso": "training",
    "merge": "training",
    "physiology": "videos",
    "sample": "tools",
    "synth": "tools",
    "bench": "tools",
    "list": "tools",
    "env": "tools",
    "completion": "tools",
}
COMMANDS = tuple(_FOLDERS)


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    from mevqa import __version__

    parser = Parser(prog="mevqa", description="Ask vision-language models about facial micro-expressions in video.")
    parser.add_argument("--version", action="version", version=f"mevqa {__version__}")
    parser.add_argument(
        "--dataset-file",
        type=dataset_file,
        action="append",
        metavar="FILE.yaml",
        help="make a data set of your own known to the command behind it (examples/own_dataset.yaml)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, folder in _FOLDERS.items():
        module = importlib.import_module(f"mevqa.cli.{folder}.{name}")
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub)
        sub.set_defaults(run=module.run, parser=sub)
    add_verbosity(parser)
    return parser


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; key=value may also stand behind options, which argparse alone does not allow."""
    args, extra_words = build_parser().parse_known_args(argv)
    takes_settings = hasattr(args, "overrides")
    unknown_words = [word for word in extra_words if not (takes_settings and "=" in word)]
    if unknown_words:
        also = "; settings are key=value" if takes_settings else ""
        args.parser.error(f"cannot use {', '.join(map(repr, unknown_words))}: one word too many{also}")
    if extra_words:
        args.overrides = [*args.overrides, *extra_words]
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 the input was wrong, 130 interrupted, 143 terminated."""
    # peft and accelerate import it, and on import it says that it knows no faster 4-bit kernel for this processor.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    with usable_streams():
        return _run(argv)


def _check_working_folder() -> None:
    try:
        os.getcwd()
    except OSError:
        raise MevqaError("the folder that it is started in is gone; change to another (cd)") from None


def _run_command(args: argparse.Namespace) -> int:
    """Run the command; with ``--follow-links`` media may be links out of their folder."""
    if not getattr(args, "follow_links", False):
        return int(args.run(args))
    from mevqa.data.layouts import links_followed

    with links_followed():
        return int(args.run(args))


def _run(argv: Sequence[str] | None) -> int:
    """Parse and run a command, and print an error as one line; return the exit code."""
    name = "mevqa"
    try:
        with exit_on_sigterm(), errors_name_options():
            try:
                args = _parse(argv)
                name = str(args.parser.prog)
                _check_working_folder()
                with chosen_verbosity(args):
                    return _run_command(args)
            finally:
                sys.stdout.flush()  # Output that cannot be written is an error here, and not of Python as it ends.
    except MevqaError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: interrupted; run the same command again to continue", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print(f"{name}: terminated; run the same command again to continue", file=sys.stderr)
        return TERMINATED
    except BrokenPipeError:
        return 0
    except Exception as error:
        if (system_error := as_system_error(error)) is None:
            raise
        print(f"{name}: {problem_of(system_error)}", file=sys.stderr)
        return 2
