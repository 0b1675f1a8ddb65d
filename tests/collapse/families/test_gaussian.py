"""Normal distributions, against NumPy's own estimates and the divergence written with inverses and determinants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.collapse.families.gaussian import Gaussian, gaussian_from_config
from recsyn.collapse.family import Batchable, Collapsed
from recsyn.errors import RecsynError

pytestmark = pytest.mark.filterwarnings("error")

MATRIX = ((2.0, 0.6, 0.0), (0.6, 1.0, -0.3), (0.0, -0.3, 0.5))
TRUTH = np.array(MATRIX)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shared", [False, True])
def test_every_chain_of_a_batch_is_fitted_as_by_itself(shared: bool) -> None:
    g = generator()
    family = Gaussian(3, MATRIX)
    rows = family.batch(7, True, g).real(12, g)
    weights = g.random(12) if shared else g.random((7, 12))
    model = family.batch(7, True, g).fit(rows, weights, g)
    scores = model.score(None)
    for chain in range(7):
        own = weights if shared else weights[chain]
        mean, covariance = np.average(rows[chain], 0, own), np.cov(rows[chain].T, ddof=0, aweights=own)
        np.testing.assert_allclose(model.mean[chain], mean)
        np.testing.assert_allclose(model.covariance[chain], covariance, atol=1e-12)
        inverse = np.linalg.inv(covariance)
        divergence = np.trace(inverse @ TRUTH) + mean @ inverse @ mean - 3
        divergence += np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(TRUTH)[1]
        assert scores["test_loss"][chain] == pytest.approx(divergence / 2)
        assert scores["mean_error"][chain] == pytest.approx(mean @ mean)
        assert scores["trace_ratio"][chain] == pytest.approx(np.trace(covariance) / np.trace(TRUTH))
        alone = family.fit(rows[chain], own, g)
        np.testing.assert_allclose(alone.covariance, model.covariance[chain], atol=1e-12)
        assert alone.score(None)["test_loss"] == pytest.approx(scores["test_loss"][chain])


def test_truth_and_models_draw_what_they_are() -> None:
    g = generator(1)
    family = Gaussian(3, MATRIX)
    np.testing.assert_allclose(np.cov(family.real(200_000, g).T), TRUTH, atol=0.02)
    rows = family.real(10, g) + 5
    model = family.fit(rows, np.ones(10), g)
    made = model.sample(200_000, g)
    assert made.shape == (200_000, 3)
    np.testing.assert_allclose(made.mean(0), rows.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(made.T), np.cov(rows.T, ddof=0), atol=0.05)


def test_what_is_known_is_not_fitted() -> None:
    g = generator(2)
    rows = Gaussian(3, MATRIX).real(9, g) + 1
    known_mean = Gaussian(3, MATRIX, "mean").fit(rows, np.ones(9), g)
    np.testing.assert_allclose(known_mean.covariance, rows.T @ rows / 9)
    assert known_mean.score(None)["mean_error"] == 0
    known_covariance = Gaussian(3, MATRIX, "covariance").fit(rows, np.ones(9), g)
    np.testing.assert_allclose(known_covariance.covariance, TRUTH, atol=1e-12)
    scores = known_covariance.score(None)
    assert scores["test_loss"] == scores["mean_error"] == pytest.approx(float((rows.mean(0) ** 2).sum()))


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(lambda w: sum(map(bool, w)) > 3))
def test_a_row_of_weight_w_counts_as_w_rows(weights: list[int]) -> None:
    rows = Gaussian(2).real(6, generator(3))
    weighted = Gaussian(2).fit(rows, np.array(weights), generator())
    repeated = Gaussian(2).fit(np.repeat(rows, weights, 0), np.ones(sum(weights)), generator())
    np.testing.assert_allclose(weighted.mean, repeated.mean, atol=1e-12)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, atol=1e-12)


@pytest.mark.parametrize("spoilt", ["equal", "on a line", "infinite"])
def test_a_chain_that_collapses_leaves_the_others(spoilt: str) -> None:
    g = generator(4)
    family = Gaussian(2)
    rows = family.batch(3, True, g).real(8, g)
    rows[1] = {"equal": np.ones((8, 2)), "on a line": np.outer(rows[1, :, 0], [1, 0.3]), "infinite": np.full((8, 2), np.nan)}[
        spoilt
    ]
    model = family.batch(3, True, g).fit(rows, np.ones(8), g)
    made, scores = model.sample(5, g), model.score(None)
    for values in (made.sum((1, 2)), *scores.values()):
        assert np.isnan(values).tolist() == [False, True, False]
    again = family.batch(3, True, g).fit(made, np.ones(5), g)
    assert np.isnan(again.score(None)["test_loss"]).tolist() == [False, True, False]
    with pytest.raises(Collapsed, match="singular"):
        family.fit(rows[1], np.ones(8), g)


def test_a_batch_is_reproducible_and_its_chains_differ() -> None:
    family = Gaussian(2).batch(3, True, generator())
    assert isinstance(Gaussian(2), Batchable)
    first, again = (family.real(4, generator(6)) for _ in range(2))
    assert (first == again).all()
    assert not np.isclose(first[0], first[1]).any()


@pytest.mark.parametrize("covariance", [2.5, [1.0, 3.0, 2.0], [list(row) for row in MATRIX]])
def test_configurations_are_written_as_they_are_read(covariance: Any) -> None:
    config = {"kind": "gaussian", "dimensions": 3, "covariance": covariance, "known": "mean"}
    assert gaussian_from_config(config).to_config() == config
    assert gaussian_from_config({}) == Gaussian()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dimension": 2}, "has no field 'dimension'\n  hint: did you mean `dimensions`?"),
        ({"dimensions": 0}, "dimensions of gaussian is 0, not from 1 to 1,000"),
        ({"dimensions": 2.5}, "not a whole number"),
        ({"covariance": -1}, "not positive definite"),
        ({"covariance": 0}, "not positive definite"),
        ({"covariance": "wide"}, "covariance of gaussian is 'wide', not a number"),
        ({"covariance": float("nan")}, "not a number"),
        ({"dimensions": 3, "covariance": [1, 2]}, "give a number, a list of 3 variances, or a matrix of 3 by 3"),
        ({"dimensions": 2, "covariance": [[1, 2], [1]]}, "a matrix has 2 rows of 2 numbers"),
        ({"dimensions": 2, "covariance": [[1, 0.5], [0.2, 1]]}, "not symmetric"),
        ({"dimensions": 2, "covariance": [[1, 2], [2, 1]]}, "its least eigenvalue is -1, its greatest 3"),
        ({"known": "means"}, "known of gaussian is 'means'\n  hint: did you mean `mean`?"),
        (["gaussian"], "give its fields: dimensions, covariance, known"),
    ],
)
def test_impossible_configurations_are_refused(config: Any, message: str) -> None:
    with pytest.raises(RecsynError) as refusal:
        gaussian_from_config(config)
    assert message in str(refusal.value)


@pytest.mark.parametrize(("known", "least"), [("none", 4), ("mean", 3), ("covariance", 1)])
def test_too_few_rows_are_refused(known: str, least: int) -> None:
    family = Gaussian(3, known=known)
    family.check(least)
    with pytest.raises(RecsynError, match=f"give {least} rows or more"):
        family.check(least - 1)
    g = generator(7)
    assert np.isfinite(family.fit(family.real(least, g), np.ones(least), g).score(None)["test_loss"])
