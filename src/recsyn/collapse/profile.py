"""The profile of collapse: what becomes of the rows that models make, generation by generation.

Rows of floats are points: ``float[n]`` or ``float[n, d]``. Rows of whole numbers are sequences of symbols: ``int[n]``, categories,
are sequences of one symbol, and ``int[n, length]`` of several. A tuple of arrays is taken for the columns of points. In a batch all
have an axis of chains before these.

================  ============================================  ==============================================================
metric            points                                        sequences, whose n-grams are of three symbols or of all
================  ============================================  ==============================================================
``variance``      the mean over dimensions                      1 − Σp² over the shares of symbols, the Gini–Simpson index
``entropy``       differential, in nats, by nearest neighbours  of the shares of symbols, in nats
                  (Kozachenko and Leonenko, 1987)
``tail_mass``     the share of made rows that are farther from  the share of made symbols that are not among the most frequent
                  the mean of the test rows than 95 % of        ones which make up 95 % of the test rows
                  these, in standard deviations of each
                  dimension
``support_lost``  the share of test rows without a made row     the share of the test rows' n-grams that no made row has
                  within the distance of their fifth nearest
                  test row (1 − coverage of Naeem et al., ICML
                  2020)
``diversity``     the mean distance of two made rows, over      different n-grams, as a share of all
                  that of two test rows
``memorisation``  the share of made rows that are nearer to     the share of the stretches of 16 symbols (or of whole rows, if
                  the nearest row that was fitted to than that  shorter) that stand in a row that was fitted to
                  is to any other one (1 − authenticity of
                  Alaa et al., ICML 2022)
``drift``         the energy distance from the rows that the    the total variation between the shares of symbols
                  first generation made
================  ============================================  ==============================================================

The variance and the tail mass are of all rows; all else of points is of :data:`POINTS` rows at most (:data:`FITTED` of those that
were fitted to), and all of sequences of :data:`SYMBOLS` symbols, from places spread evenly. What would be without any collapse is
not 0 everywhere: ``support_lost`` of points is near 1/32, ``memorisation`` of points near 2/3 in one dimension and less in many,
and ``drift``, which is never below 0, as large as chance makes it; what the first generation has tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import lgamma, log, pi

import numpy as np

from recsyn.collapse.family import Array, Rows, Scores

METRICS = ("variance", "entropy", "tail_mass", "support_lost", "diversity", "memorisation", "drift")
POINTS = 128
"""Rows of points of a chain that are compared, each with each."""
FITTED = 1024
"""Rows of points that were fitted to, among which the nearest are looked for."""
SYMBOLS = 2**18
"""Symbols of a chain that are looked at."""

_CENTRAL = 0.95
_NEIGHBOURS = 5
_GRAM = 3
_COPIED = 16
_SAME = 1e-12
"""Of the test rows' standard deviation: nearer neighbours count as being so far away, as the entropy of equal points is −∞."""
_AT_ONCE = 2**16
"""Distances that are computed together: as many as a processor has at hand."""
_BY_DIMENSION = 16
"""Up to so many dimensions differences are taken one by one, which is exact for near points; beyond, by products of matrices."""
_ROUNDING = 1e-13
"""Of the squares of two points' lengths: the square of a distance that is smaller is rounding, and taken for 0."""
_EULER = 0.5772156649015329


def profile(made: Rows, test: Rows, fitted_to: Rows, first: Rows, batched: bool) -> Scores:
    """By metric of :data:`METRICS` a number, in a batch float[chains], NaN for chains whose rows are not all finite. ``made`` was
    made by the model that is profiled, ``first`` by that of the first generation; ``test`` is real, and ``fitted_to`` what the
    model was fitted to."""
    arrays = [_columns(rows, batched) for rows in (made, test, fitted_to, first)]
    arrays = [array if batched else array[None] for array in arrays]
    points = any(array.dtype.kind == "f" for array in arrays)
    found = _of_points(*arrays) if points else _of_sequences(*arrays)
    return found if batched else {name: float(values[0]) for name, values in found.items()}


def _columns(rows: Rows, batched: bool) -> Array:
    if not isinstance(rows, tuple):
        return np.asarray(rows)
    lead = 2 if batched else 1
    return np.concatenate([np.asarray(part, float).reshape(*part.shape[:lead], -1) for part in rows], -1)


