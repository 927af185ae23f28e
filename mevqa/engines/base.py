"""The interface of an engine: one function, many items, results as they are done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost:
    """An item whose process ended before it gave a result.

    Attributes:
        reason: Why, and what may help; one line.
    """

    reason: str


class Engine(Protocol):
    """Does the same work on many items, some at a time.

    Attributes:
        shares_files: Whether workers see the files and the memory of this process as it was at the start: paths mean
            the same, and registered entries are known.
    """

    shares_files: bool

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[tuple[int, Result | Lost], None, None]:
        """Yield the index of each item with its result, in the order in which they are done.

        Closing the generator ends the items under way. At most some items more than there are workers are under way at
        once, so that memory does not grow with the number of items.

        Args:
            work: Function of one item; it must return, not raise, errors that are to be reported of the item.
            items: The items.
        """
        ...
