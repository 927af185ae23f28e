"""Rules for every command, whatever its input: a known exit code, no traceback, bounds, whole outputs."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from mevqa.files.lock import LOCK_NAME
from mevqa.files.whole import PART_ENDING
from tests.torture.attempts import Outcome

#: Exit codes of a command that nobody interrupted: done, or refused with a line that says why.
CODES = (0, 2)
#: What an error that nobody caught leaves on a stream.
UNCAUGHT = re.compile(r"Traceback \(most recent call last\)|^Exception ignored|^Fatal Python error", re.MULTILINE)


def faults(outcome: Outcome, *, codes: Collection[int] = CODES, output: Path | None = None) -> list[str]:
    """Return what is wrong with how a command ended, one line each; nothing where it kept to the rules.

    Args:
        outcome: How it ended.
        codes: Exit codes that are right.
        output: Folder of its outputs, in which nothing half-written may be left.
    """
    command = f"mevqa {' '.join(outcome.command)}"
    if outcome.stopped:
        used = f"{outcome.seconds:.0f} s, {outcome.peak / 1e9:.1f} GB"
        return [f"{command}: ended at the limit of {outcome.stopped} ({used})"]
    problems = []
    if outcome.code not in codes:
        problems.append(f"{command}: exit code {outcome.code}: {_last_line(outcome.err)}")
    problems += [
        f"{command}: traceback: {_last_line(text)}" for text in (outcome.out, outcome.err) if UNCAUGHT.search(text)
    ]
    if outcome.code == 2 and not (outcome.err + outcome.out).strip():
        problems.append(f"{command}: exit code 2 without a word")
    if output is not None:
        problems += [f"{command}: {line}" for line in half_written(output)]
    return problems


def _last_line(text: str) -> str:
    return next((line[:300] for line in reversed(text.splitlines()) if line.strip()), "nothing was printed")


def half_written(folder: Path) -> Iterator[str]:
    """Yield a line for every file of a folder that is a leftover or not whole."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.name.startswith(LOCK_NAME) or path.name.endswith((PART_ENDING, ".lock")):
            yield f"left {name}"
        elif path.is_file() and not path.is_symlink() and (problem := _torn(path)):
            yield f"{name} is not whole: {problem}"


def _torn(path: Path) -> str:
    """Return why a file is not whole; nothing where it is, or of a kind that does not show it."""
    try:
        content = path.read_bytes()
        match path.suffix:
            case ".json":
                json.loads(content)
            case ".jsonl":
                for line in content.splitlines():
                    json.loads(line)
                return "" if content.endswith(b"\n") or not content else "the last line has no end"
            case ".csv" | ".md" | ".txt" | ".yaml":
                return "" if content.endswith(b"\n") or not content else "the last line has no end"
            case ".html":
                return "" if content.rstrip().endswith(b"</html>") else "no </html>"
            case ".svg":
                return "" if content.rstrip().endswith(b"</svg>") else "no </svg>"
            case ".png":
                return "" if content.endswith(b"IEND\xaeB`\x82") else "no end of the picture"
            case ".mp4":
                return "" if b"moov" in content else "no index"
            case ".zip":
                with zipfile.ZipFile(path) as archive:
                    return f"damaged {damaged}" if (damaged := archive.testzip()) else ""
            case ".safetensors":
                (length,) = struct.unpack("<Q", content[:8])
                header = json.loads(content[8 : 8 + length])
                end = max(tensor["data_offsets"][1] for key, tensor in header.items() if key != "__metadata__")
                return "" if len(content) == 8 + length + end else "the weights are cut"
    except (OSError, ValueError, struct.error, zipfile.BadZipFile) as error:
        return str(error) or type(error).__name__
    return ""
