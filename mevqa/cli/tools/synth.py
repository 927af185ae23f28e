"""Make synthetic micro-expression clips with exact ground truth and official question files.

The folder gets clips/*.mp4, annotations.csv and, in the official formats, a training file (with answers), a test file
to answer and its reference; of long videos also such test files with the questions beyond the official ones (localise,
describe, order, ...: *_ext_test_*). All files are about the same clips: make two sets with different seeds to train and
to test; sets of different seeds share no person. Run the same command again to finish an interrupted set.

Long videos of the profile hard are those of a webcam: people talk a third of the time, turn their heads, look about and
swallow, the light changes, frames come late or not at all, and expressions are small, overlap and follow one another.
talking.csv says who talks when: video, begin and end in seconds, first and last frame.

Examples:
  mevqa synth demo --clips 24 --seed 7
  mevqa synth long --long --clips 4 --seconds 30
  mevqa synth hard-train --long --profile hard --clips 40 --seed 1
"""

from __future__ import annotations

import argparse

from mevqa.cli.common_options import add_out_place, add_seed, out_place
from mevqa.cli.values import above_zero, frame_size, positive

HELP = "synthetic clips with exact ground truth"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa synth``."""
    add_out_place(parser, "the set into this folder, new or empty", "DIR")
    parser.add_argument("--clips", type=positive, default=24, metavar="N", help="number of clips (default: 24)")
    add_seed(parser, "everything")
    parser.add_argument("--long", action="store_true", help="long videos with several micro- and macro-expressions")
    parser.add_argument(
        "--profile", default="standard", metavar="NAME", help="what long videos are like: standard, hard (standard)"
    )
    parser.add_argument("--seconds", type=above_zero, metavar="S", help="length of a long video (20; hard 60)")
    parser.add_argument(
        "--subjects",
        type=positive,
        metavar="N",
        help="number of persons (one for every four clips, or two long videos)",
    )
    parser.add_argument(
        "--fps",
        type=above_zero,
        nargs="+",
        default=[],
        metavar="N",
        help="frames per second, dealt to the persons (default: 100; long videos 30)",
    )
    parser.add_argument("--size", type=frame_size, metavar="WxH", help="frame size (320x320; hard 320x240)")
    parser.add_argument(
        "--classes",
        default="balanced",
        help="class frequencies: balanced (over the coarse classes), fine, casme2, samm, casme3 (balanced)",
    )
    colour = parser.add_mutually_exclusive_group()
    colour.add_argument("--grey", action="store_const", const=True, dest="grey", help="monochrome, as SAMM")
    colour.add_argument(
        "--colour", action="store_const", const=False, dest="grey", help="colour (drawn per clip; hard: colour)"
    )
    parser.add_argument("--crf", type=int, help="H.264 rate factor, larger is coarser (8 to 18, hard 8 to 12)")


def run(args: argparse.Namespace) -> int:
    """Write the set and say where it is."""
    from itertools import count

    from mevqa.cli.progress import count_progress
    from mevqa.synthetic.writer import synthesise

    out = out_place(args)
    settings = {"fps": tuple(args.fps), "size": args.size, "seconds": args.seconds}
    numbers = count(1)
    with count_progress(out.name, "clips") as progress:
        clip_set = synthesise(
            out,
            args.clips,
            args.seed,
            long=args.long,
            subjects=args.subjects,
            profile=args.profile,
            classes=args.classes,
            grey=args.grey,
            crf=args.crf,
            **{name: value for name, value in settings.items() if value},
            progress=lambda plan: progress(next(numbers), args.clips),
        )
    subjects = len({plan.subject for plan in clip_set.plans})
    events = sum(len(plan.performances) for plan in clip_set.plans)
    print(f"{clip_set.folder}: clips {len(clip_set.plans)}, subjects {subjects}, expressions {events}")
    talking = (clip_set.talking,) if clip_set.talking else ()
    for path in (
        clip_set.annotations,
        *talking,
        clip_set.train,
        clip_set.to_answer,
        clip_set.reference,
        *clip_set.more.values(),
    ):
        print(f"  {path}")
    return 0
