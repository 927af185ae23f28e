"""Measure this installation.

mevqa bench prefix                   questions per second with and without reuse of a clip's prefix
mevqa bench prefix --model MODEL     the same with a model of your own
mevqa bench finetune                 questions trained per second, packed and one a row
mevqa bench eval                     seconds of an evaluation by stage, with several processes, with stored views
mevqa bench scale                    seconds and memory of commands on a run of 20,000 clips, 100,000 answers
mevqa bench spot                     speed of the spotter beside decoding alone
mevqa bench spot --trial DIR         what it finds in synthetic long videos, which are kept in DIR
mevqa bench scan                     time of the scan of the networks with Mamba blocks beside plain loops
mevqa bench spot --minutes N         memory and time of a stream of N minutes, and of half as much
mevqa bench gpu                      memory and time of every recipe on this machine's GPU, without any download
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.common_options import add_device, add_dtype
from mevqa.cli.json_output import add_json, put_json
from mevqa.cli.parser import rename_options
from mevqa.cli.tools import bench_eval, bench_gpu, bench_spot
from mevqa.cli.values import positive
from mevqa.table_writer import Table, as_text
from mevqa.terminal.verbosity import show

if TYPE_CHECKING:
    from mevqa.benchmarks.prefix_reuse import TurnsBenchmark
    from mevqa.models.transformers.model import TransformersModel

HELP = "measure speed on this machine"

_RANDOM = "The default model has about 36 million random weights in the shape of Qwen2.5-VL and needs no download."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add one parser for each thing that can be measured."""
    benches = parser.add_subparsers(dest="bench", metavar="WHAT", required=True)
    prefix = benches.add_parser(
        "prefix",
        help="questions per second with and without reuse of a clip's prefix, answers compared",
        description="Answer six questions about one clip with and without reuse of its prefix, in turns: "
        f"same model, same questions, answers compared. {_RANDOM}",
    )
    prefix.add_argument(
        "--form",
        choices=("free", "official"),
        default="free",
        help="form of the answers: free, eight tokens an answer (default); official: options scored and "
        "grammars held, as in a real run",
    )
    rename_options(prefix, {"--answers": "--form"})
    _add_model(prefix)
    prefix.set_defaults(measure=_prefix)
    finetune = benches.add_parser(
        "finetune",
        help="questions trained per second, packed behind one prefix and one a row, gradients compared",
        description="Take training steps on the same clips, six questions each, in three ways in turns: one question "
        "a row, all questions of a clip packed in one row, and the same with the frozen vision features known. The "
        f"language model is adapted (LoRA, rank 16); losses and gradients are compared. {_RANDOM}",
    )
    finetune.add_argument(
        "--clips", type=positive, default=2, metavar="N", help="number of clips in a step (default: 2)"
    )
    _add_model(finetune)
    finetune.set_defaults(measure=_finetune)
    scale = benches.add_parser(
        "scale",
        help="seconds and peak memory of commands on a run of many answers",
        description="Write questions and small pictures of made-up clips, and run check, eval with a model without "
        "weights, eval again, score, report, submit and its validation. Processor seconds and peak memory of each, and "
        "how many times as long as reading the log once.",
    )
    _add_scale(scale)
    scan = benches.add_parser(
        "scan",
        help="time of the selective scan beside plain loops, results compared",
        description="Time the scan of the Mamba blocks (me-tst, me-tst-plus, boosting-vrme) and two loops over the "
        "sequence on one thread of the processor: a video of 900 samples, and a batch of 32 training windows of 30.",
    )
    scan.set_defaults(measure=_scan)
    bench_spot.add(benches)
    bench_gpu.add(benches)
    bench_eval.add(benches)
    for name, bench in benches.choices.items():
        bench.set_defaults(parser=bench)
        if name != "gpu":  # Its results are always written.
            add_json(bench, "everything that was measured", was_flag=name != "eval")


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return int(args.measure(args))


