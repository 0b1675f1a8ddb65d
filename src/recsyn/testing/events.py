"""What a campaign says while it runs. Plain data: terminals and reports only consume them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from recsyn.testing.verdicts import Failure


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """``planned`` inputs are to be tested in it; ``None`` where that is not known."""

    phase: str
    planned: int | None


@dataclass(frozen=True, slots=True)
class BatchTested:
    """``tested``, ``failures`` and ``lost`` count the whole phase so far; ``lost`` are those of ``tested`` without a verdict."""

    phase: str
    tested: int
    failures: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A failing input and the smallest that was reached from it."""

    before: Failure
    after: Failure


@dataclass(frozen=True, slots=True)
class Finished:
    seconds: float


Event: TypeAlias = PhaseStarted | BatchTested | Shrunk | Finished
Listener: TypeAlias = Callable[[Event], None]


def unheard(event: Event) -> None:
    """The listener where nobody listens."""
