"""What costs what, as ratios of two things measured in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from time import process_time
from typing import Any

NAMES = ("checking", "evaluation", "models")
_REPETITIONS = 7


@dataclass(frozen=True)
class Ratio:
    """Two costs, medians of CPU seconds, and the most that their ratio is meant to be, where there is a target."""

    what: str
    one: float
    other: float
    target: float | None = None


def measured(name: str) -> Iterator[Ratio]:
    """The ratios that a benchmark measures, each when it is known."""
    yield from import_module(f"{__name__}.{name}").ratios()


def interleaved(*sides: Callable[[], Any], repetitions: int = _REPETITIONS) -> list[float]:
    """Median CPU seconds of each side, taken in turn so that both meet the same machine."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(repetitions):
        for side, taken in zip(sides, times, strict=True):
            started = process_time()
            side()
            taken.append(process_time() - started)
    return [median(taken) for taken in times]
