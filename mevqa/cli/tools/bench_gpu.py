"""``mevqa bench gpu``: what the shipped recipes take of this machine's GPU."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.json_output import put_json
from mevqa.cli.parser import rename_options
from mevqa.cli.values import positive
from mevqa.terminal.verbosity import show

if TYPE_CHECKING:
    from mevqa.benchmarks.gpu.cases import CaseResult

#: Seconds for everything, on one card of 80 GB.
_LIMIT = 480


def add(benches: Any) -> None:
    """Add the parser of ``mevqa bench gpu``."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "gpu",
        help="memory and time of every recipe and way of answering, on models of full size with random weights",
        description="Build each model that the recipes name in its full size with random weights, which needs no "
        "network, and measure: memory and seconds of a training step of every recipe, held to the memory of the card "
        "that its name says; questions a second with and without reuse of a clip's prefix, in several precisions; an "
        "adapter beside the merged model. Each in a process of its own; what does not fit is a row. Results are "
        "written after each, so that an interruption loses nothing.",
    )
    parser.add_argument("--recipe", action="append", default=[], metavar="NAME", help="only this recipe; repeatable")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("gpu.json"),
        metavar="FILE",
        help="write everything that was measured as JSON, after each case (default: gpu.json); -: to the standard "
        "output at the end, in place of what is printed",
    )
    rename_options(parser, {"--out": "--json"})
    parser.add_argument("--time-limit", type=positive, default=_LIMIT, metavar="S", help=f"seconds in all ({_LIMIT})")
    parser.add_argument(
        "--small", action="store_true", help="models of two narrow layers, to try the command without a GPU"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.set_defaults(measure=measure)


def measure(args: argparse.Namespace) -> int:
    """Measure, show progress on standard error and the tables on standard output; 1 when a case failed."""
    from mevqa.benchmarks.gpu.cases import shipped_cases
    from mevqa.benchmarks.gpu.processes import in_own_process, run_cases
    from mevqa.benchmarks.gpu.report import GpuReport, describe_machine, report_json, tables, write_report
    from mevqa.errors import MevqaError
    from mevqa.table_writer import as_markdown, as_text

    device = "cuda" if _has_gpu() else "cpu"
    if device == "cpu" and not args.small:
        raise MevqaError("this machine has no GPU that torch can use; --small tries the same with small models")
    cases = shipped_cases(args.recipe, device=device, small=args.small)
    results: list[CaseResult] = []

    def report() -> GpuReport:
        return GpuReport(machine, tuple(results))

    def keep(result: CaseResult) -> None:
        results.append(result)
        if file is not None:
            write_report(file, report())
        end = result.outcome if result.outcome == "measured" else f"{result.outcome}: {result.reason}"
        show(f"{len(results)}/{len(cases)} {result.case.label}: {end}, {result.seconds:.0f} s")

    file = None if str(args.json) == "-" else args.json
    machine = in_own_process(describe_machine, device, args.small)
    if file is not None:
        write_report(file, report())
    run_cases(cases, float(args.time_limit), keep)
    if file is None:
        put_json(args.json, report_json(report()))
    else:
        report_tables = tables(report())
        print(as_markdown(report_tables, []) if args.markdown else "\n\n".join(map(as_text, report_tables)))
        show(f"results: {file}")
    return int(any(result.outcome == "failed" for result in results))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
