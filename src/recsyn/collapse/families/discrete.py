"""Distributions over categories, fitted by how often each is seen.

=================  ==========================================================================================================
``probabilities``  of the truth: a list of numbers, ``{zipf: K, exponent: a}`` (the k-th of K categories has a probability in
                   proportion to k⁻ᵃ, a = 1 where none is given) or ``{uniform: K}``, which is the same with a = 0
``smoothing``      what is added to the count of every category before models divide by the sum (0)
``right``          the categories that are right, for verified workflows
``error``          the probability with which a right category that a model draws turns into a wrong one (0), each wrong one as
                   likely as any other: a model that adds errors of its own
=================  ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families.batches import Chains, JudgedChains
from recsyn.collapse.families.picking import picked
from recsyn.collapse.families.reading import fields_of, number, whole
from recsyn.collapse.family import TEST_LOSS, Array, Scores
from recsyn.errors import RecsynError, quoted

FLOOR = 1e-6
"""Where a category of the truth was lost, the test loss is that of the model mixed with this share of the uniform distribution:
else it were infinite. Nothing else depends on it."""

_FIELDS = ("probabilities", "smoothing", "right", "error")
_MOST_CATEGORIES = 1_000_000


@dataclass(frozen=True)
class Zipf:
    """Probabilities in proportion to k⁻ᵃ for k = 1, 2, …, uniform where the exponent a is 0."""

    categories: int
    exponent: float = 1.0


@dataclass(frozen=True)
class Discrete:
    """Rows are the numbers of categories from 0: int[n], in a batch int[chains, n]. ``probabilities`` are made to sum to 1. Raises
    :class:`RecsynError` for those of which that cannot be said."""

    probabilities: tuple[float, ...] | Zipf
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        given = self._given
        if given.ndim != 1 or not len(given) or not np.isfinite(given).all() or given.min() < 0 or not given.sum() > 0:
            raise RecsynError(
                f"the probabilities are {quoted(self.probabilities)}", "give a number of 0 or above for each category, one above 0"
            )

    @property
    def _given(self) -> Array:
        if isinstance(self.probabilities, Zipf):
            return np.arange(1.0, self.probabilities.categories + 1) ** -self.probabilities.exponent
        return np.array(self.probabilities, float)

    @cached_property
    def truth(self) -> Array:
        """The probabilities of the truth: float[categories]."""
        truth: Array = self._given / self._given.sum()
        return truth

    def to_config(self) -> dict[str, Any]:
        law = self.probabilities
        written = {"zipf": law.categories, "exponent": law.exponent} if isinstance(law, Zipf) else list(law)
        return {"kind": "discrete", "probabilities": written, "smoothing": self.smoothing}

    def check(self, rows: int) -> None:
        if rows < 1:
            raise RecsynError("there are no rows to count", "give 1 row or more")

    def batch(self, chains: int, whole: bool, generator: Generator) -> Chains:
        return Chains(self, chains)

    def real(self, n: int, generator: Generator) -> Array:
        return picked(self.truth, n, generator)

    def fit(self, rows: Array, weights: Array, generator: Generator) -> DiscreteModel:
        """p̂ = (Σw of the rows of a category + smoothing) / (Σw + categories · smoothing)."""
        categories, chains = len(self.truth), rows.reshape(-1, rows.shape[-1])
        cells = chains + categories * np.arange(len(chains))[:, None]
        each = np.broadcast_to(weights, rows.shape).reshape(-1)
        counted = np.bincount(cells.reshape(-1), each, categories * len(chains))
        counts = counted.reshape(*rows.shape[:-1], categories) + self.smoothing
        return DiscreteModel(self, counts / counts.sum(-1, keepdims=True))


@dataclass(frozen=True)
class JudgedDiscrete(Discrete):
    """Some categories are ``right``, the others wrong, and models may turn right into wrong ones."""

    right_categories: tuple[int, ...] = ()
    error: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.right_categories or not set(self.right_categories) <= set(range(len(self.truth))):
            raise RecsynError(
                f"the right categories are {quoted(list(self.right_categories))}",
                f"name some of those from 0 to {len(self.truth) - 1}",
            )
        if self.error and not len(self.wrong):
            raise RecsynError("all categories are right, and yet models turn some into wrong ones", "leave `error` out")

    @cached_property
    def is_right(self) -> Array:
        """bool[categories]."""
        return np.isin(np.arange(len(self.truth)), self.right_categories)

    @cached_property
    def wrong(self) -> Array:
        """The numbers of the categories that are not right."""
        return np.flatnonzero(~self.is_right)

    def to_config(self) -> dict[str, Any]:
        return {**super().to_config(), "right": list(self.right_categories), "error": self.error}

    def batch(self, chains: int, whole: bool, generator: Generator) -> JudgedChains:
        return JudgedChains(self, chains)

    def right(self, rows: Array) -> Array:
        return self.is_right[rows]

    def fit(self, rows: Array, weights: Array, generator: Generator) -> ErringModel:
        return ErringModel(self, super().fit(rows, weights, generator).shares)


@dataclass(frozen=True)
class DiscreteModel:
    """Of one chain or of many: shares float[..., categories], which sum to 1."""

    truth: Discrete
    shares: Array

    def sample(self, n: int, generator: Generator) -> Array:
        return picked(self.shares, n, generator)

    def score(self, test: Array) -> Scores:
        """Exact, so that the test rows are not looked at. The test loss is the cross-entropy of the truth under the model less the
        entropy of the truth, Σ p ln(p/p̂), in nats (see :data:`FLOOR`). ``gini_simpson`` is 1 − Σp̂², ``support`` the share of the
        truth's categories that the model can still draw, ``total_variation`` Σ|p − p̂| / 2."""
        truth, shares = self.truth.truth, self.shares
        seen = truth > 0
        p, q = truth[seen], shares[..., seen]
        lost = (q == 0).any(-1, keepdims=True)
        q = np.where(lost, (1 - FLOOR) * q + FLOOR / len(truth), q)
        return {
            TEST_LOSS: (p * (np.log(p) - np.log(q))).sum(-1),
            "gini_simpson": 1 - (shares**2).sum(-1),
            "support": (shares[..., seen] > 0).mean(-1),
            "total_variation": np.abs(shares - truth).sum(-1) / 2,
        }


