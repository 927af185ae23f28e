"""``mevqa bench eval``: where the time of an evaluation goes."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.json_output import put_json
from mevqa.cli.values import positive

if TYPE_CHECKING:
    from mevqa.benchmarks.evaluation_stages import EvaluationCost


def add(benches: Any) -> None:
    """Add the parser of ``mevqa bench eval``.

    Args:
        benches: The subparsers of ``mevqa bench``.
    """
    parser = benches.add_parser(
        "eval",
        help="seconds of an evaluation by stage, with several processes and with stored views",
        description="Answer synthetic clips without coded moments: seconds of each stage (decoding, finding the face, "
        "holding it still, motion of its regions, localising, flow, views, the model, the rest) of a first run and of "
        "one that finds the views stored; whole commands with 1 and N processes; and, for reference, a plain loop that "
        "generates an answer to each question from the same pictures.",
    )
    parser.add_argument(
        "--clips", type=positive, default=24, metavar="N", help="number of synthetic clips (default: 24)"
    )
    parser.add_argument("--workers", type=positive, default=2, metavar="N", help="processes that draw (default: 2)")
    parser.add_argument("--model", default="nano", metavar="MODEL", help="model that is asked (default: nano)")
    parser.add_argument(
        "--beside-busy-core",
        action="store_true",
        help="also time the model beside a process that keeps a core busy: it should take at most twice as long",
    )
    parser.set_defaults(measure=measure)


def measure(args: argparse.Namespace) -> int:
    """Print seconds of stages and commands; 1 when the answers differ or a command fails."""
    from mevqa.benchmarks.evaluation_stages import measure_evaluation
    from mevqa.synthetic.writer import synthesise

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip_set = synthesise(folder / "set", args.clips, 5)
        cost = measure_evaluation(clip_set, folder, args.model, args.workers, busy=args.beside_busy_core)
    if not put_json(args.json, json.dumps(cost.as_dict(), indent=1)):
        _print(args, cost)
    return int(not cost.same or any(command.code for command in (*cost.commands, *cost.busy)))


def _print(args: argparse.Namespace, cost: EvaluationCost) -> None:
    from mevqa.benchmarks.evaluation_stages import cores, stage_rows
    from mevqa.table_writer import Table, as_text

    title = f"{cost.clips} clips, {cost.questions} questions, {args.model}, {cores()} cores"
    stages = Table(
        f"{title}: one process, seconds", ("stage", "first run", "calls", "stored views"), tuple(stage_rows(cost))
    )
    print(as_text(stages))
    listed = [
        (command.command, f"{command.clock:.1f}", f"{command.seconds:.1f}", f"{command.peak_mb:.0f}")
        for command in (*cost.commands, *cost.busy)
    ]
    headings = ("command", "seconds", "processor seconds", "peak MB")
    print("\n" + as_text(Table("whole commands, start included", headings, tuple(listed))) + "\n")
    for name, ratio in cost.ratios().items():
        print(f"{name}: {ratio:.2f} of the time")
    print("three largest stages: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in cost.live.largest()))
    if cost.generate is not None:
        print(f"for reference, a plain generate loop over the same pictures: {cost.generate:.1f} s")
    print("the answers are the same" if cost.same else "THE ANSWERS DIFFER")
