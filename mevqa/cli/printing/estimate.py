"""What ``mevqa eval --estimate`` prints: requests, pictures, tokens and cost of a served model."""

from __future__ import annotations

from mevqa.inference.answering.estimate import Estimate
from mevqa.models.base import ServedOptions
from mevqa.models.served.model import price_of
from mevqa.models.served.usage import Usage


def print_estimate(found: Estimate, model: str, served: ServedOptions) -> None:
    """Print an estimate.

    Args:
        found: The estimate.
        model: The model, ``openai:NAME``.
        served: The prices of served models.
    """
    lines = [
        ("clips", f"{found.clips:,} with {found.questions:,} questions to answer"),
        ("requests", f"{found.requests:,}"),
        ("pictures", f"{found.pictures:,}, each sent with every question about its clip"),
        ("prompt tokens", f"about {found.prompt_tokens:,}, of them {found.picture_tokens:,} of pictures"),
        ("written tokens", f"at most {found.written_tokens:,}"),
    ]
    price = price_of(model, served)
    if price is not None:
        most = Usage(prompt_tokens=found.prompt_tokens, written_tokens=found.written_tokens).cost(price)
        lines.append(("cost", f"at most about {most:.4g} by --price, without what the server has in its cache"))
    else:
        lines.append(("cost", "unknown; --price INPUT,OUTPUT says what a million tokens cost"))
    print(f"{model}: prompts of {found.measured} clips were counted by the server, and nothing was answered")
    for name, text in lines:
        print(f"  {name:<15} {text}")
    if found.not_counted:
        print(f"  not counted     {found.not_counted:,} questions about long videos: each event found in them is asked")
