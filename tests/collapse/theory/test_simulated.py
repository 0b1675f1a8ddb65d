"""Formulas against simulations written anew: the rows are drawn, the models fitted, and nothing of the theory used.

Each exact result is held against so many chains that a wrong factor of 3 % would be four standard errors or more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.theory.catalogue import RESULTS, find
from recsyn.collapse.theory.comparison import compare
from recsyn.collapse.theory.result import curve

Array = np.ndarray[Any, np.dtype[np.float64]]


def least_squares(x: Array, y: Array) -> Array:
    """[chains, features] from [chains, rows, features] and [chains, rows]."""
    return np.einsum("cdt,ct->cd", np.linalg.pinv(x), y)


def labels(rng: np.random.Generator, x: Array, model: Array, sigma: float) -> Array:
    return np.einsum("ctd,cd->ct", x, model) + sigma * rng.standard_normal(x.shape[:2])


def linear(
    rng: np.random.Generator,
    chains: int,
    generations: int,
    d: int,
    rows: int,
    sigma: float,
    made: str,
    fitted: str,
) -> Array:
    """Test errors ``[chains, generations]``: x is ``made`` "fixed" or "fresh", a model ``fitted`` to "new" rows, to "all", to a
    "multiple" of new ones, or to a "subset" of all. The covariance of x is not the identity."""
    spread = np.linspace(1.0, 2.0, d)
    true = np.broadcast_to(np.arange(1.0, d + 1), (chains, d))
    first = spread * rng.standard_normal((chains, rows, d))
    model, errors = true, []
    pool_x, pool_y = np.empty((chains, 0, d)), np.empty((chains, 0))
    for n in range(1, generations + 1):
        times = n if fitted == "multiple" else 1
        x = np.tile(first, (1, times, 1)) if made == "fixed" else spread * rng.standard_normal((chains, times * rows, d))
        y = labels(rng, x, model, sigma)
        pool_x, pool_y = np.concatenate([pool_x, x], axis=1), np.concatenate([pool_y, y], axis=1)
        if fitted == "all":
            x, y = pool_x, pool_y
        if fitted == "subset":
            chosen = np.argsort(rng.random(pool_y.shape), axis=1)[:, :rows]
            x, y = np.take_along_axis(pool_x, chosen[:, :, None], axis=1), np.take_along_axis(pool_y, chosen, axis=1)
        model = least_squares(x, y)
        errors.append((((model - true) * spread) ** 2).sum(axis=1))
    return np.stack(errors, axis=1)


def linear_mixed(rng: np.random.Generator, chains: int, generations: int, d: int, rows: int, sigma: float, r: int) -> Array:
    true = np.ones((chains, d))
    model, errors = true, []
    for _ in range(generations):
        x = rng.standard_normal((chains, rows, d))
        y = np.concatenate([labels(rng, x[:, :r], true, sigma), labels(rng, x[:, r:], model, sigma)], axis=1)
        model = least_squares(x, y)
        errors.append(((model - true) ** 2).sum(axis=1))
    return np.stack(errors, axis=1)


def linear_weighted(
    rng: np.random.Generator, chains: int, generations: int, d: int, r: int, m: int, w: float, sigma: float
) -> Array:
    true = np.ones((chains, d))
    x = rng.standard_normal((chains, r, d))
    model = least_squares(x, labels(rng, x, true, sigma))
    errors = [((model - true) ** 2).sum(axis=1)]
    weights = np.sqrt(np.concatenate([np.full(r, w / r), np.full(m, (1 - w) / m)]))
    for _ in range(generations - 1):
        x = rng.standard_normal((chains, r + m, d))
        y = np.concatenate([labels(rng, x[:, :r], true, sigma), labels(rng, x[:, r:], model, sigma)], axis=1)
        model = least_squares(x * weights[:, None], y * weights)
        errors.append(((model - true) ** 2).sum(axis=1))
    return np.stack(errors, axis=1)


def overparameterised(
    rng: np.random.Generator,
    chains: int,
    generations: int,
    d: int,
    rows: int,
    a: float,
    sigma: float,
    accumulate: bool,
) -> Array:
    true = np.broadcast_to(a * np.eye(d)[0], (chains, d))
    model, errors = true, []
    pool_x, pool_y = np.empty((chains, 0, d)), np.empty((chains, 0))
    for _ in range(generations):
        x = rng.standard_normal((chains, rows, d))
        y = labels(rng, x, model, sigma)
        pool_x, pool_y = np.concatenate([pool_x, x], axis=1), np.concatenate([pool_y, y], axis=1)
        model = least_squares(pool_x, pool_y) if accumulate else least_squares(x, y)
        errors.append(((model - true) ** 2).sum(axis=1))
    return np.stack(errors, axis=1)


def normal_rows(rng: np.random.Generator, mean: Array, covariance: Array, rows: int) -> Array:
    root = np.linalg.cholesky(covariance)
    return mean[:, None] + np.einsum("cij,ctj->cti", root, rng.standard_normal((len(mean), rows, mean.shape[1])))


def gaussian(rng: np.random.Generator, chains: int, generations: int, s: int, workflow: str, r: int = 0) -> Array:
    """tr Σ̂/tr Σ of plane Gaussians fitted by maximum likelihood."""
    covariance = np.broadcast_to(np.array([[2.0, 0.5], [0.5, 1.0]]), (chains, 2, 2))
    true_mean, true_covariance = np.ones((chains, 2)), covariance
    mean, kept = true_mean, []
    pool = np.empty((chains, 0, 2))
    for n in range(1, generations + 1):
        rows = normal_rows(rng, mean, covariance, s * n if workflow == "replace-multiple" else s - r)
        if r:
            rows = np.concatenate([normal_rows(rng, true_mean, true_covariance, r), rows], axis=1)
        pool = np.concatenate([pool, rows], axis=1)
        if workflow == "accumulate":
            rows = pool
        if workflow == "accumulate-subsample":
            chosen = np.argsort(rng.random(pool.shape[:2]), axis=1)[:, :s]
            rows = np.take_along_axis(pool, chosen[:, :, None], axis=1)
        mean = rows.mean(axis=1)
        centred = rows - mean[:, None]
        covariance = np.einsum("cti,ctj->cij", centred, centred) / rows.shape[1]
        kept.append(np.trace(covariance, axis1=1, axis2=2) / 3.0)
    return np.stack(kept, axis=1)


def gaussian_weighted(rng: np.random.Generator, chains: int, generations: int, s: int, r: int, m: int, w: float) -> Array:
    rows = rng.standard_normal((chains, s))
    mean, variance = rows.mean(axis=1), rows.var(axis=1)
    kept = [variance]
    weights = np.concatenate([np.full(r, w / r), np.full(m, (1 - w) / m)])
    for _ in range(generations - 1):
        made = mean[:, None] + np.sqrt(variance)[:, None] * rng.standard_normal((chains, m))
        rows = np.concatenate([rng.standard_normal((chains, r)), made], axis=1)
        mean = rows @ weights
        variance = (rows - mean[:, None]) ** 2 @ weights
        kept.append(variance)
    return np.stack(kept, axis=1)


def discrete(
    rng: np.random.Generator,
    chains: int,
    generations: int,
    drawn: int,
    workflow: str,
    r: int = 0,
    w: float = 0,
) -> Array:
    """The Gini–Simpson index of shares that are counted; ``r`` real rows among those ``drawn``, or, with a weight, besides them."""
    true = np.array([0.4, 0.3, 0.2, 0.1])
    shares, found = np.broadcast_to(true, (chains, 4)), []
    pool = np.empty((chains, 0), dtype=int)
    for n in range(1, generations + 1):
        size = drawn * n if workflow == "replace-multiple" else drawn - r if workflow == "mix" else drawn
        rows = (rng.random((chains, size))[:, :, None] > np.cumsum(shares, axis=1)[:, None, :-1]).sum(axis=2)
        real = rng.choice(4, (chains, r), p=true)
        pool = np.concatenate([pool, rows], axis=1)
        if workflow == "mix":
            rows = np.concatenate([real, rows], axis=1)
        if workflow == "accumulate":
            rows = pool
        if workflow == "accumulate-subsample":
            rows = np.take_along_axis(pool, np.argsort(rng.random(pool.shape), axis=1)[:, :drawn], axis=1)
        shares = counted(rows)
        if workflow == "weighted" and n > 1:
            shares = w * counted(real) + (1 - w) * shares
        found.append(1 - (shares**2).sum(axis=1))
    return np.stack(found, axis=1)


def counted(rows: Array) -> Array:
    return np.stack([(rows == value).mean(axis=1) for value in range(4)], axis=1)


def kernel_density(
    rng: np.random.Generator, chains: int, generations: int, s: int, h: float, workflow: str, r: int = 0, central: bool = False
) -> Array:
    """The second moment, or with ``central`` the variance, of what plane densities draw; real rows have the variances 1 and 4."""
    spread = np.array([1.0, 2.0])
    rows = pool = spread * rng.standard_normal((chains, s, 2))
    found = []
    for n in range(1, generations + 1):
        middle = rows.mean(axis=1, keepdims=True) if central else 0.0
        found.append(((rows - middle) ** 2).sum(axis=2).mean(axis=1) + 2 * h * h)
        size = s * (n + 1) if workflow == "replace-multiple" else s - r
        chosen = rng.integers(0, rows.shape[1], (chains, size))
        made = np.take_along_axis(rows, chosen[:, :, None], axis=1) + h * rng.standard_normal((chains, size, 2))
        pool = np.concatenate([pool, made], axis=1)
        rows = made
        if workflow == "mix":
            rows = np.concatenate([spread * rng.standard_normal((chains, r, 2)), made], axis=1)
        if workflow == "accumulate":
            rows = pool
        if workflow == "accumulate-subsample":
            kept = np.argsort(rng.random(pool.shape[:2]), axis=1)[:, :s]
            rows = np.take_along_axis(pool, kept[:, :, None], axis=1)
    return np.stack(found, axis=1)


def means(rng: np.random.Generator, chains: int, generations: int, r: int, m: int, w: float, sigma: float) -> Array:
    """Squared errors of estimated means, the variance known."""
    mean = (sigma * rng.standard_normal((chains, r))).mean(axis=1)
    found = [mean**2]
    for _ in range(generations - 1):
        real = (sigma * rng.standard_normal((chains, r))).mean(axis=1)
        made = (mean[:, None] + sigma * rng.standard_normal((chains, m))).mean(axis=1)
        mean = w * real + (1 - w) * made
        found.append(mean**2)
    return np.stack(found, axis=1)


def verified(
    rng: np.random.Generator, chains: int, rounds: int, rows: int, q0: float, phi: float, psi: float, e: float = 0.0
) -> Array:
    share, found = np.full(chains, q0), []
    for _ in range(rounds):
        right = rng.binomial(rows, share)
        kept_right, kept_wrong = rng.binomial(right, phi), rng.binomial(rows - right, psi)
        share = (1 - e) * kept_right / np.maximum(kept_right + kept_wrong, 1)
        found.append(share)
    return np.stack(found, axis=1)


SIZES = (4, 12, 0.5)
SMALL = dict(zip(("d", "T", "sigma"), SIZES, strict=True))
GINI = {"G0": 0.7, "N": 5}
DENSITY = {"sigma": 5**0.5, "h": 0.6, "d": 2}

EXACT: dict[str, tuple[dict[str, float], Callable[[np.random.Generator], Array]]] = {
    "linear-replace-fixed": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fixed", fitted="new")),
    "linear-replace-fresh": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fresh", fitted="new")),
    "linear-accumulate-fixed": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fixed", fitted="all")),
    "linear-accumulate-fresh": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fresh", fitted="all")),
    "linear-replace-multiple-fixed": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fixed", fitted="multiple")),
    "linear-replace-multiple-fresh": (SMALL, lambda rng: linear(rng, 20_000, 3, *SIZES, made="fresh", fitted="multiple")),
    "linear-mix-fresh": (SMALL | {"r": 4}, lambda rng: linear_mixed(rng, 20_000, 3, *SIZES, r=4)),
    "linear-overparameterised": (
        {"d": 6, "T": 4, "a": 2},
        lambda rng: overparameterised(rng, 3_000, 5, d=6, rows=4, a=2, sigma=0, accumulate=False),
    ),
    "linear-overparameterised-noisy": (
        {"d": 10, "T": 4, "a": 2, "sigma": 0.5},
        lambda rng: overparameterised(rng, 3_000, 4, d=10, rows=4, a=2, sigma=0.5, accumulate=False),
    ),
    "linear-overparameterised-accumulate": (
        {"d": 6, "T": 4, "a": 2},
        lambda rng: overparameterised(rng, 12_000, 3, d=6, rows=4, a=2, sigma=0, accumulate=True),
    ),
    "gaussian-replace": ({"s": 5}, lambda rng: gaussian(rng, 20_000, 4, 5, "replace")),
    "gaussian-accumulate": ({"s": 4}, lambda rng: gaussian(rng, 20_000, 5, 4, "accumulate")),
    "gaussian-replace-multiple": ({"s": 4}, lambda rng: gaussian(rng, 20_000, 5, 4, "replace-multiple")),
    "gaussian-subsample": ({"s": 5}, lambda rng: gaussian(rng, 20_000, 5, 5, "accumulate-subsample")),
    "gaussian-mix": ({"s": 5, "r": 2}, lambda rng: gaussian(rng, 20_000, 5, 5, "mix", r=2)),
    "gaussian-weighted": (
        {"s": 3, "r": 3, "m": 2, "w": 0.3},
        lambda rng: gaussian_weighted(rng, 16_000, 6, s=3, r=3, m=2, w=0.3),
    ),
    "kernel-density-replace": (DENSITY, lambda rng: kernel_density(rng, 8_000, 5, 6, 0.6, "replace")),
    "kernel-density-accumulate": (DENSITY, lambda rng: kernel_density(rng, 8_000, 5, 6, 0.6, "accumulate")),
    "kernel-density-subsample": (DENSITY, lambda rng: kernel_density(rng, 8_000, 5, 6, 0.6, "accumulate-subsample")),
    "kernel-density-replace-multiple": (DENSITY, lambda rng: kernel_density(rng, 8_000, 4, 6, 0.6, "replace-multiple")),
    "kernel-density-mix": (
        DENSITY | {"alpha": 0.5},
        lambda rng: kernel_density(rng, 8_000, 5, 6, 0.6, "mix", r=3),
    ),
    "kernel-density-replace-variance": (
        DENSITY | {"s": 5},
        lambda rng: kernel_density(rng, 8_000, 5, 5, 0.6, "replace", central=True),
    ),
    "kernel-density-accumulate-variance": (
        DENSITY | {"s": 5},
        lambda rng: kernel_density(rng, 8_000, 5, 5, 0.6, "accumulate", central=True),
    ),
    "discrete-replace": (GINI, lambda rng: discrete(rng, 6_000, 5, 5, "replace")),
    "discrete-accumulate": (GINI, lambda rng: discrete(rng, 6_000, 5, 5, "accumulate")),
    "discrete-replace-multiple": (GINI, lambda rng: discrete(rng, 6_000, 5, 5, "replace-multiple")),
    "discrete-subsample": (GINI, lambda rng: discrete(rng, 6_000, 6, 5, "accumulate-subsample")),
    "discrete-mix": (GINI | {"r": 2}, lambda rng: discrete(rng, 6_000, 6, 5, "mix", r=2)),
    "discrete-weighted": (
        GINI | {"r": 2, "m": 5, "w": 0.4},
        lambda rng: discrete(rng, 6_000, 6, 5, "weighted", r=2, w=0.4),
    ),
    "golden-ratio-transient": (
        {"w": 0.3, "r": 3, "m": 2, "sigma": 2},
        lambda rng: means(rng, 60_000, 5, r=3, m=2, w=0.3, sigma=2),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_formula_is_what_comes_of_drawing_and_fitting(name: str) -> None:
    values, simulate = EXACT[name]
    chains = simulate(np.random.default_rng(20_240_404))
    found = compare(chains, curve(find(name), values, chains.shape[1]))
    assert max(map(abs, found.z)) < 4, found
    assert found.p_value > 0.001, found
    # These are chains enough for an error of 3 % to be seen.
    assert found.factor_error < 0.03 / 4


def test_every_exact_formula_of_a_run_is_simulated() -> None:
    exact = {result.name for result in RESULTS.values() if result.label == "exact"}
    assert exact - {"golden-ratio", "golden-ratio-variance"} == set(EXACT)


def gap(name: str, values: dict[str, float], chains: Array) -> tuple[float, float]:
    """By how much of it the last generation is above its prediction, and the standard error."""
    found = compare(chains, curve(find(name), values, chains.shape[1]), "asymptotic")
    return found.gap[-1], found.standard_error[-1] / found.predicted[-1]


ASYMPTOTIC: dict[str, Callable[[np.random.Generator, int], tuple[dict[str, float], Array]]] = {
    "linear-subsample": lambda rng, size: (
        {"d": 4, "T": 10 * size, "sigma": 1},
        linear(rng, 5_000, 5, d=4, rows=10 * size, sigma=1, made="fresh", fitted="subset"),
    ),
    "linear-mix": lambda rng, size: (
        {"d": 3, "T": 8 * size, "sigma": 1, "alpha": 0.25},
        linear_mixed(rng, 6_000, 5, d=3, rows=8 * size, r=2 * size, sigma=1),
    ),
    "linear-weighted": lambda rng, size: (
        {"d": 3, "r": 6 * size, "m": 6 * size, "w": 0.4, "sigma": 1},
        linear_weighted(rng, 6_000, 5, d=3, r=6 * size, m=6 * size, w=0.4, sigma=1),
    ),
    "verified": lambda rng, size: (
        {"q0": 0.3, "phi": 0.8, "psi": 0.5},
        verified(rng, 6_000, 4, rows=20 * size, q0=0.3, phi=0.8, psi=0.5),
    ),
    "verified-errors": lambda rng, size: (
        {"q0": 0.3, "phi": 0.8, "psi": 0.4, "e": 0.2},
        verified(rng, 6_000, 4, rows=20 * size, q0=0.3, phi=0.8, psi=0.4, e=0.2),
    ),
}


@pytest.mark.parametrize("name", ASYMPTOTIC)
def test_an_asymptotic_formula_is_the_nearer_the_larger_the_sizes(name: str) -> None:
    rng = np.random.default_rng(20_240_406)
    (small, error), (large, _) = (gap(name, *ASYMPTOTIC[name](rng, size)) for size in (1, 6))
    assert abs(small) > 4 * error, "it would be as good as exact"
    assert abs(large) < abs(small) / 3
    assert abs(large) < 0.08


def test_every_asymptotic_formula_of_a_run_is_tested_at_two_sizes() -> None:
    asymptotic = {result.name for result in RESULTS.values() if result.label == "asymptotic"}
    assert asymptotic - {"verifier-threshold"} == set(ASYMPTOTIC)


@pytest.mark.parametrize("made", ["fixed", "fresh"])
def test_the_bound_is_never_passed(made: str) -> None:
    chains = linear(np.random.default_rng(7), 2_000, 6, *SIZES, made=made, fitted="all")
    bound = curve(find("linear-accumulate-bound"), SMALL, 6)
    assert compare(chains, bound, "bound").contradicts() is False
    assert compare(chains, [0.5 * value for value in bound], "bound").contradicts() is True


@pytest.mark.parametrize(("wrong", "worse"), [(0.8, "rises"), (0.55, "falls")])
def test_the_verifiers_threshold_parts_majorities(wrong: float, worse: str) -> None:
    """Of the kept rows most are right below the threshold, and most are wrong above it."""
    rng = np.random.default_rng(3)
    threshold = curve(find("verifier-threshold"), {"phi": 0.9, "psi": 0.4}, 1)[0]
    kept_right = rng.binomial(rng.binomial(100_000, 1 - wrong), 0.9)
    kept_wrong = rng.binomial(rng.binomial(100_000, wrong), 0.4)
    assert (kept_right > kept_wrong) == (wrong < threshold) == (worse == "falls")
