"""Measure this installation.

mevqa bench prefix                   questions per second with and without reuse of a clip's prefix
mevqa bench prefix --model MODEL     the same with a model of your own
"""

from __future__ import annotations

import argparse

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
    prefix.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds that count (default: 5)")
    prefix.add_argument("--pictures", type=int, default=4, metavar="N", help="pictures of the clip (default: 4)")
    prefix.add_argument("--size", type=int, default=224, metavar="PX", help="their width and height (default: 224)")
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


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return int(args.measure(args))


def _prefix(args: argparse.Namespace) -> int:
    """Print questions per second with and without reuse; 1 when the answers differ."""
    import json
    import statistics
    from dataclasses import asdict

    from mevqa.errors import ModelError
    from mevqa.models.benchmark import measure_prefix_reuse, requests
    from mevqa.models.load import ModelOptions, load_model
    from mevqa.models.transformers_model import TransformersModel

    if min(args.rounds, args.pictures, args.size) < 1:
        raise ModelError("--rounds, --pictures and --size must be at least 1")
    if args.model == "random":
        from mevqa.models.random_model import random_model

        system, asked = requests()
        model = random_model([system, *(request.text for request in asked)] * 4, device=args.device, dtype=args.dtype)
    else:
        loaded = load_model(args.model, ModelOptions(device=args.device, dtype=args.dtype))
        if not isinstance(loaded, TransformersModel):
            raise ModelError(f"{args.model} has no prefix to reuse; give random, nano, a folder or a hub name")
        model = loaded
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
