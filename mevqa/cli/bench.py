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
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.options import frame_size, positive

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
    spot = benches.add_parser(
        "spot",
        help="speed of the spotter beside decoding alone, or what it finds in synthetic long videos",
        description="Decode a video and spot in it, in turns. With --trial: make synthetic long videos of persons of "
        "their own, with micro-expressions of 1 to 3 % of the eye distance, head drift, blinks, flicker and "
        "compression, spot in all and compare. Seeds 500 to 502 were used to choose the spotter's constants. With "
        "--minutes: repeat a video of 60 s without encoding it again, spot in N/2 and in N minutes of it, each in a "
        "process of its own, and print the peak memory and the seconds that a minute of video takes.",
    )
    spot.add_argument("--video", type=Path, metavar="FILE", help="video to measure with (default: a synthetic one)")
    spot.add_argument("--rounds", type=positive, default=3, metavar="N", help="rounds (default: 3)")
    spot.add_argument("--seconds", type=float, metavar="S", help="length of a synthetic video (20; in a trial 60)")
    spot.add_argument("--fps", type=float, default=30.0, help="frames per second of synthetic videos (default: 30)")
    spot.add_argument(
        "--size", type=frame_size, default=(640, 480), metavar="WxH", help="their size (default: 640x480)"
    )
    spot.add_argument("--trial", type=Path, metavar="DIR", help="compare with the truth; videos are kept in DIR")
    spot.add_argument("--calibrator", type=Path, metavar="FILE", help="of mevqa spot --fit, in a trial")
    spot.add_argument(
        "--truth", type=Path, metavar="CSV", help="write what a trial's videos hold, for mevqa spot --fit"
    )
    spot.add_argument("--minutes", type=positive, metavar="N", help="memory and time of N minutes, and of half as much")
    spot.add_argument("--seed", type=int, default=700, help="decides the persons (default: 700)")
    spot.add_argument("--events", type=int, default=6, metavar="N", help="videos with both kinds in a trial (6)")
    spot.add_argument("--macro", type=int, default=2, metavar="N", help="videos with macro-expressions alone (2)")
    spot.add_argument("--still", type=int, default=4, metavar="N", help="videos without expressions (4)")
    spot.add_argument("--json", action="store_true", help="print JSON")
    spot.set_defaults(measure=_spot)


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


def _spot(args: argparse.Namespace) -> int:
    """Print speed, memory or what is found.

    Raises:
        InputError: Settings of synthetic videos that cannot be made, or options that do not belong together.
    """
    from mevqa.data.synthetic.writer import SynthSettings
    from mevqa.errors import InputError, Problem

    if args.trial and (args.minutes or args.video):
        raise InputError([Problem("--trial", "is not measured with --minutes or --video; choose one")])
    if not args.trial and (args.calibrator or args.truth):
        raise InputError([Problem("--calibrator and --truth", "are of no use without --trial")])
    seconds = args.seconds or (60.0 if args.trial or args.minutes else 20.0)
    SynthSettings(1, max(args.seed, 0), fps=(args.fps,), size=args.size, seconds=seconds).check()
    if args.trial:
        return _spot_trial(args, seconds)
    return _spot_long(args, seconds) if args.minutes else _spot_speed(args, seconds)


def _spot_speed(args: argparse.Namespace, seconds: float) -> int:
    import json
    import tempfile
    from dataclasses import asdict

    from mevqa.spotting.benchmark import measure_spotting

    with tempfile.TemporaryDirectory() as folder:
        times = measure_spotting(_spot_video(args, seconds, Path(folder)), args.rounds)
    if args.json:
        print(json.dumps(asdict(times)))
        return 0
    width, height = times.size
    print(f"{times.frames} frames, {times.seconds:.1f} s at {times.fps:g} fps, {width}x{height}; {args.rounds} rounds")
    print(f"{'least of each':14}{'clock':>9}{'processor':>11}   ms/frame   times as fast as the video")
    for label, taken in (("decode alone", times.decode), ("spot", times.spot)):
        clock, processor = (min(seconds) for seconds in zip(*taken, strict=True))
        each = 1000 * clock / times.frames
        print(f"{label:14}{clock:7.2f} s{processor:9.2f} s{each:11.2f}{times.seconds / clock:10.1f}")
    return 0


def _spot_video(args: argparse.Namespace, seconds: float, folder: Path) -> Path:
    """Return the video to measure with, made in a folder when none is given."""
    from mevqa.spotting.trial_videos import trial_plans, write_trial

    if args.video is not None:
        return Path(args.video)
    plans = trial_plans(1, args.seed, seconds=seconds, fps=(args.fps,), content="events")
    return write_trial(folder, plans, "events", args.seed, size=args.size)[0].path


def _spot_long(args: argparse.Namespace, seconds: float) -> int:
    """Print memory and time of long videos."""
    import json
    import sys
    import tempfile
    from dataclasses import asdict

    from mevqa.spotting.long_benchmark import measure_long

    with tempfile.TemporaryDirectory() as folder:
        video = _spot_video(args, seconds, Path(folder))
        lengths = [args.minutes / 2, float(args.minutes)]
        runs = []
        for minutes in lengths:
            print(f"{minutes:g} minutes ...", file=sys.stderr, flush=True)
            runs.append(measure_long(video, minutes, Path(folder)))
    if args.json:
        print(json.dumps([asdict(run) for run in runs]))
        return 0
    print(f"{'length':>12}{'peak memory':>13}{'clock':>10}{'processor':>11}   seconds a minute of each   events")
    for run in runs:
        each = f"{run.clock / run.minutes:15.2f}{run.processor / run.minutes:12.2f}"
        spent = f"{run.peak_mb:10.0f} MB{run.clock:8.1f} s{run.processor:9.1f} s"
        print(f"{run.minutes:8.1f} min{spent}{each}{run.events:9d}")
    return 0


def _spot_trial(args: argparse.Namespace, seconds: float) -> int:
    import json
    import sys
    from dataclasses import asdict

    from mevqa.spotting.calibration import read_calibrator
    from mevqa.spotting.spotter import SpotOptions
    from mevqa.spotting.trial import TrialSettings, run_trial, write_truth

    settings = TrialSettings(args.events, args.macro, args.still, seconds, args.fps, args.size, args.seed)
    options = SpotOptions(calibrator=read_calibrator(args.calibrator) if args.calibrator else None)
    if args.truth:
        write_truth(args.truth, args.trial, settings)
    result = run_trial(
        args.trial, settings, options=options, progress=lambda name: print(name, file=sys.stderr, flush=True)
    )
    if args.json:
        print(json.dumps(asdict(result) | {"f1": {kind: result.f1(kind) for kind in result.hits}}))
        return 0
    print(result.table())
    return 0
