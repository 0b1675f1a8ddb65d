"""Many regressions at once: their truths, the models that are fitted, and chains whose rows are kept as rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import e, pi, sqrt
from operator import is_
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence

from recsyn.collapse.families import matrices
from recsyn.collapse.families.chunks import generators, pieces, side_by_side
from recsyn.collapse.family import TEST_LOSS, Array, Rows, Scores

if TYPE_CHECKING:
    from recsyn.collapse.families.linear import Linear

CACHED = 1 << 18
"""Numbers that a piece of chains works on at once: two megabytes of them."""
_CENTRAL = 1.959963984540054
"""Within so many standard deviations lie 95 % of what is normal."""
NEGLIGIBLE = 1e-13
"""Of the largest singular value: what is below it is nothing."""


@dataclass(frozen=True)
class LinearModel:
    """``weights`` are float[d, chains], in principal axes."""

    of: Regressions
    weights: Array

    def sample(self, n: int, generator: Generator) -> Rows:
        return self.of.labelled(self.weights, n, generator, False)

    def score(self, test: Rows) -> Scores:
        """The test loss is the expected squared error on fresh real rows less σ², exactly: (w − w*)ᵀΣ(w − w*). What is in the test
        rows does not matter."""
        return {TEST_LOSS: self._squares(self.weights - self.of.truth)}

    def state(self) -> Mapping[str, Array]:
        return {"weights": self.weights.T}

    def profile(self, first: Mapping[str, Array]) -> Scores:
        """Exactly: ``drift`` (w − w₁)ᵀΣ(w − w₁) from the first generation, the ``norm`` |w|, the ``variance`` wᵀΣw + σ² of labels
        and their differential ``entropy`` in nats, and the ``tail_mass``, the share of labels beyond the central 95 % of real
        ones."""
        noise = self.of.family.noise**2
        variance, real = self._squares(self.weights) + noise, self.of.signal + noise
        return {
            "drift": self._squares(self.weights - np.asarray(first["weights"]).T),
            "norm": np.sqrt(np.einsum("ic,ic->c", self.weights, self.weights)),
            "variance": variance,
            "entropy": np.log(2 * pi * e * variance) / 2,
            "tail_mass": _beyond(_CENTRAL * np.sqrt(real / variance)),
        }

    def _squares(self, weights: Array) -> Array:
        return squares(self.of.family.variances, weights)


def squares(variances: Array, weights: Array) -> Array:
    """wᵀΣw, float[chains]."""
    found: Array = np.einsum("i,ic,ic->c", variances, weights, weights)
    return found


def _beyond(deviations: Array) -> Array:
    """The share of what is normal that is farther from the mean than so many standard deviations, with a relative error below
    1.2e-7 (W. H. Press et al., Numerical Recipes, `erfcc`)."""
    z = deviations / sqrt(2)
    t = 2 / (2 + z)
    series = np.zeros_like(t)
    for coefficient in _ERFCC:
        series *= t
        series += coefficient
    return t * np.exp(series - z * z)


_ERFCC = (
    *(0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807),
    *(-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223),
)


class Regressions(ABC):
    """A batch of chains. ``truth`` is float[d, chains], in principal axes, and ``signal`` the variance that it gives labels;
    ``scales`` are the standard deviations of the features."""

    def __init__(self, family: Linear, chains: int, generator: Generator) -> None:
        self.family, self.chains, self.features = family, chains, family.features
        self.scales = np.sqrt(family.variances)
        if isinstance(family.truth, tuple):
            truth = family.in_axes(np.array(family.truth))[:, None]
        else:
            truth = generator.standard_normal((self.features, chains))
            truth *= family.truth / np.sqrt(np.add.reduce(truth**2, 0))
        self.truth = np.array(np.broadcast_to(truth, (self.features, chains)))
        self.signal = squares(family.variances, self.truth)
        self._entropy = generator.integers(0, 1 << 32, 8, dtype=np.uint64).tolist()

    @abstractmethod
    def labelled(self, weights: Array, n: int, generator: Generator, real: bool) -> Rows:
        """``n`` rows with labels after these weights."""

    @abstractmethod
    def fit(self, rows: Rows, weights: Array, generator: Generator) -> LinearModel: ...

    def real(self, n: int, generator: Generator) -> Rows:
        return self.labelled(self.truth, n, generator, True)

    def held_out(self, n: int, generator: Generator) -> Rows:
        """None, since no score looks at them."""
        return np.empty((self.chains, 0, self.features + 1))

    def shared(self) -> Generator:
        """For what all generations share: the same whenever it is asked for."""
        return Generator(SFC64(SeedSequence(self._entropy)))

    def pieces(self, numbers: int) -> list[slice]:
        """Pieces of chains, for work on so many numbers a chain."""
        return pieces(self.chains, min(2048, max(64, CACHED // numbers)))

    def descended(self, gram: Array, moment: Array, total: Array | float, rows: int) -> Array:
        """What gradient descent from 0 comes to, all steps at once: along an eigenvector of the Hessian with eigenvalue h, a step
        leaves 1 − rate·h of the way to the minimum, and k steps go (1 − (1 − rate·h)^k)/h times the gradient at 0. ``gram`` is
        float[d, d, chains], on and above its diagonal, and lost; ``total`` is the sum of the weights."""
        steps, rate = self.family.steps or rows, self.family.rate
        whole = np.triu(np.moveaxis(gram, 2, 0))
        whole += np.swapaxes(np.triu(whole, 1), 1, 2)
        values, axes = np.linalg.eigh(whole)
        total = np.reshape(total, (-1, 1))
        bend = (np.maximum(values, 0) + self.family.ridge) / total
        step = rate * bend
        # Two ways to say the same: the first is exact where little is left of a small number, the other where steps overshoot.
        gone = np.where(step < 0.5, -np.expm1(steps * np.log1p(-np.minimum(step, 0.5))), 1 - (1 - step) ** steps)
        way = np.where(step > 0, gone / bend, steps * rate)
        slope = np.einsum("cji,jc->ci", axes, moment) / total
        reached: Array = np.einsum("cij,cj->ic", axes, way * slope)
        return reached


class RowByRow(Regressions):
    """Rows are rows: float[chains, rows, d + 1], which may be parted from those they were drawn with."""

    def __init__(self, family: Linear, chains: int, generator: Generator) -> None:
        super().__init__(family, chains, generator)
        self._design: Array | None = None
        self._joined: list[Array] = []
        self._pool = np.empty((chains, 0, family.features + 1))

    def joined(self, portions: Sequence[Array]) -> Array:
        """Where they begin with what was joined last, as those of a pool that grows, only what is new is copied."""
        if len(portions) == 1:
            return portions[0]
        known, ends = len(self._joined), np.cumsum([0, *(portion.shape[1] for portion in portions)]).tolist()
        goes_on = known <= len(portions) and all(map(is_, self._joined, portions))
        if not known or not goes_on or ends[-1] > self._pool.shape[1]:
            known, self._pool = 0, np.empty((self.chains, 2 * ends[-1], self.features + 1))
        for portion, start, end in zip(portions[known:], ends[known:-1], ends[known + 1 :], strict=True):
            self._pool[:, start:end] = portion
        self._joined = list(portions)
        return self._pool[:, : ends[-1]]

    def labelled(self, weights: Array, n: int, generator: Generator, real: bool) -> Array:
        rows = np.empty((self.chains, n, self.features + 1))
        design = self._rows_of_design(n, real) if self.family.design == "same" else None
        places = self.pieces(n * (self.features + 1))

        def draw(piece: slice, chance: Generator) -> None:
            drawn = rows[piece]
            if design is None:
                chance.standard_normal(out=drawn)
                drawn[..., :-1] *= self.scales
                labels = self.family.noise * drawn[..., -1]
            else:
                drawn[..., :-1] = design[piece]
                labels = self.family.noise * chance.standard_normal(drawn.shape[:2])
            drawn[..., -1] = labels + (drawn[..., :-1] @ weights[:, piece].T[..., None])[..., 0]

        side_by_side(draw, places, generators(generator, len(places)))
        return rows

    def _rows_of_design(self, n: int, real: bool) -> Array:
        """float[chains, n, d]. The first rows that are asked for are those of the design."""
        if self._design is None:
            design = self._design = np.empty((self.chains, n, self.features))
            places = self.pieces(n * self.features)

            def draw(piece: slice, chance: Generator) -> None:
                chance.standard_normal(out=design[piece])
                design[piece] *= self.scales

            side_by_side(draw, places, generators(self.shared(), len(places)))
        rows = self._design.shape[1]
        return self._design if n == rows else self._design[:, places_in(rows, n, real)]

    def fit(self, rows: Rows, weights: Array, generator: Generator) -> LinearModel:
        assert isinstance(rows, np.ndarray)
        found = np.empty((self.features, self.chains))
        weights = np.broadcast_to(weights, rows.shape[:2])

        def fit(piece: slice) -> None:
            found[:, piece] = self._fitted(rows[piece], weights[piece])

        side_by_side(fit, self.pieces(rows.shape[1] * rows.shape[2]))
        return LinearModel(self, found)

    def _fitted(self, rows: Array, weights: Array) -> Array:
        weighted = rows if (weights == 1).all() else rows * np.sqrt(weights)[..., None]
        count, ridge = rows.shape[1], self.family.ridge
        if self.family.solver == "exact":
            if count < self.features:
                return shortest(weighted, ridge)
            return least_squares(weighted, ridge)
        gram, moment = _squares_of(weighted)
        return self.descended(gram, moment, weights.sum(1), count)


def places_in(rows: int, n: int, real: bool) -> Array:
    """Which rows of a design of so many are labelled, where n are: again and again from the first on, or up to the last."""
    return (np.arange(n) if real else np.arange(-n, 0)) % rows


# Least squares of rows that have their weights in them: float[chains, n, d + 1]


def least_squares(rows: Array, ridge: float) -> Array:
    """float[d, chains], of n ≥ d rows."""
    gram, moment = _squares_of(rows)
    places = np.arange(len(moment))
    gram[places, places] += ridge
    sound = matrices.factorise(gram)
    return _or_pseudoinverse(rows, matrices.back(gram, matrices.forth(gram, moment)), sound, ridge)


def shortest(rows: Array, ridge: float) -> Array:
    """float[d, chains], of n < d rows: Xᵀ(XXᵀ + ridge)⁻¹y."""
    features = rows[..., :-1]
    kernel = matrices.chains_last(features @ features.swapaxes(1, 2))
    places = np.arange(len(kernel))
    kernel[places, places] += ridge
    sound = matrices.factorise(kernel)
    dual = matrices.back(kernel, matrices.forth(kernel, matrices.chains_last(rows[..., -1])))
    return _or_pseudoinverse(rows, (dual.T[:, None] @ features)[:, 0].T, sound, ridge)


def pseudoinverse(rows: Array) -> Array:
    """float[d, chains]: the shortest of all that have the least squares, whatever the rank of the rows."""
    return (np.linalg.pinv(rows[..., :-1], NEGLIGIBLE) @ rows[..., -1:])[..., 0].T


def _or_pseudoinverse(rows: Array, found: Array, sound: Array, ridge: float) -> Array:
    """Rows that are drawn more than once may have a lower rank than their number says."""
    if not ridge and not sound.all():
        found[:, ~sound] = pseudoinverse(rows[~sound])
    return found


def _squares_of(rows: Array) -> tuple[Array, Array]:
    """XᵀX, float[d, d, chains], and Xᵀy, float[d, chains]."""
    both = matrices.chains_last(rows.swapaxes(1, 2) @ rows)
    return both[:-1, :-1].copy(), both[:-1, -1].copy()