def _spread(rows: Array, most: int) -> Array:
    """As many rows of each chain, from places spread evenly: lots of rows stand one after another."""
    n = rows.shape[1]
    return rows if n <= most else rows[:, np.linspace(0, n - 1, most).round().astype(int)]


def _blocks(chains: int, each: int) -> Iterator[slice]:
    at_once = max(1, _AT_ONCE // max(1, each))
    return (slice(start, start + at_once) for start in range(0, chains, at_once))


# Points


def _of_points(*arrays: Array) -> dict[str, Array]:
    rows = [np.asarray(a if a.ndim == 3 else a.reshape(*a.shape[:2], -1), float) for a in arrays]
    alive = np.logical_and.reduce([np.isfinite(a).all((1, 2)) for a in rows])
    found = {name: np.full(len(alive), np.nan) for name in METRICS}
    living = [a[alive] for a in rows]
    most = max(min(a.shape[1], POINTS) for a in living)
    for block in _blocks(len(living[0]), most * max(most, min(living[2].shape[1], FITTED))):
        for name, values in _of_living(*(a[block] for a in living)).items():
            found[name][np.flatnonzero(alive)[block]] = values
    return found


def _of_living(made: Array, test: Array, fitted_to: Array, first: Array) -> dict[str, Array]:
    deviation = np.where(test.std(1) > 0, test.std(1), 1.0)[:, None, :]
    far = [(((a - test.mean(1, keepdims=True)) / deviation) ** 2).sum(-1) for a in (made, test)]
    border = np.quantile(far[1], _CENTRAL, 1)[:, None]
    variance, least = made.var(1).mean(-1), _SAME * deviation.mean((1, 2))
    # Ratios of distances and of their means are to depend on no unit, and the coverage not on how many rows there are of each.
    made, test, first = (_spread(a, POINTS) for a in (made, test, first))
    within, again = _distances(made, made), _distances(test, test)
    many = min(made.shape[1], test.shape[1])
    return {
        "variance": variance,
        "entropy": _entropy(within, made.shape[-1], least),
        "tail_mass": (far[0] > border).mean(1),
        "support_lost": _lost(_spread(test, many), _spread(made, many)),
        "diversity": _over(within.mean((1, 2)), again.mean((1, 2))),
        "memorisation": _copied(made, _spread(fitted_to, FITTED)),
        "drift": _energy(made, first, within),
    }


def _distances(a: Array, b: Array) -> Array:
    """float[chains, n, m]."""
    if a.shape[-1] > _BY_DIMENSION:
        centre = a.mean(1, keepdims=True)
        a, b = a - centre, b - centre
        norms = (a**2).sum(-1)[:, :, None] + (b**2).sum(-1)[:, None, :]
        squares = norms - 2 * a @ b.swapaxes(-1, -2)
        squares[squares < _ROUNDING * norms] = 0
    else:
        squares = np.zeros((len(a), a.shape[1], b.shape[1]))
        for dimension in range(a.shape[-1]):
            apart = a[:, :, None, dimension] - b[:, None, :, dimension]
            squares += np.square(apart, out=apart)
    distances: Array = np.sqrt(squares, out=squares)
    return distances


def _entropy(within: Array, dimensions: int, least: Array) -> Array:
    """ψ(n) − ψ(1) + ln c + d·(the mean of ln ε), where ε is the distance of the nearest other point and c the volume of the unit
    ball."""
    n = within.shape[1]
    if n < 2:
        return np.full(len(within), np.nan)
    nearest = np.maximum((within + _diagonal(n, np.inf)).min(-1), least[:, None])
    ball = dimensions / 2 * log(pi) - lgamma(dimensions / 2 + 1)
    harmonic = float((1 / np.arange(1, n)).sum())  # ψ(n) − ψ(1).
    entropy: Array = harmonic + ball + dimensions * np.log(nearest).mean(-1)
    return entropy


def _lost(test: Array, made: Array) -> Array:
    n = test.shape[1]
    if n < 2:
        return np.full(len(test), np.nan)
    k = min(_NEIGHBOURS, n - 1)
    reach = np.partition(_distances(test, test) + _diagonal(n, np.inf), k - 1, -1)[..., k - 1]
    lost: Array = (_distances(test, made).min(-1) > reach).mean(-1)
    return lost


def _copied(made: Array, fitted_to: Array) -> Array:
    n = fitted_to.shape[1]
    if n < 2:
        return np.full(len(made), np.nan)
    apart = _distances(made, fitted_to)
    nearest = apart.argmin(-1)[..., None]
    others = _distances(np.take_along_axis(fitted_to, nearest, 1), fitted_to)
    np.put_along_axis(others, nearest, np.inf, -1)
    copied: Array = (apart.min(-1) <= others.min(-1)).mean(-1)
    return copied


def _energy(made: Array, first: Array, within: Array) -> Array:
    """2 E|X − Y| − E|X − X′| − E|Y − Y′| (Székely and Rizzo, 2013) of the rows themselves: 0 for the same ones."""
    between = _distances(made, first).mean((1, 2))
    energy: Array = np.maximum(2 * between - within.mean((1, 2)) - _distances(first, first).mean((1, 2)), 0)
    return energy


def _diagonal(n: int, value: float) -> Array:
    return np.where(np.eye(n, dtype=bool), value, 0.0)


def _over(a: Array, b: Array) -> Array:
    over: Array = np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)
    return over


