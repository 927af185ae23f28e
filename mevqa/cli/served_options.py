"""Options of models behind an OpenAI-compatible endpoint: where they are, and how patiently they are asked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.values import above_zero, positive, whole_number
from mevqa.errors import MevqaError

if TYPE_CHECKING:
    from mevqa.models.base import Price, ServedOptions

#: Options that say where a server is and what it may cost: to a model that is loaded here they would mean nothing.
_OF_SERVERS = ("base_url", "api_key_env", "price", "max_cost")


def add_served_options(parser: argparse.ArgumentParser, *, estimate: bool = False) -> None:
    """Add how served models are reached; where there are several, a value may be for one of them (``NAME=VALUE``).

    Args:
        parser: The command's parser.
        estimate: Whether the command can estimate what its answers will cost.
    """
    group = parser.add_argument_group(
        "served model",
        "openai:NAME, behind an OpenAI-compatible endpoint (pip install 'mevqa[openai]'); with [NAME=] a value is for "
        "one of several models, and repeatable",
    )
    _add_address(group)
    _add_patience(group)
    _add_cost(group)
    if estimate:
        group.add_argument(
            "--estimate",
            action="store_true",
            help="print the pictures, tokens and cost of what is not answered yet, and stop (a few prompts are counted "
            "by the server)",
        )


def _add_address(group: argparse._ArgumentGroup) -> None:
    """Add where servers are, and their keys."""
    group.add_argument(
        "--base-url",
        action="append",
        default=[],
        type=by_model,
        metavar="[NAME=]URL",
        help="address of the server up to /v1, e.g. http://localhost:8000/v1 (default: OPENAI_BASE_URL)",
    )
    group.add_argument(
        "--api-key-env",
        action="append",
        default=[],
        type=by_model,
        metavar="[NAME=]VARIABLE",
        help="variable of the environment that holds the key (default: OPENAI_API_KEY, not sent over plain http to "
        "another machine)",
    )


def _add_patience(group: argparse._ArgumentGroup) -> None:
    """Add how many requests are under way, how long a reply may take, and how often a request is sent again."""
    group.add_argument(
        "--concurrency",
        type=positive,
        default=8,
        metavar="N",
        help="questions of a clip under way at once (default: 8)",
    )
    group.add_argument(
        "--timeout",
        type=above_zero,
        default=120.0,
        metavar="S",
        help="longest wait for a reply, seconds (default: 120)",
    )
    group.add_argument(
        "--retries",
        type=whole_number,
        default=5,
        metavar="N",
        help="how often a request is sent again after a failure of server or network (default: 5)",
    )


def _add_cost(group: argparse._ArgumentGroup) -> None:
    """Add what tokens cost, and what a run may cost."""
    group.add_argument(
        "--price",
        action="append",
        default=[],
        type=price_by_model,
        metavar="[NAME=]IN,OUT[,CACHED]",
        help="what a million tokens cost, read and written (and read from the server's cache), in your currency; or a "
        "YAML file with prices by model",
    )
    group.add_argument(
        "--max-cost",
        type=above_zero,
        metavar="X",
        help="ask no more when the next answers could bring the cost of the run above this; it can be continued",
    )


def price_by_model(text: str) -> dict[str, Price]:
    """Parse prices by model, from the option itself or from a YAML file."""
    from mevqa.errors import InputError
    from mevqa.files.strict_yaml import read_yaml
    from mevqa.models.base import Price, PriceTable

    if text.lower().endswith((".yaml", ".yml")):
        try:
            return dict(read_yaml(Path(text), PriceTable).prices)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    name, value = by_model(text)
    try:
        prices = [float(part) for part in value.split(",")]
        if len(prices) not in (2, 3):
            raise ValueError
        return {name: Price(**dict(zip(("input", "output", "cached"), prices, strict=False)))}
    except ValueError:
        message = f"{text!r} is no price: give two or three numbers of at least 0, INPUT,OUTPUT or INPUT,OUTPUT,CACHED"
        raise argparse.ArgumentTypeError(message) from None


def by_model(text: str) -> tuple[str, str]:
    """Parse a value and the model that it is for, empty for all."""
    name, mark, value = text.partition("=")
    return (name.removeprefix("openai:"), value) if mark and "://" not in name else ("", text)


def served_options(args: argparse.Namespace) -> ServedOptions:
    """Return how served models are reached.

    Raises:
        MevqaError: Options of a server are given, and no model is served.
    """
    from mevqa.models.base import ServedOptions

    models = args.model if isinstance(args.model, list) else [args.model]
    given_options = [f"--{name.replace('_', '-')}" for name in _OF_SERVERS if getattr(args, name)]
    if given_options and not any(name.startswith("openai:") for name in models):
        model_list = ", ".join(models) or "the embedded model"
        goes = "goes with a served model" if len(given_options) == 1 else "go with a served model"
        raise MevqaError(f"{', '.join(given_options)} {goes} (openai:NAME), and {model_list} is asked without a server")
    return ServedOptions(
        base_url=dict(args.base_url),
        api_key_env=dict(args.api_key_env),
        price={name: price for prices in args.price for name, price in prices.items()},
        max_cost=args.max_cost,
        concurrency=args.concurrency,
        timeout=args.timeout,
        retries=args.retries,
    )
