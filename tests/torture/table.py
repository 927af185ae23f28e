"""The table of what was tried and what fell, and the command that repeats each fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.torture.attempts import Row


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    lines = ["| campaign | what was tried | attempts | fell |", "|---|---|---:|---:|"]
    for row in rows:
        tried = f"{row.tried:,}" + (f" of {row.wanted:,}" if row.tried < row.wanted else "")
        described = row.campaign.tried.replace("|", "\\|")
        lines.append(f"| {row.campaign.name} | {described} | {tried} | {len(row.fell)} |")
    total, fell = sum(row.tried for row in rows), sum(len(row.fell) for row in rows)
    lines.append(f"| all | | {total:,} | {fell} |")
    return "\n".join(lines) + "\n"


def faults(rows: Sequence[Row], seed: int) -> Iterator[str]:
    """Yield the lines of every fault, each with the command that repeats it."""
    for row in rows:
        for number, problems in sorted(row.fell.items()):
            repeat = f"python -m tests.torture --only {row.campaign.name} --seed {seed}"
            yield f"{row.campaign.name}, attempt {number}; again: {repeat} --attempt {max(number, 0)}"
            yield from (f"    {line}" for line in problems)
