"""Distributions over categories, against counts by ``collections.Counter``."""

from __future__ import annotations

from collections import Counter
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.collapse.families.discrete import FLOOR, Discrete, JudgedDiscrete, Zipf, discrete_from_config
from recsyn.collapse.families.picking import picked
from recsyn.collapse.family import Judging
from recsyn.errors import RecsynError

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = (0.5, 0.25, 0.15, 0.1, 0.0)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_every_chain_of_a_batch_is_counted_as_by_itself(shared: bool, smoothing: float) -> None:
    g = generator()
    family = Discrete(TRUTH, smoothing)
    rows = family.batch(6, True, g).real(40, g)
    weights = g.integers(0, 4, 40) if shared else g.integers(0, 4, (6, 40))
    model = family.batch(6, True, g).fit(rows, weights, g)
    scores = model.score(None)
    for chain in range(6):
        own = weights if shared else weights[chain]
        counts = Counter(np.repeat(rows[chain], own).tolist())
        shares = [(counts[k] + smoothing) / (own.sum() + 5 * smoothing) for k in range(5)]
        np.testing.assert_allclose(model.shares[chain], shares)
        assert scores["test_loss"][chain] == pytest.approx(sum(p * log(p / q) for p, q in zip(TRUTH, shares, strict=True) if p))
        assert scores["gini_simpson"][chain] == pytest.approx(1 - sum(q * q for q in shares))
        assert scores["total_variation"][chain] == pytest.approx(sum(abs(p - q) for p, q in zip(TRUTH, shares, strict=True)) / 2)
        assert scores["support"][chain] == 1
        np.testing.assert_allclose(family.fit(rows[chain], own, g).shares, shares)


def test_a_lost_category_leaves_the_loss_finite_and_the_others_exact() -> None:
    family = Discrete(TRUTH)
    rows = np.array([[0, 1, 2, 3], [0, 0, 1, 1]])
    scores = family.batch(2, True, generator()).fit(rows, np.ones(4), generator()).score(None)
    assert scores["test_loss"][0] == pytest.approx(sum(p * log(p / 0.25) for p in TRUTH if p))
    floored = [(1 - FLOOR) * q + FLOOR / 5 for q in (0.5, 0.5, 0, 0)]
    assert scores["test_loss"][1] == pytest.approx(sum(p * log(p / q) for p, q in zip(TRUTH[:4], floored, strict=True)))
    assert scores["support"].tolist() == [1, 0.5]
    assert scores["total_variation"][1] == pytest.approx(0.25)


def test_lost_support_never_comes_back() -> None:
    g = generator(1)
    chains = Discrete(Zipf(50)).batch(20, True, g)
    rows, left = chains.real(30, g), np.ones(20)
    for _ in range(12):
        model = chains.fit(rows, np.ones(30), g)
        support = model.score(None)["support"]
        assert (support <= left).all()
        rows, left = model.sample(30, g), support
    assert left.max() < 0.3


@given(st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4).filter(any), min_size=1, max_size=5), st.integers(0, 99))
def test_places_without_a_share_are_never_drawn(shares: list[list[int]], seed: int) -> None:
    given_shares = np.array(shares, float)
    places = picked(given_shares, 50, generator(seed))
    assert places.shape == (len(shares), 50)
    assert (np.take_along_axis(given_shares, places, -1) > 0).all()


def test_places_are_drawn_by_their_shares() -> None:
    shares = np.array([[1, 2, 3, 4], [0, 0, 1, 0], [5, 0, 0, 5]], float)
    places = picked(shares, 40_000, generator(2))
    for own, chain in zip(shares, places, strict=True):
        np.testing.assert_allclose(np.bincount(chain, minlength=4) / 40_000, own / own.sum(), atol=0.01)
    assert len({tuple(row) for row in picked(np.ones((50, 9)), 20, generator(3)).tolist()}) == 50


