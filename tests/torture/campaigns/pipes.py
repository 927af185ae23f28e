"""Readers that go away: every command with its output cut after a line, and with its streams closed from the start."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.torture.attempts import Attempt, Campaign
from tests.torture.jobs import JOBS, PATIENCE
from tests.torture.judge import faults
from tests.torture.running import process

#: How a shell runs the words behind it: with its output cut after a line or before one, or with streams closed.
_FORMS = {
    "| head -1": '"$@" | head -1',
    "| true": '"$@" | true',
    ">&-": '"$@" >&-',
    "2>&-": '"$@" 2>&-',
    "<&- >&- 2>&-": '"$@" <&- >&- 2>&-',
    "> /dev/full": '"$@" > /dev/full',
    "2> /dev/full": '"$@" 2> /dev/full',
}
_SHORT = "{data}/short/"
_QUESTIONS = f"{_SHORT}me_vqa_synthetic_test_to_answer.jsonl"
_REFERENCE = f"{_SHORT}me_vqa_synthetic_test_reference.jsonl"
_CLIP = f"{_SHORT}clip.mp4"
#: Commands besides those that do much work.
_LIGHT = (
    ("--help",),
    ("eval", "--help"),
    ("--version",),
    ("no-such-command",),
    ("score", "--presets"),
    ("score", "--cases"),
    ("score", "{data}/submission", _REFERENCE, "--json", "-"),
    ("check", _QUESTIONS, "--media", f"{_SHORT}clips"),
    ("check", _QUESTIONS),
    ("convert", _QUESTIONS, "out.json", "--to", "llava"),
    ("finetune", "nano", "--print"),
    ("loso", *JOBS["loso"].words[1:], "--list"),
    ("sample", _CLIP, "--out", "out"),
    ("ask", _CLIP, "What are the action units?"),
    ("env",),
)
_COMMANDS = (*_LIGHT, *(JOBS[name].words for name in ("spot", "report", "submit", "synth", "eval")))
_ALL = [(words, form) for form in _FORMS for words in _COMMANDS]


def _prepare(shared: Path) -> None:
    for name in ("spot", "submit", "report"):
        JOBS[name].prepare(shared)


def _closed(attempt: Attempt) -> list[str]:
    """Run one command with streams that are closed or full; in the full form each with each."""
    if attempt.number < len(_ALL):
        words, form = _ALL[(attempt.number * 37) % len(_ALL)]
    else:
        words, form = attempt.random.choice(_ALL)
    attempt.notes.append(f"mevqa {' '.join(words)} {form}")
    clip = next((attempt.shared / "short" / "clips").glob("*.mp4"))
    arguments = [word.replace(_CLIP, str(clip)).replace("{data}", str(attempt.shared)) for word in words]
    shell = ("bash", "-c", f"set -o pipefail; {_FORMS[form]}", "bash", sys.executable, "-m", "mevqa")
    ended = process(arguments, folder=attempt.folder, seconds=PATIENCE, program=shell)
    problems = faults(ended, output=attempt.folder)
    is_mute = "2>" in form
    return [line for line in problems if not (is_mute and line.endswith("without a word"))]


CAMPAIGNS = (
    Campaign(
        "pipes",
        f"{len(_COMMANDS)} commands with outputs cut (`| head -1`), closed or full",
        _closed,
        full=len(_ALL),
        short=3,
        prepare=_prepare,
    ),
)
