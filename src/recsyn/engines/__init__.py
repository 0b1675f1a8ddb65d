"""A grid of runs worked off: one function applied to many items, in this process, in several others or on a cluster.

How it is done changes no result. What ends before its time, whatever ended it, is told of that item alone, and the others go on.
Importing this package alone imports nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Tell: TypeAlias = Callable[[Any], None]
"""By which a piece of work says how far it is."""
Work: TypeAlias = Callable[[Any, Tell], Any]
"""What is to be done with an item. It is sent to other processes, so it has to be a function of a module, or a partial one of such;
items, messages and results are data that can be pickled, and paths in them absolute ones."""
Heard: TypeAlias = Callable[[int, Any], None]
"""Is given the number of an item and what its work told, while the results are waited for."""


@dataclass(frozen=True, slots=True)
class Done:
    """What the work gave for the item of this number."""

    number: int
    result: Any


@dataclass(frozen=True, slots=True)
class Ended:
    """The work on the item of this number ended without a result: it raised something, or its process was ended."""

    number: int
    why: str


class Engine(Protocol):
    """A way to work off many items."""

    def run(self, work: Work, items: Sequence[Any], heard: Heard) -> Iterator[Done | Ended]:
        """Exactly one end for each item, as they come, what was told of an item before its end. Nothing is begun before the first
        is asked for. What ``heard`` raises comes out here; then, after a ``KeyboardInterrupt`` and when the iterator is closed,
        all that is still worked on is ended. Raises :class:`~recsyn.errors.RecsynError` where no work can be begun."""
        ...
