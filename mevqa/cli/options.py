"""Options that several commands share, and their values as arguments of the public functions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.common_options import add_face, add_rule
from mevqa.cli.model_options import model_options
from mevqa.cli.values import above_zero, frame_number, positive
from mevqa.engines import ENGINE_NAMES
from mevqa.spotting.registry import spotter_names

if TYPE_CHECKING:
    from mevqa.inference.view_config import ViewOptions


def add_view_options(
    group: argparse._ActionsContainer,
    *,
    views: str | None = None,
    sampler: str | None = None,
    frames: int | None = None,
) -> None:
    """Add which pictures are drawn of a clip.

    Args:
        group: The command's parser, or a group of it.
        views: Their default; None: what the model prefers.
        sampler: Its default, likewise.
        frames: Its default; None: 3, of a whole long video 8.
    """
    preferred = "what the model prefers"
    group.add_argument(
        "--views",
        default=views,
        metavar="A,B,...",
        help=f"views in order, names of mevqa list views (default: {views or preferred})",
    )
    group.add_argument(
        "--sampler",
        default=sampler,
        metavar="NAME",
        help=f"which moments, a name of mevqa list samplers (default: {sampler or preferred})",
    )
    group.add_argument(
        "--frames",
        type=positive,
        default=frames,
        metavar="N",
        help="frames of the sampler's window, or in all for uniform "
        f"(default: {'3; of a whole long video 8' if frames is None else frames})",
    )
    group.add_argument("--stride", type=positive, default=1, metavar="N", help="distance of a window's frames")
    add_face(group)


def add_key_frame_options(parser: argparse.ArgumentParser) -> None:
    """Add onset, apex and offset of a clip."""
    for name in ("onset", "apex", "offset"):
        parser.add_argument(
            f"--{name}", type=frame_number, metavar="FRAME", help=f"0-based {name} frame (default: found)"
        )


def add_drawing_options(parser: argparse.ArgumentParser) -> None:
    """Add how many processes draw pictures, and where these are stored."""
    group = parser.add_argument_group("speed")
    group.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes that draw the pictures of the next clips while the model works, each with 0.2 to 0.5 GB "
        "(default: 1, none besides this one); with --engine ray those that load the model and answer; the answers are "
        "the same",
    )
    add_engine_name(group)
    add_views_cache_option(group)


def add_views_cache_option(group: argparse._ActionsContainer) -> None:
    """Add where pictures are stored."""
    group.add_argument(
        "--views-cache",
        type=Path,
        metavar="DIR",
        help="folder in which pictures are stored, so that no other run, model or training draws them again; at most "
        "4 GB, what was not used for longest goes first; none: store nothing (default: MEVQA_VIEWS of the environment, "
        "or ~/.cache/mevqa/views, readable for you alone)",
    )


def add_look_options(parser: argparse.ArgumentParser) -> None:
    """Add how a clip is looked at and asked about."""
    group = parser.add_argument_group("what the model sees")
    add_view_options(group)
    group.add_argument(
        "--prompts",
        type=Path,
        metavar="DIR",
        help="prompt files that replace the shipped ones (default: those that the model was fine-tuned with)",
    )
    group.add_argument("--variant", metavar="NAME", help="prompt variant (default: what the model prefers)")
    group.add_argument("--consistency", choices=("on", "off"), default="on", help="decide a clip's answers together")


def add_long_options(parser: argparse.ArgumentParser) -> None:
    """Add who answers questions about long videos."""
    group = parser.add_argument_group("questions about long videos")
    group.add_argument(
        "--lvqa",
        choices=("hybrid", "spotter", "model"),
        default="hybrid",
        help="hybrid: events are spotted and the model looks at each (default); spotter: no model; model: it alone, "
        "from frames of the whole video",
    )
    add_spotter_options(group)


def add_spotter_name(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add which system spots events."""
    names = spotter_names()
    parser.add_argument(
        "--spotter",
        metavar="NAME",
        help=f"which system spots events: {', '.join(names)} (default: that of --weights, or {names[0]})",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="trained spotter: the folder that mevqa finetune made"
    )
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="folder of mevqa features: what was measured of a video is looked up, what was not is stored; events are "
        "the same (default: MEVQA_FEATURES of the environment, or none)",
    )


def add_spotter_options(group: argparse._ArgumentGroup) -> None:
    """Add how events are spotted where a model looks at them."""
    add_rule(group)
    group.add_argument(
        "--threshold", type=above_zero, metavar="X", help="least strength in units of the video's own noise"
    )
    group.add_argument(
        "--calibrator", type=Path, metavar="FILE", help="calibrator of mevqa spot --fit: scores events, drops some"
    )
    add_spotter_name(group)


def add_engine(group: argparse._ActionsContainer) -> None:
    """Add on how many processes, and where, the work on many videos is done."""
    group.add_argument("--workers", type=positive, default=1, metavar="N", help="processes that work (default: 1)")
    add_engine_name(group)


def add_engine_name(group: argparse._ActionsContainer) -> None:
    """Add where the work on many videos is done."""
    group.add_argument(
        "--engine",
        choices=ENGINE_NAMES,
        default=ENGINE_NAMES[0],
        help="where they are: local, this machine (default); ray, the cluster that RAY_ADDRESS names, or processes "
        "that Ray starts here",
    )


def add_link_option(group: argparse._ActionsContainer) -> None:
    """Add whether links may lead out of the folders of media and pictures."""
    group.add_argument(
        "--follow-links",
        action="store_true",
        help="read media that are links out of their folder (default: they are refused; the folder itself may be one)",
    )


def add_media_options(parser: argparse.ArgumentParser, *, numbers: bool = True) -> None:
    """Add where clips, annotations and ready-made pictures are, and how the frames of folders were numbered."""
    group = parser.add_argument_group("clips")
    group.add_argument("--media", type=Path, metavar="DIR", help="folder of the clips: videos or folders of frames")
    group.add_argument(
        "--annotations",
        type=Path,
        metavar="FILE",
        help="coded events (onset, apex, offset): CSV, or a data set's label file",
    )
    group.add_argument(
        "--precomputed",
        action="append",
        default=[],
        metavar="VIEW=DIR",
        help="ready-made pictures DIR/<clip>.png for a view, e.g. flow=DIR; repeatable",
    )
    add_link_option(group)
    if numbers:
        group.add_argument(
            "--numbers",
            choices=("names", "recording", "interval"),
            help="how frames of folders are numbered where a data set's label file tells frame numbers: as there "
            "(names, the default), or anew from the first frame of the recording or from the coded onset",
        )


def view_options(args: argparse.Namespace) -> ViewOptions:
    """Return what the model sees."""
    from mevqa.inference.view_config import ViewOptions

    return ViewOptions(
        views=args.views,
        sampler=args.sampler,
        frames=args.frames,
        stride=args.stride,
        face=args.face,
        lvqa=args.lvqa,
        rule=args.rule,
        threshold=args.threshold,
        calibrator=args.calibrator,
        spotter=args.spotter,
        features=args.features,
        weights=args.weights,
    )


def ask_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return how a model is asked, as arguments of the public functions."""
    return {
        "views": view_options(args),
        "prompts": args.prompts,
        "variant": args.variant,
        "consistency": args.consistency == "on",
        "options": model_options(args),
    }
