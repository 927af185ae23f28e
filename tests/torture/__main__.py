"""Try to break the toolkit: ``python -m tests.torture``; exit code 1 if anything fell."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.torture.attempts import Row
from tests.torture.conduct import Conductor, Plan
from tests.torture.registry import chosen
from tests.torture.table import faults, table

#: How many times its even share of the time that is left a campaign may take.
_MOST = 8.0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    made.add_argument("--short", action="store_true", help="few attempts of each campaign, as in CI")
    made.add_argument("--seed", type=int, default=0, help="decides everything that is drawn (0)")
    made.add_argument("--only", metavar="NAME", action="append", default=[], help="only this campaign; repeatable")
    made.add_argument("--count", type=int, metavar="N", help="attempts of each campaign")
    made.add_argument("--attempt", type=int, metavar="N", help="only attempt N of each campaign, to repeat a fault")
    made.add_argument(
        "--time-limit", type=float, metavar="SECONDS", help="afterwards begin no campaign's second attempt"
    )
    made.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes at once (2)")
    made.add_argument("--table", type=Path, metavar="FILE", help="write the table as Markdown")
    made.add_argument("--keep", type=Path, metavar="DIR", help="work here, and keep the folders of what fell")
    made.add_argument("--list", action="store_true", help="print the campaigns, and stop")
    return made


def main() -> int:
    """Make the campaigns and print the table; 0 nothing fell, 1 something did, 130 interrupted."""
    args = parser().parse_args()
    try:
        campaigns = chosen(args.only)
    except ValueError as error:
        parser().error(str(error))
    counts = [args.count or (campaign.short if args.short else campaign.full) for campaign in campaigns]
    if not args.list:
        campaigns = [campaign for campaign, count in zip(campaigns, counts, strict=True) if count]
        counts = [count for count in counts if count]
    if args.list:
        for campaign in campaigns:
            print(f"{campaign.name:<24} {campaign.full:>6} {campaign.short:>4}  {campaign.tried}")
        return 0
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="torture-", dir=args.keep)).resolve()
    plan = Plan(args.seed, work, args.jobs, args.keep is not None)
    # Commands that were killed could not give back what they shared with the processes of their own.
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
    conductor = Conductor(plan, campaigns)
    rows: list[Row] = []
    started, interrupted = time.monotonic(), False
    try:
        for index, (campaign, count) in enumerate(zip(campaigns, counts, strict=True)):
            numbers = list(range(count)) if args.attempt is None else [args.attempt]
            rows.append(Row(campaign, len(numbers)))
            conductor.conduct(rows[-1], numbers, partial(_until, args.time_limit, started, counts[index:]), _show)
            _show(rows[-1], end=f", {rows[-1].seconds:.0f} s, slowest {rows[-1].slowest:.1f} s\n")
    except KeyboardInterrupt:
        interrupted = True
        print("\ninterrupted; what was tried until then:", file=sys.stderr)
    finally:
        conductor.close()
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)
    made = table(rows)
    print(made, end="")
    for line in faults(rows, args.seed):
        print(line)
    print(f"seed {args.seed}, {time.monotonic() - started:.0f} s")
    if args.table:
        args.table.write_text(made, encoding="utf-8")
    return 130 if interrupted else int(any(row.fell for row in rows))


def _until(limit: float | None, started: float, counts: list[int]) -> float | None:
    """Return when the next campaign has to end; a slow one gets many times its even share of what is left."""
    if limit is None:
        return None
    now = time.monotonic()
    return now + max(0.0, started + limit - now) * min(1.0, _MOST / len(counts))


def _show(row: Row, end: str = "") -> None:
    """Show how far a campaign is; over the same line on a terminal."""
    if end or sys.stderr.isatty():
        start = "\r" if sys.stderr.isatty() else ""
        line = f"{start}{row.campaign.name}: {row.tried} of {row.wanted}, {len(row.fell)} fell"
        print(line, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
