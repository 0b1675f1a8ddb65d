"""A run held against theory: chains that are independent of one another, whose generations are not."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsyn.collapse.theory.result import Label
from recsyn.errors import RecsynError

_CHAINS_A_GENERATION = 5
"""Chains that a joint test wants for each generation that it looks at: with fewer its covariance is mostly chance."""
_ALIKE = 1e-9
"""Below this share of its largest eigenvalue, a correlation matrix says that some generations tell nothing of their own; relative
to the prediction, what two equal floats may differ by."""

_MOST_TERMS = 100_000
_PRECISION = 1e-14


@dataclass(frozen=True)
class Comparison:
    """The means of chains beside what was predicted of them.

    ``mean``, ``standard_error`` and ``z`` have an entry for each generation; a ``z`` is to be read for one generation alone. All
    of them together are judged by ``p_value``, the chance of chains as far off as these where the prediction holds, from the
    generations ``tested`` (counted from 1) and from ``factor``: the mean of what chains are as a multiple of the prediction, each
    chain counted once, and ``factor_error`` its standard error. What cannot be computed is not a number.
    """

    label: Label
    predicted: tuple[float, ...]
    mean: tuple[float, ...]
    standard_error: tuple[float, ...]
    z: tuple[float, ...]
    chains: int
    collapsed: int
    """Chains with a value that is no finite number; they are left out."""
    tested: tuple[int, ...]
    test: str
    statistic: float
    p_value: float
    factor: float
    factor_error: float

    @property
    def gap(self) -> tuple[float, ...]:
        """By which share of the prediction each mean is above it; not a number where that is 0."""
        pairs = zip(self.mean, self.predicted, strict=True)
        return tuple(mean / predicted - 1 if predicted else float("nan") for mean, predicted in pairs)

    def contradicts(self, level: float = 0.001) -> bool | None:
        """Whether the run contradicts the theory; ``None`` where that cannot be said: of an asymptotic result, which is wrong by
        some :attr:`gap` at any size, and of too few chains."""
        return None if self.label == "asymptotic" or np.isnan(self.p_value) else self.p_value < level

    def to_json(self) -> dict[str, Any]:
        named = ("predicted", "mean", "standard_error", "z", "gap")
        numbers = {name: [_or_null(number) for number in getattr(self, name)] for name in named}
        return {
            "label": self.label,
            **numbers,
            "chains": self.chains,
            "collapsed": self.collapsed,
            "tested": list(self.tested),
            "test": self.test,
            "statistic": _or_null(self.statistic),
            "p_value": _or_null(self.p_value),
            "factor": _or_null(self.factor),
            "factor_error": _or_null(self.factor_error),
            "contradicts": self.contradicts(),
        }

    def __str__(self) -> str:
        of = f"{self.chains:,} chain{'' if self.chains == 1 else 's'}" + (
            f" ({self.collapsed:,} collapsed)" if self.collapsed else ""
        )
        if self.label == "asymptotic":
            gaps = [abs(gap) for gap in self.gap if gap == gap]
            return f"{of}: off by {max(gaps):.1%} at most" if gaps else f"{of}: not compared"
        if np.isnan(self.p_value):
            return f"{of}: too few for a test"
        which = ", ".join(map(str, self.tested)) if len(self.tested) < len(self.mean) else "all"
        ratio = "" if np.isnan(self.factor) else f"; {self.factor:.4f} ± {self.factor_error:.2g} times the theory"
        return f"{of}: p = {self.p_value:.3g} ({self.test}, generations: {which}){ratio}"


def compare(observed: ArrayLike, predicted: ArrayLike, label: Label = "exact") -> Comparison:
    """Hold chains against a prediction of their mean.

    ``observed`` is ``[chains, generations]``, a row for each independent chain; ``predicted`` is ``[generations]``. A chain with a
    value that is not finite has collapsed and is left out: what is said then holds of those that did not.

    An equality is tested in two ways, neither of which counts generations that have much to do with one another as if they had
    nothing: by Hotelling's T² (Annals of Mathematical Statistics 2, 1931) of the vector of means with the covariance over chains,
    for generations spread evenly from first to last, at most one for every five chains; and by Student's t of the mean over
    generations of each chain's ratio to the prediction, which finds a wrong factor sooner. The smaller of their chances counts,
    after Šidák's correction for two. Of a bound it is the largest z, by Student's t, times the number of generations
    (Bonferroni), which is never too sure.

    Raises :class:`RecsynError` for arrays of other shapes and for a prediction that is not finite.
    """
    rows, theory = _arrays(observed, predicted)
    whole = rows[np.isfinite(rows).all(axis=1)]
    chains, generations = whole.shape
    nothing = np.full(generations, np.nan)
    mean = whole.mean(axis=0) if chains else nothing
    deviation = whole.std(axis=0, ddof=1) if chains > 1 else nothing
    error = deviation / sqrt(chains) if chains > 1 else nothing
    z = _scores(mean - theory, error, theory)
    factor, factor_error = _factor(whole, theory)
    if label == "bound":
        tested, test, statistic, p_value = _bounded(z, chains)
    else:
        tested, test, statistic, p_value = _equal(whole, z, theory, (factor - 1) / factor_error if factor_error else 0.0)
    return Comparison(
        label,
        _floats(theory),
        _floats(mean),
        _floats(error),
        _floats(z),
        chains,
        len(rows) - chains,
        tuple(int(index) + 1 for index in tested),
        test,
        statistic,
        p_value,
        factor,
        factor_error,
    )


def _arrays(observed: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        rows, theory = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    except (TypeError, ValueError):
        raise RecsynError(
            "what is compared are not arrays of numbers", "give `[chains, generations]` and `[generations]`"
        ) from None
    if rows.ndim != 2 or theory.ndim != 1 or rows.shape[1] != len(theory) or not len(theory):
        raise RecsynError(
            f"chains of shape {rows.shape} cannot be held against a prediction of shape {theory.shape}",
            "the chains are `[chains, generations]`, the prediction `[generations]`, of as many generations",
        )
    if not np.isfinite(theory).all():
        raise RecsynError(f"the prediction for generation {int(np.argmin(np.isfinite(theory))) + 1} is no finite number")
    return rows, theory


def _scores(off: NDArray[np.float64], error: NDArray[np.float64], theory: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances in standard errors. Where all chains agree, that is 0 or infinite."""
    same = np.abs(off) <= _ALIKE * np.maximum(np.abs(theory), 1e-300)
    fixed = error <= _ALIKE * np.abs(theory)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            np.isnan(error), np.nan, np.where(fixed & same, 0.0, np.where(fixed, np.copysign(np.inf, off), off / error))
        )


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """So many of the generations, evenly from the first to the last; one alone is the last."""
    return np.unique(np.rint(np.linspace(0, count - 1, most)).astype(np.intp)) if most > 1 else np.array([count - 1])


