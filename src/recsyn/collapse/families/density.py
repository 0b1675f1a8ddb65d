"""Kernel density estimates with a Gaussian kernel.

=============  ===============================================================================================================
``data``       the truth: ``gaussian`` (one dimension, of variance 1), ``blobs``, ``circles``, ``moons`` (two) or ``swiss-roll``
               (three): shapes and noise are those with which arXiv 2410.16713 took them from scikit-learn, except that the three
               centres of the blobs are the same in every chain and for training and test
``bandwidth``  the standard deviation of the kernel: a number (0.5), the same in every dimension, or ``scott`` or ``silverman``,
               fitted anew to the rows of each generation
=============  ===============================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families.batches import Chains
from recsyn.collapse.families.picking import picked
from recsyn.collapse.families.reading import fields_of, number, one_of
from recsyn.collapse.family import TEST_LOSS, Array, Collapsed, Scores
from recsyn.errors import RecsynError

RULES = ("scott", "silverman")

_FIELDS = ("data", "bandwidth")
_BLOBS = np.array([[-5.0, -4.0], [5.0, -4.0], [0.0, 6.0]])
_NOISE = 0.05
_INNER_CIRCLE = 0.8
_ROUNDING = 1e-14
"""Of the greatest number in a dimension: rows that differ by no more do not differ."""
_NEXT_TO_NOTHING = -700.0
"""The logarithm of a share of a sum that is not seen in it."""
_AT_ONCE = 2**15
"""Pairs of a test row and a centre whose kernels are computed together: as many as a processor has at hand."""


@dataclass(frozen=True)
class KernelDensity:
    """Rows are ``float[n, dimensions]``, in a batch ``float[chains, n, dimensions]``."""

    data: str = "gaussian"
    bandwidth: float | str = 0.5

    @property
    def dimensions(self) -> int:
        return _DIMENSIONS[self.data]

    @property
    def true_second_moment(self) -> float:
        """The mean over dimensions of the truth's E x², by integrating over its shape."""
        return _SECOND_MOMENTS[self.data]

    def to_config(self) -> dict[str, Any]:
        return {"kind": "kernel-density", "data": self.data, "bandwidth": self.bandwidth}

    def check(self, rows: int) -> None:
        """Raises :class:`RecsynError` for a single row where the bandwidth is fitted: it has no variance."""
        if rows < 2 and isinstance(self.bandwidth, str):
            raise RecsynError(f"the bandwidth {self.bandwidth} of {rows} rows is 0", "give 2 rows or more, or a number")
        if rows < 1:
            raise RecsynError("there are no rows for the kernels to stand on", "give 1 row or more")

    def batch(self, chains: int, whole: bool, generator: Generator) -> Chains:
        return Chains(self, chains)

    def real(self, n: int, generator: Generator) -> Array:
        return _DATA[self.data](n, generator)

    def fit(self, rows: Array, weights: Array, generator: Generator) -> KernelDensityModel:
        """A kernel on every row, weighing as much as the row. With d dimensions, n = (Σw)²/Σw² rows and σ̂ the standard deviation
        of a dimension, the bandwidths are n^(−1/(d+4))·σ̂ (Scott, Multivariate Density Estimation, 1992, section 6.3) or
        (4/(d+2))^(1/(d+4)) times that (Silverman, Density Estimation, 1986, section 4.3). Raises :class:`Collapsed` where the rows
        of one chain do not differ and the bandwidth would be 0."""
        shares = weights / weights.sum(-1, keepdims=True)
        if not isinstance(self.bandwidth, str):
            return KernelDensityModel(rows, shares, np.full((*rows.shape[:-2], self.dimensions), float(self.bandwidth)))
        d, effective = self.dimensions, 1 / (shares**2).sum(-1, keepdims=True)
        mean = shares[..., None, :] @ rows
        variance = (shares[..., None, :] @ (rows - mean) ** 2)[..., 0, :]
        factor = 1.0 if self.bandwidth == "scott" else (4 / (d + 2)) ** (1 / (d + 4))
        with np.errstate(divide="ignore", invalid="ignore"):  # Of a single row.
            deviation = np.sqrt(variance * effective / (effective - 1))
        bandwidths = factor * effective ** (-1 / (d + 4)) * deviation
        least = _ROUNDING * np.abs(rows).max(-2)
        alive = (np.isfinite(bandwidths) & (bandwidths > least)).all(-1, keepdims=True)
        if rows.ndim == 2 and not alive.all():
            raise Collapsed("the bandwidth is 0: in some dimension the rows do not differ")
        return KernelDensityModel(rows, shares, np.where(alive, bandwidths, np.nan))


