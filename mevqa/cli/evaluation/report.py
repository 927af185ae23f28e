"""Make one self-contained HTML page of runs: scores, charts and every clip with its questions and answers.

The page opens from disk, in any browser, without a network. Where the clips of a large run would make it larger than
10 MB, they stand on pages of their own beside it, and the page itself finds every question. Each chart is also written
as SVG, PNG and PDF, for papers and slides. Several runs are compared with the first, with paired intervals. Events
that were detected in long videos (RUN/events.csv, or --events) stand in the timeline below the coded ones.

Examples:
  mevqa report runs/samm --out report
  mevqa report runs/nano runs/qwen --out report --title "Zero-shot on SAMM"
  mevqa report runs/lvqa --out report --events detections.csv
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from mevqa.cli.common_options import add_draws, add_preset, add_seed
from mevqa.cli.options import add_media_options

HELP = "one HTML page of scores, charts and clips"

#: Seconds between lines that say how far the pictures are.
_INTERVAL = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa report``."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders that `mevqa eval` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="write the report into this folder")
    parser.add_argument("--title", help="title of the page (default: models and data sets)")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="question file with the right answers")
    add_preset(parser)
    add_draws(parser)
    add_seed(parser, "the bootstrap draws")
    parser.add_argument(
        "--events", type=Path, metavar="FILE", help="events of long videos that were detected, for the timeline"
    )
    parser.add_argument("--no-pictures", action="store_true", help="numbers and texts only: quick")
    add_media_options(parser, numbers=False)


def run(args: argparse.Namespace) -> int:
    """Write the report and say where it is."""
    from mevqa.api.evaluation.report import report
    from mevqa.cli.progress import lines_now_and_then

    started, print_line = time.monotonic(), lines_now_and_then(_INTERVAL)
    written = report(
        args.runs,
        args.out,
        reference=args.reference,
        preset=args.preset,
        draws=args.draws,
        seed=args.seed,
        title=args.title,
        events=args.events,
        pictures=not args.no_pictures,
        media=args.media,
        annotations=args.annotations,
        precomputed=args.precomputed,
        on_clip=lambda done, total: print_line(f"clips {done}/{total}", False),
        on_frames=lambda clip, done, total: print_line(f"{clip}: frames {done}/{total}", False),
    )
    size = written.page.stat().st_size / 1e6
    print(f"{written.clips} clips, {written.questions} questions, {written.shown} pictures, {written.charts} charts")
    for note in written.notes:
        print(f"note: {note}")
    if written.parts:
        print(f"{written.parts} pages of clips, which the page leads to, in {args.out}")
    print(f"{written.page} ({size:.1f} MB), charts as SVG, PNG and PDF in {args.out / 'plots'}")
    print(f"done in {time.monotonic() - started:.0f} s")
    return 0
