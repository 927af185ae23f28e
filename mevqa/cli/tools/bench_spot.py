"""``mevqa bench spot``: speed, memory and findings of the spotter."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mevqa.cli.common_options import add_seed
from mevqa.cli.json_output import put_json
from mevqa.cli.parser import rename_options
from mevqa.cli.values import above_zero, frame_size, positive, whole_number
from mevqa.terminal.verbosity import show


def add(benches: Any) -> None:
    """Add the parser of ``mevqa bench spot``.

    Args:
        benches: The subparsers of ``mevqa bench``.
    """
    spot = benches.add_parser(
        "spot",
        help="speed of the spotter beside decoding alone, or what it finds in synthetic long videos",
        description="Decode a video and spot in it, in turns. With --trial: make synthetic long videos of persons of "
        "their own, with micro-expressions of 1 to 3 % of the eye distance, head drift, blinks, flicker and "
        "compression, spot in all and score what was found; detections.csv and annotations.csv in DIR can be scored "
        "otherwise with mevqa score. Seeds 500 to 502 were used to choose the spotter's constants. With --minutes: "
        "repeat a video of 60 s without encoding it again, spot in N/2 and in N minutes of it, each in a process of "
        "its own, and print the peak memory and the seconds that a minute of video takes.",
    )
    spot.add_argument("--video", type=Path, metavar="FILE", help="video to measure with (default: a synthetic one)")
    spot.add_argument("--rounds", type=positive, default=3, metavar="N", help="rounds (default: 3)")
    spot.add_argument("--seconds", type=above_zero, metavar="S", help="length of a synthetic video (20; in a trial 60)")
    spot.add_argument(
        "--fps", type=above_zero, default=30.0, metavar="N", help="frames per second of synthetic videos (default: 30)"
    )
    spot.add_argument(
        "--size", type=frame_size, default=(640, 480), metavar="WxH", help="frame size (default: 640x480)"
    )
    spot.add_argument("--trial", type=Path, metavar="DIR", help="compare with the truth; videos are kept in DIR")
    spot.add_argument("--calibrator", type=Path, metavar="FILE", help="calibrator of mevqa spot --fit, in a trial")
    spot.add_argument(
        "--truth", type=Path, metavar="FILE", help="write what a trial's videos hold, for mevqa spot --fit"
    )
    spot.add_argument("--minutes", type=positive, metavar="N", help="memory and time of N minutes, and of half as much")
    add_seed(spot, "the persons", default=700)
    spot.add_argument("--both", type=whole_number, default=6, metavar="N", help="videos with both kinds in a trial (6)")
    rename_options(spot, {"--events": "--both"})
    spot.add_argument(
        "--macro", type=whole_number, default=2, metavar="N", help="videos with macro-expressions alone (2)"
    )
    spot.add_argument("--still", type=whole_number, default=4, metavar="N", help="videos without expressions (4)")
    spot.set_defaults(measure=_spot)


def _spot(args: argparse.Namespace) -> int:
    """Print speed, memory or what is found."""
    from mevqa.errors import InputError, Problem
    from mevqa.synthetic.writer import SynthSettings

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
    import tempfile

    from mevqa.benchmarks.spotting_cost import measure_spotting

    with tempfile.TemporaryDirectory() as folder:
        times = measure_spotting(_spot_video(args, seconds, Path(folder)), args.rounds)
    if put_json(args.json, json.dumps(asdict(times))):
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
    from mevqa.benchmarks.trial_videos import trial_plans, write_trial

    if args.video is not None:
        return Path(args.video)
    plans = trial_plans(1, args.seed, seconds=seconds, fps=(args.fps,), content="events")
    return write_trial(folder, plans, "events", args.seed, size=args.size)[0].path


def _spot_long(args: argparse.Namespace, seconds: float) -> int:
    """Print memory and time of long videos."""
    import tempfile

    from mevqa.benchmarks.spotting_cost import measure_long

    with tempfile.TemporaryDirectory() as folder:
        video = _spot_video(args, seconds, Path(folder))
        lengths = [args.minutes / 2, float(args.minutes)]
        runs = []
        for minutes in lengths:
            show(f"{minutes:g} minutes ...")
            runs.append(measure_long(video, minutes, Path(folder)))
    if put_json(args.json, json.dumps([asdict(run) for run in runs])):
        return 0
    print(f"{'length':>12}{'peak memory':>13}{'clock':>10}{'processor':>11}   seconds a minute of each   events")
    for run in runs:
        each = f"{run.clock / run.minutes:15.2f}{run.processor / run.minutes:12.2f}"
        spent = f"{run.peak_mb:10.0f} MB{run.clock:8.1f} s{run.processor:9.1f} s"
        print(f"{run.minutes:8.1f} min{spent}{each}{run.events:9d}")
    return 0


def _spot_trial(args: argparse.Namespace, seconds: float) -> int:
    from mevqa.benchmarks.spotting_trial import TrialSettings, run_trial, write_truth
    from mevqa.spotting.registry import spot_options

    settings = TrialSettings(args.both, args.macro, args.still, seconds, args.fps, args.size, args.seed)
    options = spot_options(calibrator=args.calibrator)
    if args.truth:
        write_truth(args.truth, args.trial, settings)
    result = run_trial(args.trial, settings, options=options, progress=show)
    if not put_json(args.json, result.as_json()):
        print(result.text())
    return 0
