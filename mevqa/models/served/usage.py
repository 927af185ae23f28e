"""What a served model used: requests, tokens, and their cost by the user's prices."""

from __future__ import annotations

from dataclasses import dataclass, fields

from mevqa.models.base import BudgetSpentError, Price

#: Tokens that prices are for.
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests and tokens.

    Attributes:
        requests: Requests that were answered.
        repeated: Requests that failed and were sent again, or given up; what a server did for them it does not say.
        prompt_tokens: Tokens of prompts, pictures included.
        cached_tokens: Those of them that the server had in its cache.
        written_tokens: Tokens that the model wrote.
    """

    requests: int = 0
    repeated: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Return the sum, field by field."""
        return Usage(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def cost(self, price: Price) -> float:
        """Return what the tokens cost."""
        cached = min(self.cached_tokens, self.prompt_tokens)
        prompt = (self.prompt_tokens - cached) * price.input
        prompt += cached * (price.input if price.cached is None else price.cached)
        return (prompt + self.written_tokens * price.output) / _MILLION


class Meter:
    """Counts what a model uses, and stops before its cost is above the bound.

    Args:
        price: What tokens cost; None: they are counted only.
        max_cost: Most that a run may cost; None: any.

    Attributes:
        price: As above.
        max_cost: As above.
    """

    def __init__(self, price: Price | None = None, max_cost: float | None = None) -> None:
        self.price = price
        self.max_cost = max_cost
        self._before = 0.0
        self._counted = Usage()
        self._open = Usage()

    def begin(self, cost: float) -> None:
        """Set what the run had cost before it was continued."""
        self._before = cost

    def add(self, used: Usage) -> None:
        """Count what a request used."""
        self._open += used

    def take(self) -> tuple[Usage, float | None]:
        """Return what was used since the last call, and its cost; None without a price."""
        taken, self._open = self._open, Usage()
        self._counted += taken
        return taken, None if self.price is None else taken.cost(self.price)

    @property
    def spent(self) -> float:
        """What the run cost up to now; 0 without a price."""
        return self._before + (0.0 if self.price is None else (self._counted + self._open).cost(self.price))

    def reserve(self, prompt_tokens: int, written_tokens: int) -> None:
        """Refuse requests that could bring the cost above the bound.

        Args:
            prompt_tokens: Tokens of their prompts.
            written_tokens: Most tokens that the model may write.

        Raises:
            BudgetSpentError: They could.
        """
        if self.max_cost is None or self.price is None:
            return
        could = Usage(prompt_tokens=prompt_tokens, written_tokens=written_tokens).cost(self.price)
        if self.spent + could > self.max_cost:
            raise BudgetSpentError(
                f"{self.spent:.4g} of --max-cost {self.max_cost:g} are spent, and what comes next could cost "
                f"{could:.2g}; the same command with a larger --max-cost goes on"
            )
