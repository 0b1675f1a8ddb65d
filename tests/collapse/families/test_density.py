"""Kernel densities, against sums of kernels written out."""

from __future__ import annotations

from math import exp, log, pi, prod, sqrt
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.families import density
from recsyn.collapse.families.density import KernelDensity, density_from_config
from recsyn.collapse.family import Collapsed
from recsyn.errors import RecsynError

pytestmark = pytest.mark.filterwarnings("error")

DATA = ("gaussian", "blobs", "circles", "moons", "swiss-roll")


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def log_density(row: Any, centres: Any, weights: Any, widths: Any) -> float:
    kernels = (
        prod(exp(-(((x - c) / h) ** 2) / 2) / (h * sqrt(2 * pi)) for x, c, h in zip(row, centre, widths, strict=True))
        for centre in centres
    )
    return log(sum(w * k for w, k in zip(weights, kernels, strict=True)) / sum(weights))


@pytest.mark.parametrize("at_once", [1, 7, 50, 10**6])
@pytest.mark.parametrize("data", ["gaussian", "moons", "swiss-roll"])
def test_the_likelihood_is_that_of_all_kernels(data: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "_AT_ONCE", at_once)
    g = generator()
    family = KernelDensity(data, 1.5)
    chains = family.batch(3, True, g)
    rows, test = chains.real(8, g), chains.real(5, g)
    weights = g.integers(0, 3, (3, 8)) + np.eye(3, 8)
    model = chains.fit(rows, weights, g)
    scores = model.score(test)
    for chain in range(3):
        found = [log_density(row, rows[chain], weights[chain], [1.5] * family.dimensions) for row in test[chain]]
        np.testing.assert_allclose(model.log_density(test)[chain], found)
        assert scores["test_loss"][chain] == pytest.approx(-np.mean(found))
        moment = np.mean([np.average(x**2, weights=weights[chain]) for x in rows[chain].T]) + 1.5**2
        assert scores["second_moment"][chain] == pytest.approx(moment)
        alone = family.fit(rows[chain], weights[chain], g).score(test[chain])
        assert alone["test_loss"] == pytest.approx(scores["test_loss"][chain])


def test_a_far_row_has_a_finite_likelihood() -> None:
    model = KernelDensity("gaussian", 0.1).fit(np.array([[0.0], [1.0]]), np.array([1.0, 0.0]), generator())
    far = 1000.0
    assert model.log_density(np.array([[far]]))[0] == pytest.approx(-((far / 0.1) ** 2) / 2 - log(0.1 * sqrt(2 * pi)))


def test_rules_of_the_bandwidth() -> None:
    g = generator(1)
    rows = g.normal(0, [1.0, 5.0], (30, 2))
    ones = np.ones(30)
    deviation = rows.std(0, ddof=1)
    np.testing.assert_allclose(KernelDensity("moons", "scott").fit(rows, ones, g).bandwidths, 30 ** (-1 / 6) * deviation)
    np.testing.assert_allclose(KernelDensity("moons", "silverman").fit(rows, ones, g).bandwidths, 30 ** (-1 / 6) * deviation)
    line = rows[:, :1]
    fitted = KernelDensity("gaussian", "silverman").fit(line, ones, g).bandwidths
    np.testing.assert_allclose(fitted, (4 / 3 / 30) ** 0.2 * deviation[:1])
    # Rows that weigh nothing are none, and the weights' unit does not matter.
    half = np.repeat([7.0, 0.0], 15)
    few = KernelDensity("moons", "scott").fit(rows[:15], np.ones(15), g).bandwidths
    np.testing.assert_allclose(KernelDensity("moons", "scott").fit(rows, half, g).bandwidths, few)


def test_models_draw_from_their_density() -> None:
    g = generator(2)
    rows = np.array([[0.0, 0.0], [4.0, 0.0], [9.0, 9.0]])
    model = KernelDensity("moons", 0.3).fit(rows, np.array([1.0, 3.0, 0.0]), g)
    made = model.sample(40_000, g)
    near = made[:, 0] > 2
    assert near.mean() == pytest.approx(0.75, abs=0.01)
    np.testing.assert_allclose(made[near].mean(0), [4, 0], atol=0.01)
    np.testing.assert_allclose(made[near].std(0), 0.3, atol=0.01)
    assert (made**2).mean() == pytest.approx(float(model.score(made[:5])["second_moment"]), rel=0.01)
    batch = KernelDensity("moons", 0.3).batch(2, True, g).fit(np.stack([rows, rows + 100]), np.ones(3), g).sample(20_000, g)
    np.testing.assert_allclose(batch.mean((1, 2)), [rows.mean(), rows.mean() + 100], atol=0.1)