def test_right_categories_are_judged_and_turn_wrong_by_the_models_error() -> None:
    g = generator(4)
    family = JudgedDiscrete((0.4, 0.3, 0.2, 0.1), right_categories=(0, 2), error=0.25)
    assert isinstance(family, Judging)
    assert isinstance(family.batch(2, True, g), Judging)
    assert not isinstance(Discrete(TRUTH), Judging)
    assert not isinstance(Discrete(TRUTH).batch(2, True, g), Judging)
    chains = family.batch(2, False, g)
    rows = chains.real(100_000, g)
    assert chains.right(rows).tolist() == np.isin(rows, [0, 2]).tolist()
    model = chains.fit(rows, np.ones(100_000), g)
    made = model.sample(100_000, g)
    shares = model.score(None)["right_share"]
    np.testing.assert_allclose(shares, 0.6 * 0.75, atol=0.01)
    np.testing.assert_allclose(chains.right(made).mean(1), shares, atol=0.01)
    # Half of 0.6 · 0.25 goes to each wrong category.
    np.testing.assert_allclose(np.bincount(made[0], minlength=4) / 100_000, [0.3, 0.375, 0.15, 0.175], atol=0.01)


class Same:
    """Chance that is always the same number."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self, shape: Any) -> np.ndarray:
        return np.full(shape, self.number)


@pytest.mark.parametrize(("number", "place"), [(0.0, 1), (1 - 2**-53, 3)])
def test_the_least_and_the_greatest_chance_draw_places_that_have_a_share(number: float, place: int) -> None:
    """In the thousandth of many lists the greatest is rounded up to where the next list begins."""
    shares = np.tile([0.0, 1.0, 0.0, 1.0, 0.0], (1000, 1))
    chance: Any = Same(number)
    assert (picked(shares, 3, chance) == place).all()


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "discrete", "probabilities": [0.5, 0.5], "smoothing": 0.1},
        {"kind": "discrete", "probabilities": {"zipf": 1000, "exponent": 1.5}, "smoothing": 0.0},
        {"kind": "discrete", "probabilities": [1.0, 2.0, 3.0], "smoothing": 0.0, "right": [0, 2], "error": 0.1},
    ],
)
def test_configurations_are_written_as_they_are_read(config: Any) -> None:
    assert discrete_from_config(config).to_config() == config


def test_laws() -> None:
    np.testing.assert_allclose(discrete_from_config({"probabilities": {"uniform": 4}}).truth, [0.25] * 4)
    np.testing.assert_allclose(discrete_from_config({"probabilities": {"zipf": 3}}).truth, np.array([6, 3, 2]) / 11)
    np.testing.assert_allclose(discrete_from_config({"probabilities": [1, 3]}).truth, [0.25, 0.75])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "has no probabilities"),
        ({"probability": [1]}, "did you mean `probabilities`?"),
        ({"probabilities": []}, "give a number of 0 or above for each category"),
        ({"probabilities": [0, 0]}, "one above 0"),
        ({"probabilities": [1, -1]}, "a probability of discrete is -1, not 0 or above"),
        ({"probabilities": ["a"]}, "not a number"),
        ({"probabilities": {"zipf": 0}}, "zipf, the number of categories, is 0"),
        ({"probabilities": {"zip": 3}}, "give a list, {zipf: K, exponent: a} or {uniform: K}"),
        ({"probabilities": {"uniform": 3, "exponent": 1}}, "give a list"),
        ({"probabilities": [1, 1], "smoothing": -1}, "smoothing of discrete is -1"),
        ({"probabilities": [1, 1], "error": 0.1}, "give `right` with `error`"),
        ({"probabilities": [1, 1], "right": [2]}, "a right category is 2, not from 0 to 1"),
        ({"probabilities": {"uniform": 2}, "right": []}, "name some of those from 0 to 1"),
        ({"probabilities": [1, 1], "right": 1}, "give the numbers of the right categories"),
        ({"probabilities": [1, 1], "right": [0, 1], "error": 0.5}, "all categories are right"),
        ({"probabilities": [1, 1], "right": [0], "error": 1.5}, "error of discrete is 1.5, not from 0 to 1"),
    ],
)
def test_impossible_configurations_are_refused(config: Any, message: str) -> None:
    with pytest.raises(RecsynError) as refusal:
        discrete_from_config(config)
    assert message in str(refusal.value)


def test_no_rows_are_refused() -> None:
    Discrete(TRUTH).check(1)
    with pytest.raises(RecsynError, match="no rows"):
        Discrete(TRUTH).check(0)
