"""Chains whose lots are never parted: then a lot need not be rows. What is known of it is its *estimate*, the shortest w that fits
it alone by least squares, and XᵀX. All that is fitted to it can be told from them, with others too, weighted and with a ridge:
Σ(y − x·w)² is (w − estimate)ᵀXᵀX(w − estimate) and what does not depend on w.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families import matrices
from recsyn.collapse.families.chunks import generators, seeded, side_by_side
from recsyn.collapse.families.regression import NEGLIGIBLE, LinearModel, Regressions, places_in, pseudoinverse
from recsyn.collapse.family import Array, Rows

if TYPE_CHECKING:
    from recsyn.collapse.families.linear import Linear


@dataclass(frozen=True)
class Lot:
    """``count`` rows. ``estimate`` is float[d, chains]; ``weight`` is that of a row and ``total`` that of all, one number or
    float[chains]. ``rows`` gives, of some chains, rows X of which XᵀX is that of all, float[k, d, chains], with a generator of
    ``entropy`` where they are drawn: as many as there are, or d, and then a triangle. ``read_from`` is what tells it from
    others."""

    read_from: Array
    estimate: Array
    weight: Array
    total: Array
    count: int
    rows: Callable[[slice, Generator | None], Array]
    entropy: tuple[int, ...] | None = None


class Lots(Regressions):
    """Of rows, which are tuples of arrays with one place on axis 1 for each lot. Lots that are joined are a longer tuple, so that
    nothing is copied."""

    def __init__(self, family: Linear, chains: int, generator: Generator) -> None:
        super().__init__(family, chains, generator)
        self._summed: list[Lot] = []
        self._sums: list[tuple[Array, Array]] = []

    @abstractmethod
    def read(self, rows: Rows, weights: Array) -> tuple[list[Lot], int]:
        """Lots that have not the same X, with the rank of all their rows."""

    def joined(self, portions: Sequence[Rows]) -> Rows:
        return tuple(part for portion in portions for part in portion)

    def fit(self, rows: Rows, weights: Array, generator: Generator) -> LinearModel:
        lots, rank = self.read(rows, weights)
        if self.family.solver == "gradient" or self.family.ridge:
            return LinearModel(self, self._by_squares(lots))
        if len(lots) == 1:
            return LinearModel(self, lots[0].estimate)
        return LinearModel(self, self._shortest(lots) if rank < self.features else self._by_squares(lots))

    def _shortest(self, lots: Sequence[Lot]) -> Array:
        found = np.empty((self.features, self.chains))

        def solve(piece: slice) -> None:
            stacked = []
            for lot in lots:
                rows = np.sqrt(_of(lot.weight, piece)) * lot.rows(piece, None)
                labels = matrices.times(rows, lot.estimate[:, piece])
                stacked.append(np.concatenate([rows, labels[:, None]], 1))
            found[:, piece] = pseudoinverse(matrices.chains_first(np.concatenate(stacked)))

        side_by_side(solve, self.pieces(self.features**2))
        return found

    def _by_squares(self, lots: list[Lot]) -> Array:
        """What was summed for the generation before is summed on, where that is the beginning of the same sum."""
        found = np.empty((self.features, self.chains))
        known, places = len(self._summed), self.pieces(2 * self.features**2)
        if not known or known > len(lots) or not all(map(_same, self._summed, lots)):
            known = 0
            self._sums = [_nothing(self.features, piece) for piece in places]
        self._summed = lots
        family, diagonal = self.family, np.arange(self.features)
        total = sum((lot.total for lot in lots), np.zeros(()))
        count = sum(lot.count for lot in lots)

        def solve(piece: slice, sums: tuple[Array, Array], *chances: Generator | None) -> None:
            gram, moment = sums
            for lot, chance in zip(lots[known:], chances, strict=True):
                rows = lot.rows(piece, chance)
                matrices.add_squares(rows, _of(lot.weight, piece), lot.estimate[:, piece], gram, moment)
            left = gram.copy()
            if family.solver == "gradient":
                found[:, piece] = self.descended(left, moment, np.broadcast_to(total, self.chains)[piece], count)
                return
            left[diagonal, diagonal] += family.ridge
            matrices.factorise(left)
            found[:, piece] = matrices.back(left, matrices.forth(left, moment))

        side_by_side(solve, places, self._sums, *(_of_lot(lot, len(places)) for lot in lots[known:]))
        return found


def _nothing(features: int, piece: slice) -> tuple[Array, Array]:
    chains = piece.stop - piece.start
    return np.zeros((features, features, chains)), np.zeros((features, chains))


def _of(weight: Array, piece: slice) -> Array:
    return weight if weight.ndim == 0 else weight[piece]


def _of_lot(lot: Lot, many: int) -> Sequence[Generator | None]:
    """For each piece a generator that is the lot's."""
    if lot.entropy is None:
        return [None] * many
    return seeded(lot.entropy, many)


