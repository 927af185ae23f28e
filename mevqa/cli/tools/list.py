"""List what can be named on the command line and in Python, with a sentence about each.

Examples:
  mevqa list spotters
  mevqa list recipes --json recipes.json
"""

from __future__ import annotations

import argparse
import json

from mevqa.api.listing import LISTS
from mevqa.cli.json_output import add_json, put_json

HELP = "what can be named: models, recipes, views, presets, suites, ..."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa list``."""
    parser.add_argument("what", choices=tuple(LISTS), metavar="WHAT", help=", ".join(LISTS))
    add_json(parser, "names and sentences")


def run(args: argparse.Namespace) -> int:
    """Print the list, or write it."""
    from mevqa.api.listing import available

    entries = available(args.what)
    if put_json(args.json, json.dumps(entries, indent=1, ensure_ascii=False)):
        return 0
    width = max(map(len, entries))
    for name, sentence in entries.items():
        print(f"{name:<{width}}  {sentence}".rstrip())
    return 0
