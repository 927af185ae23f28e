"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from mevqa.cli.values import above_zero, positive, seed
from mevqa.errors import InputError, Problem
from mevqa.suggestions import did_you_mean
from mevqa.types import OptionScore

if TYPE_CHECKING:
    from mevqa.inference.view_config import ViewConfig
    from mevqa.models.base import Model
    from mevqa.models.load import ModelOptions
    from mevqa.questions.prompts import PromptLibrary
    from mevqa.spotting.motion.spotter import SpotOptions

_Read = TypeVar("_Read")

#: What a ready-made picture may be called, in messages.
_EXAMPLES = {"DIR": "maps/", "FILE": "map.png"}


def add_model_options(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add which model is asked and how it is loaded.

    Args:
        parser: The command's parser.
        several: Whether the model may be named several times; ``args.model`` is then a list, empty without any.
    """
    group = parser.add_argument_group("model")
    repeated = "; repeatable with --suite" if several else ""
    group.add_argument(
        "--model",
        action="append" if several else "store",
        default=[] if several else "nano",
        metavar="MODEL",
        help=f"nano (embedded, the default), mock, a hub name or a folder of any chat vision-language model{repeated}",
    )
    group.add_argument("--adapter", metavar="DIR", help="PEFT adapter, a folder or a hub name")
    group.add_argument("--revision", help="commit, tag or branch of a hub model")
    group.add_argument("--dtype", choices=("auto", "float32", "bfloat16", "float16"), default="auto")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    group.add_argument("--quantization", choices=("none", "8bit", "4bit"), default="none", help="through bitsandbytes")
    group.add_argument("--attention", metavar="NAME", help="attention implementation: sdpa, eager, flash_attention_2")
    group.add_argument(
        "--as-video", action="store_true", help="hand the moments over as a video, where the model has one"
    )
    group.add_argument(
        "--option-score",
        choices=("auto", *get_args(OptionScore)),
        default="auto",
        help="log-likelihood of an option: per token, whole, against neutral pictures, or as the model prefers (auto)",
    )
    group.add_argument(
        "--thinking",
        type=positive,
        default=0,
        metavar="N",
        help="let a reasoning model think up to N tokens before each answer (default: its thought is closed at once)",
    )
    group.add_argument(
        "--max-new-tokens", type=positive, metavar="N", help="bound on a written answer (default: what the prompt says)"
    )
    group.add_argument("--batch-size", type=positive, default=8, metavar="N", help="questions of a clip at once")
    group.add_argument("--seed", type=seed, default=0)
    group.add_argument(
        "--no-prefix-cache",
        action="store_true",
        help="encode the clip anew for every question: slower, the same answers, there to check",
    )
    group.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run code that the model's author put on the hub: read it first",
    )


def add_look_options(parser: argparse.ArgumentParser) -> None:
    """Add how a clip is looked at."""
    group = parser.add_argument_group("what the model sees")
    group.add_argument("--views", metavar="A,B,...", help="views in order (default: what the model prefers)")
    group.add_argument("--sampler", metavar="NAME", help="which moments: oao, oao-k, uniform, apex-window, onset-apex")
    group.add_argument(
        "--frames",
        type=positive,
        metavar="N",
        help="frames of the sampler's window, or in all for uniform (default: 3; of a whole long video 8)",
    )
    group.add_argument("--stride", type=positive, default=1, metavar="N", help="distance of a window's frames")
    group.add_argument("--face", choices=("auto", "haar", "mediapipe", "none"), default="auto", help="face alignment")
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


def add_spotter_options(group: argparse._ArgumentGroup) -> None:
    """Add how events are spotted where a model looks at them."""
    group.add_argument(
        "--rule",
        choices=("half-second", "quarter-second-apex"),
        help="micro: at most 500 ms long, or at most 250 ms from onset to apex (default: as the data set was coded)",
    )
    group.add_argument(
        "--threshold", type=above_zero, metavar="X", help="least strength, in units of the video's own noise"
    )
    group.add_argument("--calibrator", type=Path, metavar="FILE", help="of mevqa spot --fit: scores events, drops some")


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
        "--annotations", type=Path, metavar="FILE", help="onset, apex, offset: CSV, or a data set's label file"
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
            help="where a data set's label file tells frame numbers, how the frames of folders were numbered: as there "
            "(names, the default), or anew from the first frame of the recording or from the coded onset",
        )


def pictures(items: Sequence[str], *, each: str = "DIR") -> dict[str, Path]:
    """Return the folders (or files) of ready-made pictures by view name.

    Args:
        items: What stands after ``--precomputed``: VIEW=DIR, or VIEW=FILE for one clip.
        each: ``DIR`` or ``FILE``.

    Raises:
        InputError: An item is not of that form or does not exist.
    """
    found = {}
    problems = []
    for item in items:
        name, _, where = item.partition("=")
        path = Path(where)
        if not (name and where):
            problems.append(Problem("--precomputed", f"{item!r} is not VIEW={each}, e.g. flow={_EXAMPLES[each]}"))
        elif not (path.is_dir() if each == "DIR" else path.is_file()):
            kind = "folder" if each == "DIR" else "file"
            problems.append(Problem(where, f"is not a {kind} (from --precomputed {item})"))
        else:
            found["motion" if name == "flow" else name] = path
    if problems:
        raise InputError(problems)
    return found


def model_options(args: argparse.Namespace) -> ModelOptions:
    """Return how the model is loaded."""
    from mevqa.models.load import ModelOptions

    return ModelOptions(
        dtype=args.dtype,
        device=args.device,
        quantization=args.quantization,
        adapter=args.adapter,
        attention=args.attention,
        trust_remote_code=args.trust_remote_code,
        revision=args.revision,
        batch_size=args.batch_size,
        video=args.as_video,
        option_score=args.option_score,
        thinking=args.thinking,
        max_new_tokens=args.max_new_tokens,
        prefix_cache=not args.no_prefix_cache,
        seed=args.seed,
    )


def asking(args: argparse.Namespace) -> tuple[Model, PromptLibrary, ViewConfig]:
    """Check all that can be checked without the model, load it, and return it with its prompts and views.

    Raises:
        InputError: A prompt file is wrong, or a view, sampler, variant or calibrator is unknown.
        ModelError: The model cannot be loaded.
    """
    from mevqa.inference.view_config import LONG_VIDEO_FRAMES, ViewConfig
    from mevqa.models.load import load_model, own_preferences, own_prompts
    from mevqa.questions.prompts import PromptLibrary

    problems: list[Problem] = []
    views = _views(args, problems)
    spotter = _gathered(problems, lambda: spotter_options(args))
    preferences = own_preferences(args.model, args.adapter)
    folder = args.prompts or own_prompts(args.model, args.adapter)
    prompts = _gathered(problems, lambda: PromptLibrary.load(folder, args.variant or preferences.variant))
    if problems:
        raise InputError(problems)
    assert prompts is not None
    model = load_model(args.model, model_options(args))
    view_config = ViewConfig.preferred(
        model.preferences,
        views,
        args.sampler,
        args.face,
        args.frames or 3,
        args.stride,
        args.lvqa,
        args.rule,
        spotter,
        long_frames=args.frames or LONG_VIDEO_FRAMES,
    )
    return model, prompts, view_config


def _views(args: argparse.Namespace, problems: list[Problem]) -> tuple[str, ...] | None:
    """Return the views that the user names, None without any; an unknown view or sampler is a problem."""
    from mevqa.video.views.registry import view_names
    from mevqa.video.views.sampler import sampler_names

    views = None
    if args.views is not None:
        views = tuple(name.strip() for name in args.views.split(",") if name.strip())
        if not views:
            problems.append(Problem("--views", f"names no view; known: {', '.join(view_names())}"))
    for option, kind, names, known in (
        ("--views", "view", views or (), view_names()),
        ("--sampler", "sampler", () if args.sampler is None else (args.sampler,), sampler_names()),
    ):
        unknown = [name for name in dict.fromkeys(names) if name not in known]
        problems += [Problem(option, f"unknown {kind} {name!r}; {did_you_mean(name, known)}") for name in unknown]
    return views


def _gathered(problems: list[Problem], read: Callable[[], _Read]) -> _Read | None:
    """Return what ``read`` returns; where it finds problems, put them with the others and return None."""
    try:
        return read()
    except InputError as error:
        problems += error.problems
        return None


def spotter_options(args: argparse.Namespace) -> SpotOptions:
    """Return how events are spotted; the rule for the kinds is left to the data set.

    Raises:
        InputError: The threshold is not positive, or the calibrator's file is wrong.
    """
    from mevqa.spotting.motion.calibration import read_calibrator
    from mevqa.spotting.motion.spotter import SpotOptions

    calibrator = read_calibrator(args.calibrator) if args.calibrator is not None else None
    try:
        return SpotOptions(threshold=args.threshold, calibrator=calibrator)
    except ValueError as error:
        raise InputError([Problem("--threshold", str(error))]) from error


def fingerprint_settings(args: argparse.Namespace, model: Model) -> Mapping[str, Any]:
    """Return the model settings that can change an answer, for the manifest."""
    names = ("seed", "dtype", "device", "quantization", "adapter", "attention", "as_video")
    score = model.preferences.option_score if args.option_score == "auto" else args.option_score
    thinking = getattr(model, "thinking", "")
    settings = {name: getattr(args, name) for name in (*names, "max_new_tokens")}
    return {**settings, "option_score": score, "thinking": thinking}
