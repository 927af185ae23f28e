"""Options about answered clips that a model is shown before the clip that it is asked about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.values import positive, seed
from mevqa.errors import MevqaError

if TYPE_CHECKING:
    from mevqa.inference.shots.options import ShotOptions


def add_shot_options(parser: argparse.ArgumentParser) -> None:
    """Add how many answered clips are shown, and which."""
    group = parser.add_argument_group("answered clips shown before")
    group.add_argument(
        "--shots", type=positive, metavar="K", help="show K answered clips of other subjects before each clip"
    )
    group.add_argument(
        "--shots-from", action="append", type=Path, metavar="FILE", help="their question file with answers; repeatable"
    )
    group.add_argument("--shots-media", type=Path, metavar="DIR", help="folder of their clips")
    group.add_argument(
        "--shots-annotations", type=Path, metavar="FILE", help="their onset, apex, offset (and subjects)"
    )
    group.add_argument(
        "--shots-precomputed",
        action="append",
        default=[],
        metavar="VIEW=DIR",
        help="their ready-made pictures, as --precomputed",
    )
    group.add_argument(
        "--shots-by",
        choices=("nearest", "random"),
        default="nearest",
        help="nearest by the motion from onset to apex (default), or random",
    )
    group.add_argument("--shots-seed", type=seed, default=0, metavar="N", help="decides random ones (default: 0)")
    group.add_argument(
        "--shots-balanced", action="store_true", help="take the classes in turn, not the nearest whatever their class"
    )


def given_shot_options(args: argparse.Namespace) -> list[str]:
    """Return the options about shown clips whose values are not the defaults, in the order of the help."""
    usual = {"by": "nearest"}
    names = ("from", "media", "annotations", "precomputed", "by", "seed", "balanced")
    values = {name: getattr(args, f"shots_{name}") for name in names}
    given_options = [f"--shots-{name}" for name, value in values.items() if value and value != usual.get(name)]
    return ["--shots", *given_options] if args.shots is not None else given_options


def shot_options(args: argparse.Namespace) -> ShotOptions | None:
    """Return which answered clips are shown, None for none.

    Raises:
        MevqaError: Options lack others that they need.
        InputError: A folder of ready-made pictures is missing.
    """
    if args.shots is None:
        if given_options := given_shot_options(args):
            raise MevqaError(f"{', '.join(given_options)}: say how many answered clips are shown: --shots K")
        return None
    if not args.shots_from:
        raise MevqaError("--shots: say whose answers are shown: --shots-from FILE (question rows with answers)")
    if args.shots_media is None and not args.shots_precomputed:
        raise MevqaError("--shots: say where their clips are: --shots-media DIR, or --shots-precomputed VIEW=DIR")
    from mevqa.data.media import ready_pictures
    from mevqa.inference.shots.options import ShotOptions

    return ShotOptions(
        args.shots,
        tuple(args.shots_from),
        args.shots_media,
        args.shots_annotations,
        ready_pictures(args.shots_precomputed),
        by=args.shots_by,
        seed=args.shots_seed,
        balanced=args.shots_balanced,
    )
