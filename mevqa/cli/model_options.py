"""Options of the model that is asked: which one, how it is loaded, and how it answers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, get_args

from mevqa.cli.common_options import add_device, add_dtype, add_seed, add_trust
from mevqa.cli.served_options import add_served_options, served_options
from mevqa.cli.values import above_zero, positive
from mevqa.errors import MevqaError
from mevqa.types import OptionScore

if TYPE_CHECKING:
    from mevqa.models.base import ModelOptions


def add_model_options(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add which model is asked and how it is loaded.

    Args:
        parser: The command's parser.
        several: Whether the model may be named several times; ``args.model`` is then a list, empty without any.
    """
    group = parser.add_argument_group("model")
    _add_loading(group, several=several)
    _add_option_scores(group)
    _add_written_answers(group)
    group.add_argument("--batch-size", type=positive, default=8, metavar="N", help="questions of a clip at once")
    add_seed(group, "what is drawn at random")
    group.add_argument(
        "--no-prefix-cache",
        action="store_true",
        help="encode the clip anew for every question: slower, the same answers, there to check",
    )
    add_trust(group)
    add_served_options(parser, estimate=several)


def _add_loading(group: argparse._ArgumentGroup, *, several: bool) -> None:
    """Add which model, and how it is loaded."""
    repeated = "; repeatable with --suite" if several else ""
    group.add_argument(
        "--model",
        action="append" if several else "store",
        default=[] if several else "nano",
        metavar="MODEL",
        help="model that is asked: nano (embedded, the default), mock, a trained recogniser (mean:DIR), a served "
        f"model (openai:NAME), a hub name or a folder of any chat vision-language model{repeated}",
    )
    group.add_argument("--adapter", metavar="DIR", help="PEFT adapter, a folder or a hub name")
    group.add_argument("--revision", help="commit, tag or branch of a hub model")
    add_dtype(group)
    add_device(group)
    group.add_argument("--quantization", choices=("none", "8bit", "4bit"), default="none", help="through bitsandbytes")
    group.add_argument("--attention", metavar="NAME", help="attention implementation: sdpa, eager, flash_attention_2")
    group.add_argument(
        "--as-video", action="store_true", help="hand the moments over as a video, where the model has one"
    )


def _add_option_scores(group: argparse._ArgumentGroup) -> None:
    """Add how closed questions are answered."""
    group.add_argument(
        "--option-score",
        choices=("auto", *get_args(OptionScore)),
        default="auto",
        help="log-likelihood of an option: per token, whole, against neutral pictures, or as the model prefers (auto)",
    )
    group.add_argument(
        "--prior",
        metavar="DATASET",
        help="take the class frequencies of a data set (casme2), or of a question file with answers (without those of "
        "the subject who is asked about), out of the option scores: for a model that was trained on it and leans to "
        "its frequent classes",
    )


def _add_written_answers(group: argparse._ArgumentGroup) -> None:
    """Add how answers are written, and the thoughts before them."""
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
    group.add_argument(
        "--samples",
        type=positive,
        default=1,
        metavar="K",
        help="draw K answers to each question (and the thoughts before them) and vote; agreement is the confidence",
    )
    group.add_argument(
        "--temperature", type=above_zero, metavar="T", help="of drawn answers (default: 0.7); goes with --samples"
    )


def model_options(args: argparse.Namespace) -> ModelOptions:
    """Return how the model is loaded."""
    from mevqa.models.base import ModelOptions

    if args.temperature is not None and args.samples == 1:
        raise MevqaError("--temperature is of drawn answers: say how many are drawn and voted on: --samples K")
    drawn = {} if args.temperature is None else {"temperature": args.temperature}
    return ModelOptions(
        **drawn,
        samples=args.samples,
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
        prior=args.prior,
        thinking=args.thinking,
        max_new_tokens=args.max_new_tokens,
        prefix_cache=not args.no_prefix_cache,
        seed=args.seed,
        served=served_options(args),
    )
