"""Many chains of a family whose fits and models take rows of many chains as they take those of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.random import Generator

from recsyn.collapse.family import Array, Model


class OfAnyShape(Protocol):
    """A family that fits ``[rows, …]`` to one model, and ``[chains, rows, …]`` to as many as there are chains."""

    def real(self, n: int, generator: Generator) -> Array: ...

    def fit(self, rows: Array, weights: Array, generator: Generator) -> Any: ...


@dataclass(frozen=True)
class Chains:
    """``chains`` chains of a family, side by side. A chain that cannot go on does not stop the others: its scores become NaN."""

    family: OfAnyShape
    chains: int

    def real(self, n: int, generator: Generator) -> Array:
        rows = self.family.real(self.chains * n, generator)
        return rows.reshape(self.chains, n, *rows.shape[1:])

    def fit(self, rows: Array, weights: Array, generator: Generator) -> Model:
        model: Model = self.family.fit(rows, weights, generator)
        return model


@dataclass(frozen=True)
class JudgedChains(Chains):
    """The same of a family that knows which rows are right, each by itself."""

    family: _Judged

    def right(self, rows: Array) -> Array:
        return self.family.right(rows)


class _Judged(OfAnyShape, Protocol):
    def right(self, rows: Array) -> Array: ...