def _add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model that is measured, and the pictures that it is shown."""
    parser.add_argument(
        "--model", default="random", metavar="MODEL", help="model to measure: random (default), a folder or a hub name"
    )
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="rounds that count (default: 5)")
    parser.add_argument("--pictures", type=positive, default=4, metavar="N", help="pictures of a clip (default: 4)")
    parser.add_argument(
        "--pixels", type=positive, default=224, metavar="N", help="width and height of a picture (default: 224)"
    )
    rename_options(parser, {"--size": "--pixels"})
    add_device(parser)
    add_dtype(parser)


def _questions_per_clip(text: str) -> int:
    """Parse how many questions there are about a clip: one of each kind at most."""
    if (value := positive(text)) > 5:
        raise argparse.ArgumentTypeError(f"must be at most 5, not {value}")
    return value


def _add_scale(parser: argparse.ArgumentParser) -> None:
    """Add how large the run is that is measured."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--clips", type=positive, default=20_000, metavar="N", help="number of clips (default: 20000)")
    # Until the questions about a clip could be chosen there were five, and answers were counted.
    size.add_argument("--answers", type=positive, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument(
        "--questions-per-clip",
        type=_questions_per_clip,
        default=5,
        metavar="N",
        help="questions about each clip, 1 to 5 (default: 5)",
    )
    parser.set_defaults(measure=_scale)


def _model(args: argparse.Namespace, texts: list[str]) -> TransformersModel:
    """Return the model to measure with.

    Args:
        args: Name, device and precision.
        texts: What a random model's tokeniser is trained on.

    Raises:
        ModelError: It cannot be loaded, or has no weights.
    """
    from mevqa.errors import ModelError
    from mevqa.models.base import ModelOptions
    from mevqa.models.registry import load_model
    from mevqa.models.transformers.model import TransformersModel

    if args.model == "random":
        from mevqa.models.transformers.random_model import random_model

        return random_model(texts * 4, device=args.device, dtype=args.dtype)
    loaded = load_model(args.model, ModelOptions(device=args.device, dtype=args.dtype))
    if not isinstance(loaded, TransformersModel):
        raise ModelError(
            f"{args.model} has no weights and no prefix to measure with; give random, nano, a folder or a hub name"
        )
    return loaded


def _prefix(args: argparse.Namespace) -> int:
    """Print questions per second with and without reuse; 1 when the answers differ."""
    from mevqa.benchmarks.prefix_reuse import measure_prefix_reuse, requests

    system, clip_requests = requests()
    model = _model(args, [system, *(request.text for request in clip_requests)])
    result = measure_prefix_reuse(model, count=args.pictures, size=args.pixels, rounds=args.rounds, answers=args.form)
    weights = sum(p.numel() for p in model.model.parameters()) / 1e6
    question_text = f"{result.questions} questions about one clip: {result.picture_tokens} picture tokens"
    verdicts = ("identical answers", "DIFFERENT ANSWERS", "difference")
    return _print_turns(args, model, result, (f"{weights:.1f} M parameters", question_text), verdicts)


def _scan(args: argparse.Namespace) -> int:
    """Print times of the scan and of loops; 1 when the scan is not within 1e-5 of the exact result."""
    from mevqa.benchmarks.selective_scan import measure_scan

    times = measure_scan()
    if not put_json(args.json, json.dumps([asdict(timing) for timing in times])):
        rows = [
            (f"{timing.batch} x {timing.length}", timing.form, f"{timing.forward_ms:.1f}", f"{timing.training_ms:.1f}",
             f"{timing.error:.0e}") for timing in times
        ]  # fmt: skip
        headings = ("batch x length", "form", "forward, ms", "with gradient, ms", "error")
        print(as_text(Table("selective scan, 128 channels, 64 states, one thread", headings, tuple(rows))))
    return int(any(timing.error > 1e-5 for timing in times))


def _finetune(args: argparse.Namespace) -> int:
    """Print questions trained per second in three ways; 1 when their losses or gradients differ."""
    from mevqa.training.trainer.library_messages import quiet_libraries

    quiet_libraries()
    from mevqa.benchmarks.packed_training import measure_packing, turns

    system, clip_turns = turns()
    model = _model(args, [system, *(text for turn in clip_turns for text in (turn.text, turn.answer))])
    result = measure_packing(model, clips=args.clips, count=args.pictures, size=args.pixels, rounds=args.rounds)
    weights = {name: f"{count / 1e6:.1f} M" for name, count in result.parameters.items()}
    size = f"{weights['all']} parameters, {weights['adapter']} of them trained"
    question_text = f"{result.questions} questions about {result.clips} clips a step: "
    question_text += f"{result.picture_tokens} picture tokens a clip"
    verdicts = ("the same training", "ANOTHER TRAINING", "relative difference")
    return _print_turns(args, model, result, (size, question_text), verdicts)


def _print_turns(
    args: argparse.Namespace,
    model: TransformersModel,
    result: TurnsBenchmark,
    facts: tuple[str, str],
    verdicts: tuple[str, str, str],
) -> int:
    """Print seconds and differences of ways that were timed in turns; 1 when they do not give the same.

    Args:
        args: Arguments of the command.
        model: What was measured.
        result: The measurement.
        facts: Size of the model, and what was asked.
        verdicts: Texts for ways that give the same and for ways that do not, and the name of the difference.
    """
    content = asdict(result) | {"speedup": result.speedup, "identical": result.identical}
    if put_json(args.json, json.dumps(content)):
        return 0 if result.identical else 1
    print(_model_line(model, facts[0]))
    print(f"{facts[1]}, prompts of up to {result.prompt_tokens} tokens, {args.rounds} rounds in turns")
    _print_times(result.questions, result.seconds)
    for way, speedup in result.speedup.items():
        print(f"{way}: {speedup:.2f} times as fast (least against least: {result.best_speedup[way]:.2f})")
    apart = ", ".join(f"of {what} {value:.1e}" for what, value in result.differences.items() if what != "answers")
    print(f"{verdicts[0] if result.identical else verdicts[1]}; largest {verdicts[2]} {apart}")
    return 0 if result.identical else 1


def _model_line(model: TransformersModel, weights: str) -> str:
    """Return name, architecture, size, device and precision of a model."""
    inner = model.model
    precision = str(inner.dtype).removeprefix("torch.")
    return f"{model.name}: {inner.config.model_type}, {weights}, {inner.device}, {precision}"


def _print_times(questions: int, ways: Mapping[str, Sequence[float]]) -> None:
    """Print least and median seconds of each way, and questions per second."""
    print(f"{'':24}{'least':>9}{'median':>9}   questions/s (median)")
    for way, seconds in ways.items():
        middle = statistics.median(seconds)
        print(f"{way:24}{min(seconds):7.3f} s{middle:7.3f} s   {questions / middle:.1f}")


def _scale(args: argparse.Namespace) -> int:
    """Print what each command takes; 1 when one of them fails."""
    import tempfile

    from mevqa.benchmarks.scale import measure_scale

    clips, each = args.clips, args.questions_per_clip
    if args.answers is not None:
        clips = -(-args.answers // each)
        print(f"warning: --answers is now called --clips; here: --clips {clips}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        costs = []
        for cost in measure_scale(Path(folder), clips, each):
            show(f"{cost.command}: {cost.seconds:.1f} s, {cost.peak_mb:.0f} MB")
            costs.append(cost)
    failed = any(cost.code for cost in costs)
    if put_json(args.json, json.dumps([asdict(cost) for cost in costs])):
        return int(failed)
    once = next(cost.seconds for cost in costs if cost.command.startswith("read"))
    print(f"{clips} clips, {clips * each} answers, processor seconds")
    print(f"{'':26}{'seconds':>9}{'times read':>12}{'peak memory':>14}")
    for cost in costs:
        page = f"   largest page {cost.largest_page_mb:.1f} MB" if cost.largest_page_mb else ""
        fault = f"   exit code {cost.code}" if cost.code else ""
        times = cost.seconds / once
        print(f"{cost.command:26}{cost.seconds:7.1f} s{times:12.1f}{cost.peak_mb:11.0f} MB{page}{fault}")
    return int(failed)
