"""Output of ``mevqa eval --estimate``: requests, pictures, tokens and cost of a served model."""

from __future__ import annotations

from mevqa.inference.answering.estimate import Estimate
from mevqa.models.base import ServedOptions
from mevqa.models.served.model import price_of
from mevqa.models.served.usage import Usage


def print_estimate(estimate: Estimate, model: str, served: ServedOptions) -> None:
    """Print an estimate.

    Args:
        estimate: The estimate.
        model: The model, ``openai:NAME``.
        served: The prices of served models.
    """
    lines = [
        ("clips", f"{estimate.clips:,} with {estimate.questions:,} questions to answer"),
        ("requests", f"{estimate.requests:,}"),
        ("pictures", f"{estimate.pictures:,}, each sent with every question about its clip"),
        ("prompt tokens", f"about {estimate.prompt_tokens:,}, of them {estimate.picture_tokens:,} of pictures"),
        ("written tokens", f"at most {estimate.written_tokens:,}"),
    ]
    price = price_of(model, served)
    if price is not None:
        most = Usage(prompt_tokens=estimate.prompt_tokens, written_tokens=estimate.written_tokens).cost(price)
        lines.append(("cost", f"at most about {most:.4g} by --price, without what the server has in its cache"))
    else:
        lines.append(("cost", "unknown; --price INPUT,OUTPUT says what a million tokens cost"))
    print(f"{model}: prompts of {estimate.measured} clips were counted by the server, and nothing was answered")
    for name, text in lines:
        print(f"  {name:<15} {text}")
    if estimate.not_counted:
        print(
            f"  not counted     {estimate.not_counted:,} questions about long videos: each event found in them is asked"
        )
