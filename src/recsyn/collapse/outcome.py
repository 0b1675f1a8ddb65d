"""What came of the cells of a study, as plain data that tables, plots and pages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from recsyn.collapse.family import Array

Label = Literal["exact", "asymptotic", "bound"]


@dataclass(frozen=True)
class Collapse:
    """A chain that could not go on: in which generation, and why."""

    chain: int
    generation: int
    cause: str


@dataclass(frozen=True)
class Prediction:
    """What a result of the theory (:mod:`recsyn.collapse.theory`) says of a metric: float[generations]."""

    result: str
    label: Label
    metric: str
    values: Array


@dataclass(frozen=True)
class Outcome:
    """Independent chains of one setting. ``values`` has float[chains, generations] by metric, NaN where there is none, as after a
    collapse. ``shown`` are rows that the first chain's models made, by generation, fewer than were made, for those who want to see
    them; ``texts`` are such rows as lines to read, where they can be. ``failed`` says what kept chains from running at all.
    ``numbers`` are those of the chains, as collapses name them: 0, 1, and so on where it is ``None``, others where some did not
    run."""

    point: Mapping[str, str]
    values: Mapping[str, Array]
    collapses: tuple[Collapse, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    shown: Mapping[int, Array] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    texts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    numbers: tuple[int, ...] | None = None

    def place_of(self, chain: int) -> int | None:
        """Where values of the chain of this number are; ``None`` where there are none."""
        if self.numbers is None:
            return chain if 0 <= chain < self.chains else None
        return self._places.get(chain)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {number: place for place, number in enumerate(self.numbers or ())}

    @property
    def name(self) -> str:
        return ", ".join(f"{axis} {name}" for axis, name in self.point.items())

    @property
    def generations(self) -> int:
        return max((values.shape[1] for values in self.values.values()), default=0)

    @property
    def chains(self) -> int:
        return max((values.shape[0] for values in self.values.values()), default=0)


@dataclass(frozen=True)
class Band:
    """A metric by generation, over chains that still ran: float[generations] each; ``error`` is the standard error of the mean."""

    mean: Array
    error: Array
    low: Array
    high: Array


def band(values: Array, share: float = 0.9) -> Band:
    """Of float[chains, generations]: mean, standard error, and between what ``share`` of the chains lie."""
    ran = np.isfinite(values)
    known = np.where(ran, values, np.nan)
    many = ran.sum(0)
    mean, error, low, high = (np.full(values.shape[1], np.nan) for _ in range(4))
    some, several = many > 0, many > 1
    mean[some] = np.nanmean(known[:, some], 0)
    error[several] = np.nanstd(known[:, several], 0, ddof=1) / np.sqrt(many[several])
    if some.any():
        low[some], high[some] = np.nanquantile(known[:, some], [(1 - share) / 2, (1 + share) / 2], axis=0)
    return Band(mean, error, low, high)