def _same(one: Lot, other: Lot) -> bool:
    return one.read_from is other.read_from and np.array_equal(one.weight, other.weight)


def _numbers(part: Array) -> Array:
    """What is kept of one lot, chains last."""
    return matrices.chains_last(part[:, 0])


class FreshDesigns(Lots):
    """Of d rows or more the estimate is w + σu, u being R⁻¹z of the triangle R of Wishart's distribution and of standard normal z,
    and that is Student's with n − d + 1 degrees of freedom, whatever R is; given u, R is that of n + 1 rows x ~ N(0, (I + uuᵀ)⁻¹),
    as the joint density of both says. So it is drawn only where it is asked for: where nothing else is fitted to, the estimate is
    the fit. All this holds for features of variance 1; others are those times their standard deviations.

    A lot keeps its estimate; u, or its rows where they are fewer than d; and their number with a seed."""

    def labelled(self, weights: Array, n: int, generator: Generator, real: bool) -> Rows:
        features, noise = self.features, self.family.noise
        estimate = np.empty((features, self.chains))
        beside = np.empty((features, self.chains) if n >= features else (n, features, self.chains))
        seed = generator.integers(0, 1 << 63, 2)
        places = self.pieces(beside[..., 0].size)

        def draw(piece: slice, chance: Generator) -> None:
            drawn = chance.standard_normal((*beside.shape[:-1], piece.stop - piece.start))
            if n >= features:
                drawn /= np.sqrt(2 * chance.standard_gamma((n - features + 1) / 2, drawn.shape[1]))
                estimate[:, piece] = weights[:, piece] + (noise / self.scales)[:, None] * drawn
            else:
                drawn *= self.scales[:, None]
                errors = noise * chance.standard_normal((n, drawn.shape[2]))
                estimate[:, piece] = matrices.times(_inverse(drawn), matrices.times(drawn, weights[:, piece]) + errors)
            beside[..., piece] = drawn

        side_by_side(draw, places, generators(generator, len(places)))
        told = np.broadcast_to(np.array([n, *seed]), (self.chains, 1, 3))
        return estimate.T[:, None], np.moveaxis(beside, -1, 0)[:, None], told

    def read(self, rows: Rows, weights: Array) -> tuple[list[Lot], int]:
        lots = []
        for place in range(len(rows) // 3):
            estimate, beside, told = rows[3 * place : 3 * place + 3]
            lots.append(self._read(estimate, beside, told[0, 0].tolist(), np.asarray(weights[..., place])))
        return lots, min(self.features, sum(lot.count for lot in lots))

    def _read(self, estimate: Array, beside: Array, told: list[int], weight: Array) -> Lot:
        n, *seed = told
        kept = _numbers(beside)

        def triangle(piece: slice, chance: Generator | None) -> Array:
            assert chance is not None
            factor = matrices.triangle(n + 1, self.features, piece.stop - piece.start, chance)
            matrices.condition(factor, kept[:, piece])
            if (self.scales != 1).any():
                factor *= self.scales[:, None]
            return factor

        rows = triangle if n >= self.features else _kept(kept)
        return Lot(estimate, _numbers(estimate), weight, weight * n, n, rows, tuple(seed))


def _kept(rows: Array) -> Callable[[slice, Generator | None], Array]:
    return lambda piece, _: rows[..., piece]


@dataclass(frozen=True)
class Design:
    """``rows`` are float[k, d, chains], as good as all that it has: of d it is a triangle. ``inverse`` is float[d, k, chains]."""

    rows: Array
    inverse: Array


class SameDesign(Lots):
    """A lot keeps its estimate, and which rows of the design it has: how many, and whether from the first on."""

    def __init__(self, family: Linear, chains: int, generator: Generator) -> None:
        super().__init__(family, chains, generator)
        self._count = 0
        self._designs: dict[tuple[int, bool], Design] = {}

    def labelled(self, weights: Array, n: int, generator: Generator, real: bool) -> Rows:
        design, times = self._design(n, real)
        estimate = np.empty((self.features, self.chains))
        height, noise = len(design.rows), self.family.noise / np.sqrt(times)
        places = self.pieces(design.rows[..., 0].size)

        def draw(piece: slice, chance: Generator) -> None:
            labels = noise * chance.standard_normal((height, piece.stop - piece.start))
            if height < self.features:
                labels += matrices.times(design.rows[..., piece], weights[:, piece])
            estimate[:, piece] = matrices.times(design.inverse[..., piece], labels)
            if height == self.features:
                estimate[:, piece] += weights[:, piece]

        side_by_side(draw, places, generators(generator, len(places)))
        return estimate.T[:, None], np.broadcast_to(np.array([n, int(real)]), (self.chains, 1, 2))

    def read(self, rows: Rows, weights: Array) -> tuple[list[Lot], int]:
        """Estimates from the same rows are as good as their weighted mean."""
        found: dict[tuple[int, bool], list[tuple[Array, Array, int]]] = {}
        for place in range(len(rows) // 2):
            estimate, told = rows[2 * place : 2 * place + 2]
            n, real = told[0, 0].tolist()
            key, times = self._key(n, bool(real))
            self._design(n, bool(real))
            found.setdefault(key, []).append((_numbers(estimate), times * np.asarray(weights[..., place]), n))
        lots = []
        for key, several in found.items():
            weight = sum((weight for _, weight, _ in several), np.zeros(()))
            mean = several[0][0] if len(several) == 1 else sum(weight * estimate for estimate, weight, _ in several) / weight
            count = sum(n for *_, n in several)
            lots.append(Lot(mean, mean, weight, weight * key[0], count, _kept(self._designs[key].rows)))
        labelled = {int(row) for key in found for row in places_in(self._count, *key)}
        return lots, min(self.features, len(labelled))

    def _key(self, n: int, real: bool) -> tuple[tuple[int, bool], int]:
        """Of which rows of the design how many times as many are."""
        times, rest = divmod(n, self._count)
        return ((n, real), 1) if rest else ((self._count, True), times)

    def _design(self, n: int, real: bool) -> tuple[Design, int]:
        """The first rows that are asked for are the design."""
        if not self._count:
            self._count = n
            self._designs[n, True] = self._drawn(n)
        key, times = self._key(n, real)
        if key not in self._designs:
            self._designs[key] = self._part(*key)
        return self._designs[key], times

    def _drawn(self, n: int) -> Design:
        height = min(n, self.features)
        rows = np.empty((height, self.features, self.chains))
        inverse = np.empty((self.features, height, self.chains))
        places = self.pieces(2 * rows[..., 0].size)

        def draw(piece: slice, chance: Generator) -> None:
            many = piece.stop - piece.start
            full = n >= self.features
            drawn = matrices.triangle(n, self.features, many, chance) if full else chance.standard_normal((n, self.features, many))
            drawn *= self.scales[:, None]
            rows[..., piece] = drawn
            inverse[..., piece] = matrices.inverse(drawn) if full else _inverse(drawn)

        side_by_side(draw, places, generators(self.shared(), len(places)))
        return Design(rows, inverse)

    def _part(self, n: int, real: bool) -> Design:
        """Some rows of X = QR, where R is known and Q is uniform among what is orthogonal: that of the QR decomposition of standard
        normal numbers, where no sign is preferred on the diagonal of its R."""
        whole = self._designs[self._count, True].rows
        height = min(n, self.features)
        rows = np.empty((height, self.features, self.chains))
        inverse = np.empty((self.features, height, self.chains))
        chosen = places_in(self._count, n, real)
        places = self.pieces(self._count * self.features)

        def draw(piece: slice, chance: Generator) -> None:
            q, r = np.linalg.qr(chance.standard_normal((piece.stop - piece.start, self._count, len(whole))))
            q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]
            some = q[:, chosen] @ matrices.chains_first(whole[..., piece])
            if n >= self.features:
                some = np.asarray(np.linalg.qr(some, "r"))
            rows[..., piece] = matrices.chains_last(some)
            inverse[..., piece] = matrices.chains_last(np.linalg.pinv(some, NEGLIGIBLE))

        side_by_side(draw, places, generators(self.shared().spawn(1)[0], len(places)))
        return Design(rows, inverse)


def _inverse(rows: Array) -> Array:
    """Xᵀ(XXᵀ)⁻¹ of fewer rows than features, float[d, k, chains]."""
    kernel = np.einsum("ikc,jkc->ijc", rows, rows)
    matrices.factorise(kernel)
    return matrices.back(kernel, matrices.forth(kernel, rows)).swapaxes(0, 1)