# Sequences


def _of_sequences(*arrays: Array) -> dict[str, Array]:
    rows = [a[..., None] if a.ndim == 2 else a for a in arrays]
    rows = [_spread(a, max(1, SYMBOLS // a.shape[2])) for a in rows]
    symbols = np.unique(np.concatenate([a.reshape(-1) for a in rows]))
    made, test, fitted_to, first = (np.searchsorted(symbols, a).astype(np.uint64) for a in rows)
    gram, stretch = min(_GRAM, made.shape[2]), min(_COPIED, made.shape[2])
    each = max(len(symbols), *(a.shape[1] * a.shape[2] for a in rows))
    found: dict[str, list[Array]] = {name: [] for name in METRICS}
    for block in _blocks(len(made), each):
        here = made[block], test[block], fitted_to[block], first[block]
        shares, test_shares, _, first_shares = (_shares(a, len(symbols)) for a in here)
        made_grams, test_grams = (_grams(a, gram) for a in here[:2])
        parts = {
            "variance": 1 - (shares**2).sum(-1),
            "entropy": -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(-1),
            "tail_mass": (shares * _rare(test_shares)).sum(-1),
            "support_lost": _each(lambda one, other: 1 - _known(np.unique(other), one), made_grams, test_grams),
            "diversity": _each(lambda one, _: len(np.unique(one)) / len(one), made_grams, test_grams),
            "memorisation": _each(lambda one, other: _known(one, other), _grams(here[0], stretch), _grams(here[2], stretch)),
            "drift": np.abs(shares - first_shares).sum(-1) / 2,
        }
        for name, values in parts.items():
            found[name].append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def _shares(rows: Array, symbols: int) -> Array:
    """float[chains, symbols]."""
    chains = len(rows)
    cells = rows.reshape(chains, -1).astype(np.int64) + symbols * np.arange(chains)[:, None]
    counts = np.bincount(cells.reshape(-1), minlength=symbols * chains).reshape(chains, symbols)
    shares: Array = counts / counts.sum(-1, keepdims=True)
    return shares


def _rare(shares: Array) -> Array:
    """bool[chains, symbols]: whether more frequent ones, of those as frequent the first, make up 95 % already."""
    order = np.argsort(-shares, -1, kind="stable")
    sums = np.take_along_axis(shares, order, -1)
    before = np.cumsum(sums, -1) - sums
    rare = np.empty(shares.shape, bool)
    np.put_along_axis(rare, order, before >= _CENTRAL - 1e-12, -1)
    return rare


def _grams(rows: Array, length: int) -> Array:
    """Numbers of the n-grams of each chain, uint64[chains, n-grams]: two that differ have the same one by a chance of 2⁻⁶⁴."""
    places = rows.shape[2] - length + 1
    made = np.zeros((*rows.shape[:2], places), np.uint64)
    for start in range(length):
        made = made * _FACTOR + rows[:, :, start : start + places] + np.uint64(1)
    made ^= made >> np.uint64(31)
    return made.reshape(len(rows), -1)


_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def _known(grams: Array, among: Array) -> float:
    return float(np.isin(grams, among).mean())


def _each(of: Callable[[Array, Array], float], one: Array, other: Array) -> Array:
    """Of each chain by itself."""
    return np.array([of(a, b) for a, b in zip(one, other, strict=True)])
