"""Find the micro- and macro-expressions of any video, without labels and without training.

Examples:
  mevqa spot talk.mp4
  mevqa spot frames/ --fps 200 --kinds micro --out events.csv
  mevqa spot videos/ --json events.json --plot timelines/

With annotated long videos of several people the spotter can be calibrated: what a coder like theirs would mark is
learned from a few numbers of each candidate, and judged on each person by a calibrator that has not seen that person.
  mevqa spot --fit annotations.csv --media videos/ --out calibrator.json
  mevqa spot talk.mp4 --calibrator calibrator.json

A trained spotter is the folder that mevqa finetune with a recipe of finetune/spotting made.
  mevqa finetune me-tst-small --annotations annotations.csv --media videos/ --out runs/me-tst
  mevqa spot talk.mp4 --weights runs/me-tst

Score curves of any other spotter (a table with the columns video, frame, score, and subject where people matter) are
decoded into events; with coded events, length and threshold come from the other subjects, and the result is scored.
  mevqa spot --curves scores.csv --annotations labels.csv --out events.csv
  mevqa spot --curves scores.csv --annotations labels.csv --decoder relative-peaks
  mevqa spot --curves scores.csv --fps 30 --threshold 0.5 --out events.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mevqa.cli.common_options import add_fps, add_rule
from mevqa.cli.json_output import add_json, put_json
from mevqa.cli.options import add_engine, add_link_option, add_spotter_name
from mevqa.cli.parser import rename_options
from mevqa.cli.values import above_zero, dataset_name, media

HELP = "find micro- and macro-expressions in any video"

_KINDS = "micro,macro"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa spot``."""
    _add_spotting(parser)
    _add_files(parser)
    add_engine(parser)
    add_link_option(parser)
    _add_calibration(parser.add_argument_group("calibration"))
    _add_decoding(parser.add_argument_group("score curves"))


def _add_spotting(parser: argparse.ArgumentParser) -> None:
    """Add which videos, and by what a movement is an event."""
    parser.add_argument(
        "path",
        type=media,
        nargs="?",
        metavar="VIDEO_OR_DIR",
        help="video, folder of frames, or folder of several of either; or the URL of a video or of a folder of videos "
        "(s3://, gs://, hf://: through fsspec)",
    )
    add_fps(parser)
    parser.add_argument("--kinds", metavar="A,B", help=f"kinds to return (default: {_KINDS})")
    add_rule(parser, "half-second")
    parser.add_argument(
        "--threshold",
        type=above_zero,
        metavar="X",
        help="least strength in units of the video's own noise (default: 4, or what the calibrator begins with)",
    )
    parser.add_argument(
        "--calibrator",
        type=Path,
        metavar="FILE",
        help="calibrator of --fit: scores events and drops those below its probability (default: strength decides, "
        "and scores are probabilities by a calibrator fitted on synthetic videos)",
    )
    add_spotter_name(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add the files that are written."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the events as CSV, as mevqa score reads them; with --fit the calibrator as JSON "
        "(candidates are kept in FILE.parts, so that an interrupted run goes on)",
    )
    rename_options(parser, {"--csv": "--out"})
    add_json(parser, "events, evidence by region and curves")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw events with score and units, the motion, and what was not looked at: .png, .svg or .pdf; a folder "
        "for several videos",
    )


def _add_calibration(group: argparse._ArgumentGroup) -> None:
    """Add what a calibrator is fitted to."""
    group.add_argument(
        "--fit",
        type=Path,
        metavar="ANNOTATIONS",
        help="fit a calibrator: CSV of several events a video, or a data set's label file of long videos; prints what "
        "it does on subjects that are held out, beside the spotter without it",
    )
    group.add_argument("--media", type=Path, metavar="DIR", help="folder of the annotated videos")
    group.add_argument(
        "--dataset",
        type=dataset_name,
        metavar="NAME",
        help="data set whose label file it is, when its header does not tell",
    )


def _add_decoding(group: argparse._ArgumentGroup) -> None:
    """Add score curves of another spotter, and how they become events."""
    group.add_argument("--curves", type=Path, metavar="FILE", help="table of scores, one row a frame of a video")
    group.add_argument("--annotations", type=Path, metavar="FILE", help="coded events, frames counted as in the curves")
    group.add_argument(
        "--decoder",
        metavar="NAME",
        help="how curves become events, a name of mevqa list decoders (default: absolute-peaks)",
    )
    group.add_argument(
        "--length",
        type=above_zero,
        metavar="FRAMES",
        help="expected length of an expression (default: the median of the other subjects; 380 ms without annotations)",
    )


