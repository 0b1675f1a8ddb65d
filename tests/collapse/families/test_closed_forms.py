"""What the theory says exactly of families whose models are fitted to rows of models, held against thousands of chains of each."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin, sqrt
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.families.density import KernelDensity
from recsyn.collapse.families.discrete import Discrete, Zipf
from recsyn.collapse.families.gaussian import Gaussian

pytestmark = pytest.mark.filterwarnings("error")

CHAINS = 4000
GENERATIONS = 8
FAULT = 0.03
"""An error of the theory that the tests must not pass."""

Scored = list[dict[str, np.ndarray]]


def run(family: Any, rows: int, accumulate: bool, seed: int, score: Callable[[Any], dict[str, np.ndarray]]) -> Scored:
    generator = np.random.default_rng(seed)
    chains = family.batch(CHAINS, not accumulate, generator)
    lots, scores = chains.real(rows, generator), []
    for _ in range(GENERATIONS):
        model = chains.fit(lots, np.ones(lots.shape[1]), generator)
        scores.append(score(model))
        made = model.sample(rows, generator)
        lots = np.concatenate([lots, made], 1) if accumulate else made
    return scores


def held(values: np.ndarray, theory: float) -> None:
    """That the mean is the theory's, and that it would be told from one that is 3 % off."""
    error = values.std(ddof=1) / sqrt(len(values))
    assert abs(values.mean() - theory) < 4 * error
    assert 4 * error < abs(theory) * FAULT


@pytest.mark.parametrize(("accumulate", "rows"), [(False, 50), (True, 10)])
def test_trace_of_the_fitted_covariance(accumulate: bool, rows: int) -> None:
    scores = run(Gaussian(3, (1.0, 2.0, 4.0)), rows, accumulate, 1, lambda model: model.score(None))
    theory = 1.0
    for m, score in enumerate(scores, 1):
        theory *= 1 - 1 / (rows * m**2) if accumulate else 1 - 1 / rows
        held(score["trace_ratio"], theory)
    if accumulate:
        limit = sin(pi / sqrt(rows)) / (pi / sqrt(rows))
        assert limit < theory < 1.02 * limit


def test_where_the_mean_is_known_the_trace_stays() -> None:
    for score in run(Gaussian(3, known="mean"), 50, False, 2, lambda model: model.score(None)):
        held(score["trace_ratio"], 1.0)
        assert not score["mean_error"].any()


@pytest.mark.parametrize("accumulate", [False, True])
def test_second_moment_of_a_kernel_density(accumulate: bool) -> None:
    h = 0.6
    scores = run(KernelDensity("gaussian", h), 100, accumulate, 3, lambda model: model.score(np.zeros((CHAINS, 1, 1))))
    for m, score in enumerate(scores, 1):
        held(score["second_moment"], 1 + h**2 * (sum(1 / k for k in range(1, m + 1)) if accumulate else m))


@pytest.mark.parametrize("accumulate", [False, True])
def test_gini_simpson_index_of_a_discrete_distribution(accumulate: bool) -> None:
    family, rows = Discrete(Zipf(8, 1.0)), 20
    theory = 1 - float((family.truth**2).sum())
    for m, score in enumerate(run(family, rows, accumulate, 4, lambda model: model.score(None)), 1):
        theory *= 1 - 1 / (rows * m**2) if accumulate else 1 - 1 / rows
        held(score["gini_simpson"], theory)


def test_golden_weighting_of_means_settles_at_the_golden_ratio() -> None:
    """With k = 1 and the weight w on real rows the squared error goes to that of the first generation times
    (w² + (1 − w)²)/(1 − (1 − w)²), which is 0.618 at w = 0.618 (arXiv 2502.18049)."""
    generator = np.random.default_rng(5)
    golden, rows, dimensions = (sqrt(5) - 1) / 2, 25, 10
    chains = Gaussian(dimensions, known="covariance").batch(CHAINS, True, generator)
    model = chains.fit(chains.real(rows, generator), np.ones(rows), generator)
    error = first = dimensions / rows
    held(model.score(None)["test_loss"], error)
    for _ in range(GENERATIONS):
        lots = np.concatenate([chains.real(rows, generator), model.sample(rows, generator)], 1)
        model = chains.fit(lots, np.repeat([golden, 1 - golden], rows), generator)
        error = golden**2 * first + (1 - golden) ** 2 * (error + first)
        held(model.score(None)["test_loss"], error)
    assert error == pytest.approx(golden * first, rel=1e-6)
