"""Readers that go away: every command with its output cut after a line, and with it closed from the start."""

from __future__ import annotations

from tests.torture.attempts import Attempt, Campaign
from tests.torture.judge import faults
from tests.torture.running import process

#: A shell that runs the words behind it with its output cut after a line, and closed.
_CUT = ("bash", "-c", 'set -o pipefail; "$0" -m mevqa "$@" | head -1')


def _help(attempt: Attempt) -> list[str]:
    import sys

    return faults(process(["--help"], program=(*_CUT, sys.executable)))


CAMPAIGNS = (Campaign("pipes/help", "`| head -1`", _help, 3, 1),)
