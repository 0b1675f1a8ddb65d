"""What costs what: the CPU time of sides that do the same work, measured in turn, and what is found of bugs that were planted; and
how both compare with what is aimed at."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from math import exp, log
from statistics import median
from time import process_time
from typing import Any, Literal, TypeAlias

NAMES = ("checking", "collapse", "evaluation", "generation", "models", "planted")

MEAN = "geometric mean"

Side = Callable[[], float]
"""One repetition of a side's work, which gives the CPU seconds that it took, for one example where there are many."""

Costs = Mapping[str, tuple[float, ...]]
"""What sides cost, by their names: CPU seconds, one number for each repetition."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number worth knowing, of which it may be said what it is meant to be at most, or at least."""

    what: str
    value: float
    unit: str = "×"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether it is what it is meant to be; ``None`` where nothing is said of that."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Table:
    """The costs of sides on subjects, ``costs[subject][side]``, and figures drawn from them. A side that a subject lacks could not
    be measured there. ``unit`` is that in which people read the costs; ``baselines`` are sides that the others are compared with;
    ``remarks`` say what else one must know; ``versions`` name the other programs that took part."""

    title: str
    unit: Literal["µs", "ms"]
    costs: Mapping[str, Costs]
    baselines: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    remarks: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[str, ...]:
        """The names of all sides, each once, in the order in which subjects first have them."""
        return tuple(dict.fromkeys(side for costs in self.costs.values() for side in costs))

    def cost(self, subject: str, side: str) -> float | None:
        """The median of the repetitions, in CPU seconds."""
        taken = self.costs[subject].get(side)
        return median(taken) if taken else None

    def ratio(self, subject: str, side: str, baseline: str) -> float | None:
        """What a side costs for each second of the baseline."""
        one, other = self.cost(subject, side), self.cost(subject, baseline)
        return None if one is None or other is None else one / other

    def ratios(self, side: str, baseline: str) -> dict[str, float | None]:
        """The ratio on every subject, and where it is known on all, as ``geometric mean`` that of them."""
        ratios = {subject: self.ratio(subject, side, baseline) for subject in self.costs}
        known = [ratio for ratio in ratios.values() if ratio is not None]
        mean = exp(sum(map(log, known)) / len(known)) if known and len(known) == len(ratios) else None
        return {**ratios, MEAN: mean}

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, costs in CPU seconds."""
        return {
            "title": self.title,
            "costs": {
                subject: {side: {"median": self.cost(subject, side), "repetitions": taken} for side, taken in costs.items()}
                for subject, costs in self.costs.items()
            },
            "ratios": {to: {side: self.ratios(side, to) for side in self.sides} for to in self.baselines if to in self.sides},
            "figures": [figure.to_json() for figure in self.figures],
            "versions": dict(self.versions),
            "remarks": list(self.remarks),
        }


Cell: TypeAlias = str | int | float | bool | None
"""What stands in a listing: a word, a number, yes or no; ``None`` where there is nothing to say."""


@dataclass(frozen=True)
class Listing:
    """What came of each subject, ``rows[subject]`` having a cell for each column, and figures drawn from them. ``remarks`` say
    what else one must know."""

    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Cell, ...]]
    figures: tuple[Figure, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "title": self.title,
            "rows": {subject: dict(zip(self.columns, row, strict=True)) for subject, row in self.rows.items()},
            "figures": [figure.to_json() for figure in self.figures],
            "remarks": list(self.remarks),
        }


def measured(name: str) -> Iterator[str | Table | Listing]:
    """The tables of a benchmark, each when it is known, and between them what is going on."""
    yield from import_module(f"{__name__}.{name}").tables()


def interleaved(sides: Mapping[str, Side], repetitions: int = 7) -> Costs:
    """What each side cost, taken in turn so that all meet the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: tuple(seconds) for name, seconds in taken.items()}


def timed(work: Callable[[], Any], examples: int = 1, seconds: float = 0.0) -> Side:
    """Work in this process as a side: done again and again until it has taken ``seconds`` of CPU time, once at least, and then
    shared out among its examples. As in :mod:`timeit`, the collector of cycles is off meanwhile."""

    def side() -> float:
        times, collecting = 1, gc.isenabled()
        gc.disable()
        try:
            while True:
                started = process_time()
                for _ in range(times):
                    work()
                taken = process_time() - started
                if taken >= seconds:
                    return taken / times / examples
                times *= 2
        finally:
            if collecting:
                gc.enable()

    return side