@dataclass(frozen=True)
class ErringModel(DiscreteModel):
    """Its shares are those of the rows it was fitted to; what it draws has errors besides."""

    truth: JudgedDiscrete

    def sample(self, n: int, generator: Generator) -> Array:
        rows = super().sample(n, generator)
        if self.truth.error:
            turned = self.truth.is_right[rows] & (generator.random(rows.shape) < self.truth.error)
            rows[turned] = generator.choice(self.truth.wrong, int(turned.sum()))
        return rows

    def score(self, test: Array) -> Scores:
        """``right_share`` is the probability that what it draws is right."""
        right = self.shares[..., self.truth.is_right].sum(-1) * (1 - self.truth.error)
        return {**super().score(test), "right_share": right}


def discrete_from_config(config: object) -> Discrete:
    """Raises :class:`RecsynError` for what is none."""
    written = fields_of(config, "discrete", _FIELDS)
    if "probabilities" not in written:
        raise RecsynError("the family discrete has no probabilities", "give a list, {zipf: K, exponent: a} or {uniform: K}")
    probabilities = _probabilities(written["probabilities"])
    smoothing = number("smoothing of discrete", written.get("smoothing", 0.0), 0)
    error = number("error of discrete", written.get("error", 0.0), 0, 1)
    right = written.get("right")
    if right is None:
        if error:
            raise RecsynError("models turn right categories into wrong ones, and none is right", "give `right` with `error`")
        return Discrete(probabilities, smoothing)
    if not isinstance(right, list):
        raise RecsynError(f"right of discrete is {quoted(right)}", "give the numbers of the right categories, from 0")
    categories = probabilities.categories if isinstance(probabilities, Zipf) else len(probabilities)
    chosen = tuple(whole("a right category", each, 0, categories - 1) for each in right)
    return JudgedDiscrete(probabilities, smoothing, chosen, error)


def _probabilities(written: object) -> tuple[float, ...] | Zipf:
    if isinstance(written, list):
        return tuple(number("a probability of discrete", each, 0) for each in written)
    if isinstance(written, Mapping) and "zipf" in written and set(written) <= {"zipf", "exponent"}:
        categories = whole("zipf, the number of categories,", written["zipf"], 1, _MOST_CATEGORIES)
        exponent = number("exponent of zipf", written.get("exponent", 1.0), 0, 20)
        return Zipf(categories, exponent)
    if isinstance(written, Mapping) and set(written) == {"uniform"}:
        return Zipf(whole("uniform, the number of categories,", written["uniform"], 1, _MOST_CATEGORIES), 0.0)
    raise RecsynError(f"probabilities of discrete are {quoted(written)}", "give a list, {zipf: K, exponent: a} or {uniform: K}")
