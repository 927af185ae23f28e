"""Measuring GPU cases one after the other, each in a process of its own, so that none affects the next."""

from __future__ import annotations

import logging
import multiprocessing
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from mevqa.benchmarks.gpu.cases import CaseResult, GpuCase, Outcome

#: Imported once in the process that the others are forked from. Nothing that asks for the GPU, as bitsandbytes does and
#: what imports it (peft, Trainer): CUDA cannot be used in the fork of a process that has begun with it.
_COMMON = ["torch", "transformers", "accelerate", "mevqa.benchmarks.gpu.architectures", "mevqa.benchmarks.prefix_reuse"]
#: Most seconds of a case, and least that must be left to begin one.
_LONGEST, _LEAST = 180.0, 15.0


def in_own_process(work: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a process of its own, so that this one holds nothing of the GPU, and return its result."""
    with ProcessPoolExecutor(1, mp_context=_context()) as pool:
        return pool.submit(work, *args).result()


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_COMMON)
    return context


def run_cases(cases: Sequence[GpuCase], limit_s: float, on_result: Callable[[CaseResult], None]) -> list[CaseResult]:
    """Measure cases; one for which the time does not suffice has a result, too (``not run``).

    Args:
        cases: In their order.
        limit_s: Seconds for all of them.
        on_result: Called with each result.

    Returns:
        One result a case, in their order.
    """
    context = _context()
    ends = time.monotonic() + limit_s
    results: list[CaseResult] = []
    for case in cases:
        left = ends - time.monotonic()
        if left < min(_LEAST, limit_s):
            result = CaseResult(case, "not run", f"the {limit_s:.0f} s for all cases were over")
        else:
            result = _run(context, case, min(_LONGEST, left))
        results.append(result)
        on_result(result)
    return results


def _run(context: Any, case: GpuCase, limit_s: float) -> CaseResult:
    """Measure one case in a new process, which is ended when its time is over."""
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(case, there), daemon=True)
    started = time.monotonic()
    process.start()
    there.close()
    outcome: tuple[Outcome, str, dict[str, float]] = ("failed", f"took more than {limit_s:.0f} s", {})
    try:
        if here.poll(limit_s):
            outcome = here.recv()
    except EOFError:
        process.join(10)
        outcome = ("failed", f"its process ended with code {process.exitcode}", {})
    finally:
        process.kill()
        process.join()
    return CaseResult(case, outcome[0], outcome[1], round(time.monotonic() - started, 1), outcome[2])


def _measurement(kind: str) -> Callable[[GpuCase], dict[str, float]]:
    """Return the function that measures a kind of case; only training takes the seconds that importing peft does."""
    if kind == "training":
        from mevqa.benchmarks.gpu.training import measure_recipe

        return measure_recipe
    from mevqa.benchmarks.gpu.answering import measure_adapter, measure_answers

    return {"answering": measure_answers, "adapter": measure_adapter}[kind]


def _measure(case: GpuCase, there: Connection) -> None:
    """Measure a case in this process and send its outcome."""
    # Before anything imports it: it gives advice.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    import torch

    from mevqa.errors import MevqaError
    from mevqa.training.trainer.library_messages import quiet_libraries

    quiet_libraries()
    sent: tuple[Outcome, str, dict[str, float]]
    try:
        sent = ("measured", "", _measurement(case.kind)(case))
    except torch.OutOfMemoryError:
        sent = ("out of memory", f"more than {case.card_gib} GiB" if case.card_gib else "more than the card has", {})
    except ImportError as error:
        sent = ("missing", " ".join(str(error).split())[:200], {})
    except MevqaError as error:
        sent = ("failed", str(error), {})
    except Exception as error:  # whatever a library makes of this card
        traceback.print_exc()
        sent = ("failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", {})
    there.send(sent)
    there.close()