_FILES = ("--out", "--json", "--plot")
#: Options that go with each way of use; the first of each is needed for it.
_SPOTTING = (
    "path",
    "--fps",
    "--kinds",
    "--rule",
    "--threshold",
    "--calibrator",
    "--spotter",
    "--weights",
    "--features",
    "--workers",
    "--engine",
    *_FILES,
)
_FITTING = ("--fit", "--media", "--out", "--dataset", "--rule", "--spotter", "--features")
_DECODING = ("--curves", "--annotations", "--decoder", "--length", "--fps", "--kinds", "--threshold", "--out")
_NEEDED: dict[tuple[str, ...], tuple[str, ...]] = {_FITTING: ("--media", "--out")}


def run(args: argparse.Namespace) -> int:
    """Spot in every video and write what was asked for, fit a calibrator, or decode score curves."""
    _check(args)
    return _fit(args) if args.fit else _decode(args) if args.curves else _spot(args)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not belong together."""
    from mevqa.errors import InputError, Problem

    usual = {"--rule": "half-second", "--workers": 1, "--engine": "local"}

    def is_given(option: str) -> bool:
        return getattr(args, option.removeprefix("--")) != usual.get(option)

    way = _FITTING if args.fit else _DECODING if args.curves else _SPOTTING
    problems = [Problem(option, f"is needed with {way[0]}") for option in _NEEDED.get(way, ()) if not is_given(option)]
    all_options = dict.fromkeys((*_SPOTTING, *_FITTING, *_DECODING))
    for option in (name for name in all_options if name not in way and is_given(name)):
        label = option if option != "path" else str(args.path)
        needs = "--fit" if option in _FITTING else "--curves"
        without = way == _SPOTTING
        problems.append(Problem(label, f"is of no use {'without ' + needs if without else 'with ' + way[0]}"))
    if way == _SPOTTING and args.path is None:
        message = "is missing: name a video or a folder, or else --fit with annotations, or --curves with scores"
        problems.append(Problem("VIDEO_OR_DIR", message))
    if problems:
        raise InputError(problems)


def _spot(args: argparse.Namespace) -> int:
    """Spot in every video, print the events and write what was asked for."""
    from mevqa.api.spotting.spot import spot_folder
    from mevqa.cli.printing.spotted import print_spotted
    from mevqa.cli.progress import frame_progress
    from mevqa.spotting.files import json_of
    from mevqa.spotting.registry import spot_options

    printed = str(args.json) == "-"
    spotted = spot_folder(
        args.path,
        fps=args.fps,
        options=spot_options(
            _KINDS if args.kinds is None else args.kinds,
            args.rule,
            args.threshold,
            args.calibrator,
            args.spotter,
            args.features,
            args.weights,
        ),
        workers=args.workers,
        engine=args.engine,
        csv=args.out,
        json=None if printed else args.json,
        plot=args.plot,
        progress=frame_progress,
        on_video=(lambda video: None) if printed else print_spotted,
    )
    if printed:
        put_json(args.json, json_of(spotted))
    return 0


def _fit(args: argparse.Namespace) -> int:
    """Fit a calibrator and print how it does on people that it has not seen."""
    from mevqa.api.spotting.spot import fit_spotter
    from mevqa.cli.printing.spotted import print_fit
    from mevqa.cli.progress import frame_progress
    from mevqa.spotting.base import DEFAULT_SPOTTER

    fitted = fit_spotter(
        args.fit,
        args.media,
        args.out,
        dataset=args.dataset,
        rule=args.rule,
        spotter=args.spotter or DEFAULT_SPOTTER,
        features=args.features,
        progress=frame_progress,
        on_note=lambda note: print(f"warning: {note}", file=sys.stderr),
    )
    print_fit(fitted, args.out, args.spotter or DEFAULT_SPOTTER)
    return 0


def _decode(args: argparse.Namespace) -> int:
    """Decode score curves, print what was chosen and found, and the score where there are labels."""
    from mevqa.api.spotting.curves import decode_curves
    from mevqa.cli.printing.curves import print_decoded
    from mevqa.errors import InputError, Problem

    if (kind := "micro" if args.kinds is None else args.kinds) not in ("micro", "macro"):
        raise InputError([Problem("--kinds", f"curves are of one kind, micro (default) or macro, not {kind!r}")])
    decoded = decode_curves(
        args.curves,
        args.annotations,
        decoder=args.decoder or "absolute-peaks",
        threshold=args.threshold,
        length=args.length,
        fps=args.fps,
        kind=kind,
        csv=args.out,
    )
    print_decoded(decoded, args.out)
    return 0
