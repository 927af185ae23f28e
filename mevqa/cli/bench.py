"""Measure this installation.

mevqa bench prefix                   questions per second with and without reuse of a clip's prefix
mevqa bench prefix --model MODEL     the same with a model of your own
mevqa bench finetune                 questions trained per second, packed and one a row
mevqa bench score                    seconds of scoring 100,000 answers with 1,000 bootstrap draws
mevqa bench spot                     speed of the spotter beside decoding alone
mevqa bench spot --trial DIR         what it finds in synthetic long videos, which are kept in DIR
mevqa bench spot --minutes N         memory and time of a stream of N minutes, and of half as much
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mevqa.cli import bench_spot
from mevqa.cli.values import positive

if TYPE_CHECKING:
    from mevqa.models.transformers_model import TransformersModel

HELP = "measure speed on this machine"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add one parser for each thing that can be measured."""
    benches = parser.add_subparsers(dest="bench", metavar="WHAT", required=True)
    prefix = benches.add_parser(
        "prefix",
        help="questions per second with and without reuse of a clip's prefix, answers compared",
        description="Answer six questions about one clip with and without reuse of its prefix, in turns: "
        "same model, same questions, answers compared. The default model has about 36 million random weights in the "
        "shape of Qwen2.5-VL and needs no download.",
    )
    prefix.add_argument("--model", default="random", metavar="MODEL", help="random (default), a folder or a hub name")
    prefix.add_argument("--rounds", type=positive, default=5, metavar="N", help="rounds that count (default: 5)")
    prefix.add_argument("--pictures", type=positive, default=4, metavar="N", help="pictures of the clip (default: 4)")
    prefix.add_argument(
        "--size", type=positive, default=224, metavar="PX", help="their width and height (default: 224)"
    )
    prefix.add_argument(
        "--answers",
        choices=("free", "official"),
        default="free",
        help="free: eight tokens an answer (default); official: options scored and grammars held, as in a real run",
    )
    prefix.add_argument("--device", default="auto")
    prefix.add_argument("--dtype", choices=("auto", "float32", "bfloat16", "float16"), default="auto")
    prefix.add_argument("--json", action="store_true", help="print JSON")
    prefix.set_defaults(measure=_prefix)
    finetune = benches.add_parser(
        "finetune",
        help="questions trained per second, packed behind one prefix and one a row, gradients compared",
        description="Take training steps on the same clips, six questions each, in three ways in turns: one question "
        "a row, all questions of a clip packed in one row, and the same with the frozen vision features known. The "
        "language model is adapted (LoRA, rank 16); losses and gradients are compared. The default model has about 36 "
        "million random weights in the shape of Qwen2.5-VL and needs no download.",
    )
    finetune.add_argument("--model", default="random", metavar="MODEL", help="random (default), a folder or a hub name")
    finetune.add_argument("--rounds", type=positive, default=5, metavar="N", help="rounds that count (default: 5)")
    finetune.add_argument("--clips", type=positive, default=2, metavar="N", help="clips in a step (default: 2)")
    finetune.add_argument("--pictures", type=positive, default=4, metavar="N", help="pictures of a clip (default: 4)")
    finetune.add_argument(
        "--size", type=positive, default=224, metavar="PX", help="their width and height (default: 224)"
    )
    finetune.add_argument("--device", default="auto")
    finetune.add_argument("--dtype", choices=("auto", "float32", "bfloat16", "float16"), default="auto")
    finetune.add_argument("--json", action="store_true", help="print JSON")
    finetune.set_defaults(measure=_finetune)
    score = benches.add_parser(
        "score",
        help="seconds of scoring many answers with intervals",
        description="Score made-up answers of five kinds to five questions a clip: every metric, text measures and "
        "calibration included, with bootstrap intervals. Processor seconds of one core.",
    )
    score.add_argument("--answers", type=positive, default=100_000, metavar="N", help="answers (default: 100000)")
    score.add_argument("--draws", type=positive, default=1000, metavar="N", help="bootstrap draws (default: 1000)")
    score.add_argument("--by-clip", action="store_true", help="draw clips instead of 100 subjects: slower")
    score.add_argument("--json", action="store_true", help="print JSON")
    score.set_defaults(measure=_score)
    bench_spot.add(benches)


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return int(args.measure(args))


def _model(args: argparse.Namespace, texts: list[str]) -> TransformersModel:
    """Return the model to measure with.

    Args:
        args: Name, device and precision.
        texts: What a random model's tokeniser is trained on.

    Raises:
        ModelError: It cannot be loaded, or has no weights.
    """
    from mevqa.errors import ModelError
    from mevqa.models.load import ModelOptions, load_model
    from mevqa.models.transformers_model import TransformersModel

    if args.model == "random":
        from mevqa.models.random_model import random_model

        return random_model(texts * 4, device=args.device, dtype=args.dtype)
    loaded = load_model(args.model, ModelOptions(device=args.device, dtype=args.dtype))
    if not isinstance(loaded, TransformersModel):
        raise ModelError(
            f"{args.model} has no weights and no prefix to measure with; give random, nano, a folder or a hub name"
        )
    return loaded