def test_a_chain_that_collapses_leaves_the_others() -> None:
    g = generator(3)
    family = KernelDensity("moons", "scott")
    chains = family.batch(3, True, g)
    rows, test = chains.real(6, g), chains.real(4, g)
    rows[1, :, 0] = 2.0
    model = chains.fit(rows, np.ones(6), g)
    for values in (*model.score(test).values(), model.sample(4, g).sum((1, 2))):
        assert np.isnan(values).tolist() == [False, True, False]
    again = chains.fit(model.sample(6, g), np.ones(6), g)
    assert np.isnan(again.score(test)["test_loss"]).tolist() == [False, True, False]
    with pytest.raises(Collapsed, match="the bandwidth is 0"):
        family.fit(rows[1], np.ones(6), g)


@pytest.mark.parametrize("data", DATA)
def test_data_have_their_shapes(data: str) -> None:
    family = KernelDensity(data)
    rows = family.real(20_000, generator(4))
    assert rows.shape == (20_000, family.dimensions)
    x, *others = rows.T
    if data == "gaussian":
        assert (x.mean(), x.std()) == pytest.approx((0, 1), abs=0.03)
    elif data == "blobs":
        centres = np.array([[-5, -4], [5, -4], [0, 6]])
        nearest = ((rows[:, None] - centres) ** 2).sum(-1).argmin(1)
        for blob, centre in enumerate(centres):
            assert (nearest == blob).mean() == pytest.approx(1 / 3, abs=0.02)
            np.testing.assert_allclose(rows[nearest == blob].mean(0), centre, atol=0.05)
            np.testing.assert_allclose(rows[nearest == blob].std(0), 1, atol=0.05)
    elif data == "circles":
        radius = np.hypot(x, others[0])
        assert np.abs(radius[radius > 0.9].mean() - 1) < 0.02
        assert np.abs(radius[radius < 0.9].mean() - 0.8) < 0.02
    elif data == "moons":
        to_upper, to_lower = np.hypot(x, others[0]), np.hypot(x - 1, others[0] - 0.5)
        assert (np.minimum(np.abs(to_upper - 1), np.abs(to_lower - 1)) < 0.25).all()
        assert others[0].max() > 0.9 > -0.4 > others[0].min()
    else:
        radius = np.hypot(x, others[1])
        assert radius.min() > 4.4
        assert radius.max() < 14.5
        assert (others[0].min(), others[0].max()) == pytest.approx((0, 21), abs=0.3)
        # The radius is the angle, but for the noise along it, and across it, where it turns by as much less as the radius is long.
        turned = np.angle((x + 1j * others[1]) * np.exp(-1j * radius))
        assert np.sqrt((turned**2).mean()) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("bandwidth", [0.1, "scott", "silverman"])
@pytest.mark.parametrize("data", DATA)
def test_configurations_are_written_as_they_are_read(data: str, bandwidth: Any) -> None:
    config = {"kind": "kernel-density", "data": data, "bandwidth": bandwidth}
    assert density_from_config(config).to_config() == config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"data": "moon"}, "data of kernel-density is 'moon'\n  hint: did you mean `moons`?"),
        ({"bandwidth": "scot"}, "did you mean `scott`?"),
        ({"bandwidth": 0}, "give a number above 0, scott or silverman"),
        ({"bandwidth": -1}, "bandwidth of kernel-density is -1, not 0 or above"),
        ({"bandwidth": True}, "not a number"),
        ({"band": 1}, "did you mean `bandwidth`?"),
        (3, "give its fields: data, bandwidth"),
    ],
)
def test_impossible_configurations_are_refused(config: Any, message: str) -> None:
    with pytest.raises(RecsynError) as refusal:
        density_from_config(config)
    assert message in str(refusal.value)


def test_too_few_rows_are_refused() -> None:
    KernelDensity("gaussian", 0.5).check(1)
    with pytest.raises(RecsynError, match="no rows"):
        KernelDensity("gaussian", 0.5).check(0)
    with pytest.raises(RecsynError, match="give 2 rows or more, or a number"):
        KernelDensity("gaussian", "scott").check(1)