def _equal(
    rows: NDArray[np.float64], z: NDArray[np.float64], theory: NDArray[np.float64], of_factor: float
) -> tuple[NDArray[np.intp], str, float, float]:
    """What is tested and how, the statistic, and the chance; ``of_factor`` is by how many standard errors the factor is not 1."""
    chains = len(rows)
    name = "Hotelling's T² and mean ratio"
    if chains < 2:
        return np.array([], dtype=np.intp), name, float("nan"), float("nan")
    if np.isinf(z).any():
        return np.flatnonzero(np.isinf(z)), "all chains agree on another value", float("inf"), 0.0
    varying = np.flatnonzero(rows.std(axis=0, ddof=1) > _ALIKE * sqrt(chains) * np.abs(theory))
    if not len(varying):
        return np.arange(rows.shape[1]), "all chains agree on the value", 0.0, 1.0
    tested = varying[_spread(len(varying), min(len(varying), max(1, chains // _CHAINS_A_GENERATION)))]
    while len(tested) > 1 and _is_singular(rows[:, tested]):
        tested = tested[_spread(len(tested), len(tested) - 1)]
    correlation = np.atleast_2d(np.corrcoef(rows[:, tested], rowvar=False))
    # T² in units of the standard errors, which keeps generations of very different size apart from rounding.
    squared = float(z[tested] @ np.linalg.solve(correlation, z[tested]))
    p = len(tested)
    f = squared * (chains - p) / (p * (chains - 1))
    chance = _f_tail(f, p, chains - p)
    if p == 1:
        return tested, "Student's t", squared, chance
    if np.isnan(of_factor):
        return tested, "Hotelling's T²", squared, chance
    least = min(chance, 2 * _t_tail(abs(of_factor), chains - 1))
    # For a chance near 0 the correction is a doubling, which 1 − (1 − least)² would round away.
    return tested, name, squared, least * (2 - least)


def _is_singular(rows: NDArray[np.float64]) -> bool:
    values = np.linalg.eigvalsh(np.corrcoef(rows, rowvar=False))
    return bool(values[0] < _ALIKE * values[-1])


def _bounded(z: NDArray[np.float64], chains: int) -> tuple[NDArray[np.intp], str, float, float]:
    every = np.arange(len(z))
    if chains < 2:
        return every, "Student's t, one-sided", float("nan"), float("nan")
    largest = float(z.max())
    return every, "Student's t, one-sided", largest, min(1.0, len(z) * _t_tail(largest, chains - 1))


def _factor(rows: NDArray[np.float64], theory: NDArray[np.float64]) -> tuple[float, float]:
    """The mean of the chains' mean ratios to the prediction, and its standard error."""
    if len(rows) < 2 or not theory.any():
        return float("nan"), float("nan")
    ratios = (rows[:, theory != 0] / theory[theory != 0]).mean(axis=1)
    return float(ratios.mean()), float(ratios.std(ddof=1)) / sqrt(len(rows))


def _f_tail(f: float, above: int, below: int) -> float:
    """The chance that F with these degrees of freedom is above ``f``."""
    if f <= 0:
        return 1.0
    scale = below + above * f
    return _incomplete_beta(below / 2, above / 2, below / scale, above * f / scale) if scale < float("inf") else 0.0


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function (DLMF 8.17.22), its continued fraction taken by Lentz's method; ``rest`` is 1 − x,
    which near 0 cannot be told from x."""
    if x == 0:
        return 0.0
    # The fraction converges fast on this side of the mean alone.
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * _log(x, rest) + b * _log(rest, x)) / a
    ratio = inverse = 1 / (1 - (a + b) * x / (a + 1))
    forward = 1.0
    for m in range(1, _MOST_TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            inverse = 1 / (1 + numerator * inverse)
            forward = 1 + numerator / forward
            ratio *= forward * inverse
        if abs(forward * inverse - 1) < _PRECISION:
            break
    return front * ratio


def _log(x: float, rest: float) -> float:
    return log(x) if x < 0.5 else log1p(-rest)


def _t_tail(t: float, freedom: int) -> float:
    """The chance that Student's t is above ``t``."""
    if np.isinf(t):
        return 0.0 if t > 0 else 1.0
    # t² has an F distribution of 1 and as many degrees.
    half = _f_tail(t * t, 1, freedom) / 2
    return half if t > 0 else 1 - half


def _floats(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(number) for number in numbers)


def _or_null(number: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return float(number) if np.isfinite(number) else None