def _prefix(args: argparse.Namespace) -> int:
    """Print questions per second with and without reuse; 1 when the answers differ."""
    import json
    import statistics
    from dataclasses import asdict

    from mevqa.models.benchmark import measure_prefix_reuse, requests

    system, asked = requests()
    model = _model(args, [system, *(request.text for request in asked)])
    result = measure_prefix_reuse(model, count=args.pictures, size=args.size, rounds=args.rounds, answers=args.answers)
    if args.json:
        print(json.dumps(asdict(result) | {"speedup": result.speedup, "identical": result.identical}))
        return 0 if result.identical else 1
    size = sum(p.numel() for p in model.model.parameters()) / 1e6
    print(
        f"{model.name}: {model.model.config.model_type}, {size:.1f} M parameters, {model.model.device}, "
        f"{str(model.model.dtype).removeprefix('torch.')}"
    )
    print(
        f"{result.questions} questions about one clip: {result.picture_tokens} picture tokens, "
        f"prompts of up to {result.prompt_tokens} tokens, {args.rounds} rounds in turns"
    )
    print(f"{'':24}{'least':>9}{'median':>9}   questions/s (median)")
    for label, seconds in (("prefix reused", result.reused), ("each question alone", result.repeated)):
        middle = statistics.median(seconds)
        print(f"{label:24}{min(seconds):7.3f} s{middle:7.3f} s   {result.questions / middle:.1f}")
    print(f"{result.speedup:.2f} times as fast (least against least: {result.best_speedup:.2f})")
    verdict = "identical answers" if result.identical else "DIFFERENT ANSWERS"
    print(f"{verdict}; largest difference of log-probabilities {result.difference:.1e}")
    return 0 if result.identical else 1


def _finetune(args: argparse.Namespace) -> int:
    """Print questions trained per second in three ways; 1 when their losses or gradients differ."""
    import json
    import statistics
    from dataclasses import asdict

    from mevqa.training.quiet import quiet_libraries

    quiet_libraries()
    from mevqa.training.benchmark import WAYS, measure_packing, turns

    system, asked = turns()
    model = _model(args, [system, *(text for turn in asked for text in (turn.text, turn.answer))])
    result = measure_packing(model, clips=args.clips, count=args.pictures, size=args.size, rounds=args.rounds)
    if args.json:
        speedups = {way: result.speedup(way) for way in WAYS[1:]}
        print(json.dumps(asdict(result) | {"speedup": speedups, "identical": result.identical}))
        return 0 if result.identical else 1
    weights = result.parameters
    print(
        f"{model.name}: {model.model.config.model_type}, {weights['all'] / 1e6:.1f} M parameters, "
        f"{weights['adapter'] / 1e6:.1f} M of them trained, {model.model.device}, "
        f"{str(model.model.dtype).removeprefix('torch.')}"
    )
    print(
        f"{result.questions} questions about {result.clips} clips a step: {result.picture_tokens} picture tokens a "
        f"clip, prompts of up to {result.prompt_tokens} tokens, {args.rounds} rounds in turns"
    )
    print(f"{'':24}{'least':>9}{'median':>9}   questions/s (median)")
    for way, seconds in result.seconds.items():
        middle = statistics.median(seconds)
        print(f"{way:24}{min(seconds):7.3f} s{middle:7.3f} s   {result.questions / middle:.1f}")
    for way in WAYS[1:]:
        print(f"{way}: {result.speedup(way):.2f} times as fast (least against least: {result.best_speedup(way):.2f})")
    verdict = "the same training" if result.identical else "ANOTHER TRAINING"
    print(f"{verdict}; largest relative difference of loss {result.loss:.1e}, of gradients {result.gradient:.1e}")
    return 0 if result.identical else 1


def _score(args: argparse.Namespace) -> int:
    """Print how long scoring takes."""
    import json
    from dataclasses import asdict

    from mevqa.scoring.benchmark import measure_scoring

    # The first call imports what the libraries need.
    measure_scoring(10, 10)
    times = measure_scoring(args.answers, args.draws, by_clip=args.by_clip)
    if args.json:
        print(json.dumps(asdict(times)))
        return 0
    drawn = "clips" if args.by_clip else "subjects"
    print(f"{times.answers} answers, {times.wordings} different wordings, {times.draws} draws of {drawn}")
    print(f"read    {times.read:7.2f} s\nscored  {times.score:7.2f} s\ntogether{times.read + times.score:7.2f} s")
    return 0
