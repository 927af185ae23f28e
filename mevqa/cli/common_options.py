"""Options that many commands have, each with one meaning: devices, seeds, frame rates, presets and the like."""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.values import above_zero, seed, whole_number
from mevqa.errors import MevqaError


def add_out_place(parser: argparse.ArgumentParser, what: str, metavar: str) -> None:
    """Add where something is written, as a word of its own or behind ``--out``.

    Args:
        parser: The command's parser.
        what: What is written.
        metavar: DIR or FILE.
    """
    parser.add_argument("out_word", type=Path, nargs="?", metavar="OUT", help="as --out")
    parser.add_argument("--out", type=Path, metavar=metavar, help=f"write {what}")


def out_place(args: argparse.Namespace) -> Path:
    """Return where something is written.

    Raises:
        MevqaError: No place is named, or two are.
    """
    paths = [path for path in (args.out_word, args.out) if path is not None]
    if len(paths) != 1:
        raise MevqaError(
            "say where it is written: --out" if not paths else "OUT is the same as --out; name one of them"
        )
    return Path(paths[0])


def add_dtype(parser: argparse._ActionsContainer, about: str = "") -> None:
    """Add the precision of a model's weights."""
    more = about or " (default: auto, bfloat16 on a GPU that has it, else float16 there, float32 on a processor)"
    parser.add_argument(
        "--dtype",
        choices=("auto", "float32", "bfloat16", "float16"),
        default="auto",
        help=f"precision of the model's weights{more}",
    )


def add_device(parser: argparse._ActionsContainer) -> None:
    """Add where a model is run."""
    parser.add_argument(
        "--device", default="auto", metavar="NAME", help="device of the model: cpu, cuda, cuda:1, mps (default: auto)"
    )


def add_face(parser: argparse._ActionsContainer) -> None:
    """Add how faces are found and aligned."""
    parser.add_argument("--face", choices=("auto", "haar", "mediapipe", "none"), default="auto", help="face alignment")


def add_seed(parser: argparse._ActionsContainer, what: str, default: int = 0) -> None:
    """Add the seed of what is drawn at random.

    Args:
        parser: The command's parser, or a group of it.
        what: What the seed decides.
        default: Its default.
    """
    parser.add_argument("--seed", type=seed, default=default, metavar="N", help=f"decides {what} (default: {default})")


def add_draws(parser: argparse._ActionsContainer) -> None:
    """Add how many bootstrap draws intervals are made of."""
    parser.add_argument(
        "--draws", type=whole_number, default=1000, metavar="N", help="bootstrap draws (default: 1000), 0: no intervals"
    )


def add_fps(parser: argparse._ActionsContainer, default: str = "what the video says") -> None:
    """Add the frame rate of a video, or of a table of events."""
    parser.add_argument("--fps", type=above_zero, metavar="N", help=f"frames per second (default: {default})")


def add_preset(parser: argparse._ActionsContainer, default: str = "that of the task") -> None:
    """Add how answers are scored."""
    parser.add_argument("--preset", metavar="NAME", help=f"preset of the scores (default: {default})")


def add_trust(parser: argparse._ActionsContainer) -> None:
    """Add whether a model's own code may run."""
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run code that the model's author put on the hub: read it first",
    )


def add_rule(parser: argparse._ActionsContainer, default: str | None = None) -> None:
    """Add how micro- and macro-expressions are told apart."""
    default_text = default or "as the data set was coded"
    parser.add_argument(
        "--rule",
        choices=("half-second", "quarter-second-apex"),
        default=default,
        help=f"micro: at most 500 ms long, or at most 250 ms from onset to apex (default: {default_text})",
    )
