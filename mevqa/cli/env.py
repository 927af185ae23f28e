"""Print versions, devices and the models found on this machine: what one pastes into a bug report."""

from __future__ import annotations

import argparse

HELP = "versions, devices, models found"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa env``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    raise NotImplementedError
