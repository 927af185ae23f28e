"""The command line: one small module a command, imported without torch so that ``--help`` is immediate."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from mevqa.errors import MevqaError

#: Command modules in the order of ``mevqa --help``; each has ``HELP``, ``configure(parser)`` and ``run(args)``.
COMMANDS = (
    *(
        "demo",
        "ask",
        "spot",
        "str",
        "check",
        "eval",
        "score",
        "report",
        "submit",
        "convert",
        "finetune",
        "loso",
        "merge",
    ),
    *("sample", "synth", "bench", "env"),
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    from mevqa import __version__

    parser = argparse.ArgumentParser(
        prog="mevqa", description="Ask vision-language models about facial micro-expressions in video."
    )
    parser.add_argument("--version", action="version", version=f"mevqa {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"mevqa.cli.{name}")
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub)
        sub.set_defaults(run=module.run)
    return parser


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; key=value may also stand behind options, which argparse alone does not allow."""
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    strangers = [word for word in rest if word.startswith("-") or "=" not in word or not hasattr(args, "overrides")]
    if strangers:
        parser.error(f"unrecognized arguments: {' '.join(strangers)}")
    if rest:
        args.overrides = [*args.overrides, *rest]
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 the input was wrong, 130 interrupted."""
    args = _parse(argv)
    try:
        return int(args.run(args))
    except MevqaError as error:
        print(f"mevqa {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"mevqa {args.command}: interrupted; run the same command again to continue", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