@dataclass(frozen=True)
class KernelDensityModel:
    """Of one chain or of many: centres float[..., n, d], shares float[..., n] or, the same in all chains, float[n], and bandwidths
    float[..., d], NaN in chains that collapsed."""

    centres: Array
    shares: Array
    bandwidths: Array

    def sample(self, n: int, generator: Generator) -> Array:
        *lead, _, d = self.centres.shape
        places = picked(np.broadcast_to(self.shares, self.centres.shape[:-1]), n, generator)
        chosen = np.take_along_axis(self.centres, places[..., None], -2)
        return chosen + generator.standard_normal((*lead, n, d)) * self.bandwidths[..., None, :]

    def score(self, test: Array) -> Scores:
        """The test loss is the mean negative log-likelihood of the test rows, in nats. ``second_moment`` is E x², the mean over
        dimensions, exact: that of the centres and h²."""
        moment = (self.shares[..., None, :] @ self.centres**2)[..., 0, :] + self.bandwidths**2
        return {TEST_LOSS: -self.log_density(test).mean(-1), "second_moment": moment.mean(-1)}

    def log_density(self, rows: Array) -> Array:
        """float[..., n], in nats."""
        *lead, n, d = self.centres.shape
        centres, tests = self.centres.reshape(-1, n, d), rows.reshape(-1, rows.shape[-2], d)
        bandwidths = self.bandwidths.reshape(-1, d)
        with np.errstate(divide="ignore"):  # A row that weighs nothing.
            shares = np.log(np.broadcast_to(self.shares, self.centres.shape[:-1])).reshape(-1, n)
        made = np.empty(tests.shape[:-1])
        chains, at_once = max(1, _AT_ONCE // (n * tests.shape[1])), max(1, _AT_ONCE // n)
        for first in range(0, len(tests), chains):
            these = slice(first, first + chains)
            for start in range(0, tests.shape[1], at_once):
                part = slice(start, start + at_once)
                made[these, part] = _log_sums(tests[these, part], centres[these], shares[these], bandwidths[these])
        made -= (np.log(bandwidths).sum(-1) + d * log(2 * pi) / 2)[:, None]
        return made.reshape(*lead, -1)


def _log_sums(tests: Array, centres: Array, shares: Array, bandwidths: Array) -> Array:
    """The logarithm of the sum of all kernels at each row, but for what they are divided by."""
    terms = np.zeros((*tests.shape[:2], centres.shape[1]))
    for dimension in range(tests.shape[-1]):
        width = bandwidths[:, None, dimension]
        apart = (tests[:, :, dimension] / width)[:, :, None] - (centres[:, :, dimension] / width)[:, None, :]
        terms -= np.square(apart, out=apart)
    terms /= 2
    terms += shares[:, None, :]
    greatest = terms.max(-1, keepdims=True)
    terms -= greatest
    np.maximum(terms, _NEXT_TO_NOTHING, out=terms)  # Smaller numbers are many times slower.
    logarithms: Array = np.log(np.exp(terms, out=terms).sum(-1)) + greatest[..., 0]
    return logarithms


# The data


def _gaussian(n: int, generator: Generator) -> Array:
    return generator.standard_normal((n, 1))


def _blobs(n: int, generator: Generator) -> Array:
    """Three normal distributions of variance 1 in each dimension."""
    return _BLOBS[generator.integers(len(_BLOBS), size=n)] + generator.standard_normal((n, 2))


def _circles(n: int, generator: Generator) -> Array:
    """Two about the origin, of radius 1 and 0.8."""
    radius = np.where(generator.random(n) < 0.5, 1.0, _INNER_CIRCLE)
    angle = generator.random(n) * 2 * pi
    return _noisy(generator, radius * np.cos(angle), radius * np.sin(angle))


def _moons(n: int, generator: Generator) -> Array:
    """Two half circles of radius 1, each reaching into the other."""
    angle = generator.random(n) * pi
    upper = generator.random(n) < 0.5
    return _noisy(
        generator,
        np.where(upper, np.cos(angle), 1 - np.cos(angle)),
        np.where(upper, np.sin(angle), 0.5 - np.sin(angle)),
    )


def _swiss_roll(n: int, generator: Generator) -> Array:
    """A sheet 21 wide, rolled up: the radius is the angle, from 3π/2 to 9π/2."""
    angle = 1.5 * pi * (1 + 2 * generator.random(n))
    return _noisy(generator, angle * np.cos(angle), 21 * generator.random(n), angle * np.sin(angle))


def _noisy(generator: Generator, *coordinates: Array) -> Array:
    rows = np.stack(coordinates, -1)
    return rows + _NOISE * generator.standard_normal(rows.shape)


_DATA: Mapping[str, Callable[[int, Generator], Array]] = {
    "gaussian": _gaussian,
    "blobs": _blobs,
    "circles": _circles,
    "moons": _moons,
    "swiss-roll": _swiss_roll,
}
_LONG = ((4.5 * pi) ** 3 - (1.5 * pi) ** 3) / (3 * 3 * pi)
"""The mean square of the angle of the Swiss roll."""
_SECOND_MOMENTS: Mapping[str, float] = {
    "gaussian": 1.0,
    "blobs": float((_BLOBS**2).mean()) + 1,
    "circles": (1 + _INNER_CIRCLE**2) / 4 + _NOISE**2,
    "moons": (1.0 + (1.25 - 2 / pi) / 2) / 2 + _NOISE**2,
    "swiss-roll": (_LONG + 21**2 / 3) / 3 + _NOISE**2,
}
_DIMENSIONS: Mapping[str, int] = {"gaussian": 1, "blobs": 2, "circles": 2, "moons": 2, "swiss-roll": 3}


def density_from_config(config: object) -> KernelDensity:
    """Raises :class:`RecsynError` for what is none."""
    written = fields_of(config, "kernel-density", _FIELDS)
    data = one_of("data of kernel-density", written.get("data", "gaussian"), tuple(_DATA))
    bandwidth = written.get("bandwidth", 0.5)
    if isinstance(bandwidth, str):
        return KernelDensity(data, one_of("bandwidth of kernel-density", bandwidth, RULES))
    bandwidth = number("bandwidth of kernel-density", bandwidth, 0)
    if not bandwidth:
        raise RecsynError("the bandwidth of kernel-density is 0", "give a number above 0, scott or silverman")
    return KernelDensity(data, bandwidth)
