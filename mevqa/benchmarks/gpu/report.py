"""Results of a measurement as JSON and as tables."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mevqa.benchmarks.gpu.cases import CaseResult, GpuCase
from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import write_whole
from mevqa.inference.fingerprint import package_versions
from mevqa.table_writer import Table

_FORMAT = 1
#: Packages whose release decides memory or time.
_PACKAGES = ("mevqa", "torch", "transformers", "peft", "accelerate", "bitsandbytes", "flash-attn")


@dataclass(frozen=True, slots=True)
class GpuReport:
    """Results with the machine that they were measured on.

    Attributes:
        machine: Card, memory, driver, packages, date.
        results: One a case.
    """

    machine: dict[str, Any]
    results: tuple[CaseResult, ...]

    @property
    def card(self) -> str:
        """Name of the card, and the releases that matter most."""
        packages = self.machine["packages"]
        versions = ", ".join(f"{name} {packages[name]}" for name in ("torch", "transformers") if packages.get(name))
        return f"{self.machine['card']}, {versions}, {self.machine['date']}"


def describe_machine(device: str, small: bool) -> dict[str, Any]:
    """Return card, memory, packages and date.

    Args:
        device: ``cuda`` or ``cpu``; it is begun with in this process.
        small: Whether the models were small: such figures say nothing about the recipes.
    """
    facts: dict[str, Any] = {"card": platform.processor() or platform.machine(), "memory_gib": None, "cuda": None}
    if device.startswith("cuda"):
        import torch

        card = torch.cuda.get_device_properties(device)
        facts = {"card": card.name, "memory_gib": round(card.total_memory / 2**30, 1), "cuda": torch.version.cuda}
    return {
        **facts,
        "small": small,
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "packages": package_versions(_PACKAGES),
    }


def write_report(path: Path, report: GpuReport) -> None:
    """Write results as JSON.

    Raises:
        InputError: The file cannot be written.
    """
    write_whole(path, report_json(report))


def report_json(report: GpuReport) -> str:
    """Return results as the JSON that ``read_report`` reads."""
    record = {"format": _FORMAT, "machine": report.machine, "results": [_record(result) for result in report.results]}
    return json.dumps(record, indent=1) + "\n"


def _record(result: CaseResult) -> dict[str, Any]:
    figures = {name: float(f"{value:.4g}") for name, value in result.figures.items()}
    return asdict(result) | {"figures": figures}


def read_report(path: Path) -> GpuReport:
    """Read what ``write_report`` wrote.

    Raises:
        InputError: The file is none.
    """
    content = read_json_object(path)
    try:
        results = tuple(CaseResult(**{**record, "case": GpuCase(**record["case"])}) for record in content["results"])
        return GpuReport(dict(content["machine"]), results)
    except (KeyError, TypeError) as error:
        raise InputError([Problem(path, f"holds no results of mevqa bench gpu: {error}")]) from error


def training_table(report: GpuReport) -> Table:
    """Return the table of recipes: one a row, with what each takes of a GPU, or why nothing was measured."""
    rows: list[tuple[str, ...]] = []
    for result in _of(report.results, "training"):
        name = result.case.name
        if result.outcome != "measured":
            rows.append((name, "", "", result.outcome, "", ""))
            continue
        figures = result.figures
        memory = f"{figures['peak_gib']:.1f} GiB" if "peak_gib" in figures else "–"
        step, minutes = figures["step_s"], figures["training_of_150_clips_s"] / 60
        rows.append(
            (name, f"{round(figures['tokens'], -1):,.0f}", f"{figures['trained_weights'] / 1e6:.0f} million",
             memory, f"{step:.2f} s", f"{minutes:.0f} min")
        )  # fmt: skip
    columns = ("recipe", "tokens of a clip", "trained weights", "GPU memory", "a step of 8 clips", "150 clips")
    return Table("Fine-tuning", columns, tuple(rows), _switches(report))


def answering_table(report: GpuReport) -> Table:
    """Return the table of ways to answer, with and without reuse of a clip's prefix."""
    rows: list[tuple[str, ...]] = []
    for result in _of(report.results, "answering"):
        how = (result.case.precision, "" if result.case.quantization == "none" else result.case.quantization)
        name = (result.case.name.rpartition("/")[2], " ".join(filter(None, (*how, result.case.attention or ""))))
        if result.outcome != "measured":
            rows.append((*name, result.outcome, "", "", "", ""))
            continue
        figures = result.figures
        memory = f"{figures['peak_gib']:.1f} GiB" if "peak_gib" in figures else "–"
        rows.append(
            (*name, memory, f"{figures['alone_per_s']:.1f}", f"{figures['reused_per_s']:.1f}",
             f"{figures['speedup']:.1f}", f"{figures['largest_difference']:.1e}")
        )  # fmt: skip
    columns = ("model", "weights", "GPU memory", "questions/s, each alone", "prefix reused", "times", "difference")
    return Table("Answering six questions about a clip of four pictures", columns, tuple(rows), _switches(report))


def adapter_table(report: GpuReport) -> Table:
    """Return the table of an adapter beside the model that it was merged into."""
    rows: list[tuple[str, ...]] = []
    for result in _of(report.results, "adapter"):
        name = result.case.name.rpartition("/")[2]
        if result.outcome != "measured":
            rows.append((name, result.outcome, "", ""))
            continue
        figures = result.figures
        rows.append(
            (name, f"{figures['adapter_per_s']:.1f}", f"{figures['merged_per_s']:.1f}",
             f"{figures['largest_difference']:.1e}")
        )  # fmt: skip
    columns = ("model", "questions/s with adapter", "merged", "difference")
    return Table("An adapter (LoRA, rank 16) and the model that it was merged into", columns, tuple(rows))


def tables(report: GpuReport) -> list[Table]:
    """Return the tables that have rows."""
    all_tables = (training_table(report), answering_table(report), adapter_table(report))
    return [table for table in all_tables if table.rows]


def _of(results: Sequence[CaseResult], kind: str) -> list[CaseResult]:
    return [result for result in results if result.case.kind == kind]


def _switches(report: GpuReport) -> str:
    return f"{report.card}, SMALL MODELS: says nothing about the recipes" if report.machine["small"] else report.card
