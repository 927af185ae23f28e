"""``-q`` and ``-v`` of every command."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mevqa.terminal.verbosity import hidden_progress, logged_steps

_log = logging.getLogger(__name__)


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add ``-q`` and ``-v`` to a parser and to those of all its commands, so that they may stand anywhere."""
    commands = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in commands:
        for command in action.choices.values():
            add_verbosity(command)
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print results, warnings and errors alone: no progress, no notes",
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=argparse.SUPPRESS,
        help="also log the steps of the library to standard error",
    )


@contextmanager
def chosen_verbosity(args: argparse.Namespace) -> Iterator[None]:
    """Print as much, while a command runs, as ``-q`` or ``-v`` asks for.

    Args:
        args: The parsed command line; without either option nothing changes.
    """
    with ExitStack() as stack:
        if getattr(args, "quiet", False):
            stack.enter_context(hidden_progress())
        if getattr(args, "verbose", False):
            stack.enter_context(logged_steps())
            _log.debug("mevqa %s: %s", args.command, {k: v for k, v in vars(args).items() if _is_set(k, v)})
        yield


def _is_set(name: str, value: object) -> bool:
    return name not in ("run", "parser", "work", "measure", "command", "verbose") and value not in (None, False, [], ())
