"""Linear regressions side by side against one at a time, against the closed formulas, and against what cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.collapse.chain import Chain, Generation, generations
from recsyn.collapse.families import chunks, matrices, regression
from recsyn.collapse.families.linear import Decay, Linear, linear_from_config
from recsyn.collapse.family import Array, Batchable, HeldOut, Iterative, Joining, Profiled
from recsyn.collapse.keeping import keep_generation, kept_generations
from recsyn.collapse.opening import family_from_config
from recsyn.collapse.workflow import workflow_from_config
from recsyn.errors import RecsynError

MATRIX = ((2.0, 0.5, 0.0), (0.5, 1.0, -0.3), (0.0, -0.3, 0.2))


def ran(family: Linear, workflow: object, rows: int, many: int, chains: int, **more: Any) -> Mapping[str, Array]:
    """float[chains, generations] by metric."""
    chain = Chain(family, workflow_from_config(workflow), rows, many, chains=chains, **more)
    scores = [generation.scores for generation in generations(chain)]
    return {metric: np.stack([each[metric] for each in scores], 1) for metric in scores[0]}


def alike(ours: Array, theirs: Array) -> bool:
    """Whether both samples may be of one distribution: Kolmogorov and Smirnov's test at the level 0.0005."""
    both = np.sort(np.concatenate([ours, theirs]))
    apart = np.abs(
        np.searchsorted(np.sort(ours), both, "right") / len(ours) - np.searchsorted(np.sort(theirs), both, "right") / len(theirs)
    ).max()
    return bool(apart < 2.04 * sqrt(1 / len(ours) + 1 / len(theirs)))


# One at a time


def plain(family: Linear, workflow: str, rows: int, many: int, chains: int, seed: int) -> Mapping[str, Array]:
    """What the papers' own scripts do: rows, and `pinv` once a generation, one chain after another, and no principal axes."""
    d, rng = family.features, np.random.default_rng(seed)
    match family.covariance:
        case None:
            covariance = np.eye(d)
        case Decay(exponent):
            covariance = np.diag(np.arange(1, d + 1) ** -exponent)
        case written:
            covariance = np.array(written) if isinstance(written[0], tuple) else np.diag(written)
    root = np.linalg.cholesky(covariance)
    losses, norms, drifts = (np.empty((chains, many)) for _ in range(3))
    for chain in range(chains):
        if isinstance(family.truth, tuple):
            truth = np.array(family.truth)
        else:
            truth = rng.standard_normal(d)
            truth *= family.truth / np.linalg.norm(truth)
        design = rng.standard_normal((rows, d)) @ root.T

        def labelled(weights: Array, n: int, real: bool, design: Array = design) -> tuple[Array, Array]:
            if family.design == "fresh":
                x = rng.standard_normal((n, d)) @ root.T
            else:
                x = design[np.arange(n) % rows] if real else design[np.arange(-n, 0) % rows]
            return x, x @ weights + family.noise * rng.standard_normal(n)

        lots, found, first = [labelled(truth, rows, True)], truth, truth
        for generation in range(1, many + 1):
            if generation > 1:
                match workflow:
                    case "replace":
                        lots = [labelled(found, rows, False)]
                    case "replace-multiple":
                        lots = [labelled(found, generation * rows, False)]
                    case "mix":
                        real = round(rows / 2)
                        lots = [labelled(truth, real, True), labelled(found, rows - real, False)]
                    case _:
                        lots.append(labelled(found, rows, False))
            x, y = (np.concatenate(part) for part in zip(*lots, strict=True))
            if workflow == "accumulate-subsample":
                chosen = rng.permutation(len(y))[:rows]
                x, y = x[chosen], y[chosen]
            inverse = np.linalg.inv(x.T @ x + family.ridge * np.eye(d)) @ x.T if family.ridge else np.linalg.pinv(x, 1e-10)
            found = inverse @ y
            first = found if generation == 1 else first
            losses[chain, generation - 1] = (found - truth) @ covariance @ (found - truth)
            drifts[chain, generation - 1] = (found - first) @ covariance @ (found - first)
            norms[chain, generation - 1] = np.linalg.norm(found)
    return {"test_loss": losses, "norm": norms, "drift": drifts}


WORKFLOWS = ("replace", "accumulate", "replace-multiple", "mix", "accumulate-subsample")
FAMILIES = {
    "same": Linear(3),
    "fresh": Linear(3, design="fresh"),
    "ridge, same, decaying": Linear(3, ridge=4.0, covariance=Decay(1.0)),
    "ridge, fresh, any covariance": Linear(3, 0.5, "fresh", 2.0, MATRIX, (1.0, -1.0, 0.5)),
}


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize("name", FAMILIES)
def test_chains_side_by_side_are_as_those_of_a_plain_loop(name: str, workflow: str) -> None:
    family, rows = FAMILIES[name], 14
    ours, theirs = ran(family, workflow, rows, 3, 8_000), plain(family, workflow, rows, 3, 800, 5)
    for metric, of_plain in theirs.items():
        for generation in range(3):
            if metric == "drift" and not generation:
                assert (ours[metric][:, 0] == 0).all()
            else:
                assert alike(ours[metric][:, generation], of_plain[:, generation]), (metric, generation + 1)


@pytest.mark.parametrize("workflow", ["replace", "accumulate", "replace-multiple", "mix", "accumulate-subsample"])
@pytest.mark.parametrize("design", ["same", "fresh"])
def test_with_fewer_rows_than_features_the_shortest_is_fitted(design: Any, workflow: str) -> None:
    family = Linear(9, 0.3, design, covariance=Decay(0.5))
    ours, theirs = ran(family, workflow, 4, 4, 4_000), plain(family, workflow, 4, 4, 600, 6)
    for metric, of_plain in theirs.items():
        for generation in range(metric == "drift", 4):
            assert alike(ours[metric][:, generation], of_plain[:, generation]), (metric, generation + 1)


class Apart:
    """A family whose rows are always rows."""

    def __init__(self, family: Linear) -> None:
        self.family = family

    def batch(self, chains: int, whole: bool, generator: np.random.Generator) -> Any:
        return self.family.batch(chains, False, generator)


@pytest.mark.parametrize(
    "workflow",
    [
        {"kind": "accumulate", "weights": [3, 1, 0.5]},
        {"kind": "weighted", "made": 1.5},
        {"kind": "weighted", "real": 0.2, "made": 0.5},
        {"kind": "mix", "real": 0.25},
        "replace-multiple",
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "family",
    [
        Linear(4, design="fresh"),
        Linear(4, covariance=(4.0, 1.0, 0.5, 0.1), ridge=1.0),
        Linear(4, solver="gradient", rate=0.3, ridge=0.5),
        Linear(4, design="fresh", solver="gradient", rate=0.1, steps=7),
        Linear(30, 0.1, "fresh"),
        Linear(30, 0.1, "same", covariance=Decay(1.0)),
        Linear(30, 0.1, "fresh", ridge=0.5),
    ],
    ids=str,
)
def test_lots_stand_for_their_rows(family: Linear, workflow: object) -> None:
    whole, apart = (ran(each, workflow, 16, 3, 1_500, name=(name,)) for each, name in ((family, 1), (Apart(family), 2)))
    for metric, values in whole.items():
        for generation in range(3):
            if np.ptp(values[:, generation]):
                assert alike(values[:, generation], apart[metric][:, generation]), (metric, generation + 1)


@pytest.mark.parametrize("rows", [5, 6, 9, 40])
def test_squares_that_are_drawn_after_the_estimate_are_drawn_with_it(rows: int) -> None:
    """Each of these tells of both; that they are as in regressions of rows says that they are drawn together."""
    family, chains, rng = Linear(4, 0.7, "fresh", covariance=(1.0, 2.0, 0.5, 1.0), truth=(1.0, 0.0, 2.0, -1.0)), 6_000, rng_of(3)
    batch: Any = family.batch(chains, True, rng_of(1))
    [lot], rank = batch.read(batch.joined([batch.real(rows, rng_of(2))]), np.ones(1))
    assert rank == 4
    drawn = np.concatenate([lot.rows(*each) for each in pieces_of(chains)], 2)
    ours = told(squares_of(drawn), lot.estimate.T, batch.truth.T)
    x = rng.standard_normal((chains, rows, 4)) * np.sqrt(family.variances)
    y = (x @ batch.truth.T[..., None])[..., 0] + 0.7 * rng.standard_normal((chains, rows))
    theirs = told(x.swapaxes(1, 2) @ x, (np.linalg.pinv(x) @ y[..., None])[..., 0], batch.truth.T)
    for what, values in ours.items():
        assert alike(values, theirs[what]), what


def squares_of(rows: Array) -> Array:
    """float[chains, d, d], of float[k, d, chains]."""
    return np.einsum("kic,kjc->cij", rows, rows)


def pieces_of(chains: int) -> Iterator[tuple[slice, np.random.Generator]]:
    for number, piece in enumerate(chunks.pieces(chains, 2_000)):
        yield piece, rng_of(100 + number)


def told(squares: Array, estimate: Array, truth: Array) -> Mapping[str, Array]:
    error = estimate - truth
    value = np.einsum("ci,cij,cj->c", error, squares, error)
    trace, inverse = np.trace(squares, axis1=1, axis2=2), np.linalg.inv(squares)
    return {
        "of the error": value,
        "of the estimate": np.einsum("ci,cij,cj->c", estimate, squares, estimate),
        "trace": trace,
        "volume": np.linalg.slogdet(squares)[1],
        "error beside trace": (error**2).sum(1) * trace,
        "error beside inverse": (error**2).sum(1) / np.trace(inverse, axis1=1, axis2=2),
        "one number": squares[:, 0, 2] * error[:, 0] * error[:, 2],
        "another": squares[:, 3, 1] * error[:, 3],
    }


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# The closed formulas (the papers', and derived ones)


def expected(workflow: str, design: str, n: int, d: int = 10, rows: int = 100) -> float:
    b = d / (rows - d - 1)
    match workflow, design:
        case "replace", _:
            return b * n
        case "accumulate", "same":
            return b * sum(1 / i**2 for i in range(1, n + 1))
        case "accumulate", "fresh":
            return d * sum(1 / (i * (i * rows - d - 1)) for i in range(1, n + 1))
        case "replace-multiple", "same":
            return b * sum(1 / i for i in range(1, n + 1))
        case _:
            return d * sum(1 / (i * rows - d - 1) for i in range(1, n + 1))


@pytest.mark.parametrize("design", ["same", "fresh"])
@pytest.mark.parametrize("workflow", ["replace", "accumulate", "replace-multiple"])
def test_closed_formulas_to_less_than_three_in_a_hundred(workflow: str, design: Any) -> None:
    losses = ran(Linear(10, design=design), workflow, 100, 20, 10_000)["test_loss"]
    for n in (1, 2, 5, 10, 20):
        mean, error = losses[:, n - 1].mean(), losses[:, n - 1].std() / sqrt(len(losses))
        assert error < 0.007 * mean
        assert abs(mean - expected(workflow, design, n)) < 4 * error, n


def test_without_noise_what_is_left_of_the_truth_is_what_all_designs_share() -> None:
    losses = ran(Linear(40, 0.0, "fresh", truth=3.0), "replace", 20, 6, 3_000)["test_loss"]
    for n in range(1, 7):
        mean, error = losses[:, n - 1].mean(), losses[:, n - 1].std() / sqrt(len(losses))
        assert error < 0.007 * mean
        assert abs(mean - 9 * (1 - 0.5**n)) < 4 * error, n


def test_a_subsample_of_what_was_accumulated() -> None:
    losses = ran(Linear(10), "accumulate-subsample", 100, 10, 1_000)["test_loss"]
    for n, simulated in ((1, 0.1124), (5, 0.279), (10, 0.314)):
        mean, error = losses[:, n - 1].mean(), losses[:, n - 1].std() / sqrt(len(losses))
        assert abs(mean - simulated) < 4 * error + 0.005, n


# One fit at a time


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 8), st.sampled_from([0.0, 0.5]), st.booleans(), st.integers(0, 10**6))
def test_rows_are_fitted_as_by_other_means(n: int, d: int, ridge: float, by_chain: bool, seed: int) -> None:
    rng = rng_of(seed)
    batch = Linear(d, ridge=ridge).batch(5, False, rng)
    rows = rng.standard_normal((5, n, d + 1))
    if n > 2 and seed % 3 == 0:
        rows[:3, 1:] = rows[:3, :1]
    weights = rng.uniform(0.1, 2.0, (5, n) if by_chain else n)
    found: Any = batch.fit(rows, weights, rng)
    for chain in range(5):
        root = np.sqrt(np.broadcast_to(weights, (5, n))[chain])
        x, y = rows[chain, :, :d] * root[:, None], rows[chain, :, d] * root
        x, y = np.concatenate([x, sqrt(ridge) * np.eye(d)]), np.concatenate([y, np.zeros(d)])
        other = np.linalg.lstsq(x, y, rcond=1e-12)[0]
        condition = np.linalg.cond(x) if np.linalg.matrix_rank(x) == min(x.shape) else 1
        np.testing.assert_allclose(found.weights[:, chain], other, rtol=1e-9, atol=1e-13 * (1 + condition**2) * np.abs(y).max())


def test_lots_are_fitted_as_their_squares_say() -> None:
    """To lots that have different X, weighted by chain, with a ridge."""
    family = Linear(3, design="fresh", ridge=0.7)
    batch: Any = family.batch(4, True, rng_of(1))
    portions = [batch.real(8, rng_of(2)), batch.real(2, rng_of(3)), batch.real(5, rng_of(4))]
    weights = rng_of(5).uniform(0.1, 2, (4, 3))
    model = batch.fit(batch.joined(portions), weights, rng_of(6))
    lots, _ = batch.read(batch.joined(portions), weights)
    whole = np.zeros((4, 3, 3)), np.zeros((4, 3))
    for lot in lots:
        [chance] = chunks.seeded(lot.entropy, 1)
        squares = squares_of(lot.rows(slice(0, 4), chance)) * lot.weight[:, None, None]
        whole[0][...] += squares
        whole[1][...] += (squares @ lot.estimate.T[..., None])[..., 0]
    other = np.linalg.solve(whole[0] + 0.7 * np.eye(3), whole[1][..., None])[..., 0]
    np.testing.assert_allclose(model.weights.T, other, rtol=1e-9)


def test_what_was_summed_before_is_not_taken_for_a_sum_with_other_weights() -> None:
    batch: Any = Linear(3, design="fresh").batch(4, True, rng_of(1))
    rows = batch.joined([batch.real(8, rng_of(2)), batch.real(9, rng_of(3))])
    first, other, again = (
        batch.fit(rows, weights, rng_of(4)).weights for weights in (np.array([1, 1]), np.array([2, 1]), np.array([1, 1]))
    )
    assert np.array_equal(first, again)
    assert np.abs(first - other).min() > 1e-6


@pytest.mark.parametrize(("rows", "features"), [(12, 4), (5, 8)])
def test_some_rows_of_a_design_are_rows_of_it(rows: int, features: int) -> None:
    """Its first and its last ones come to the whole; how much the first weighs has nothing to do with how large all are."""
    chains = 8_000
    batch: Any = Linear(features).batch(chains, True, rng_of(1))
    portions = [batch.real(rows, rng_of(2)), batch.real(1, rng_of(3)), batch.labelled(batch.truth, rows - 1, rng_of(4), False)]
    lots, _ = batch.read(batch.joined(portions), np.ones(3))
    whole, first, last = (squares_of(lot.rows(slice(None), None)) for lot in lots)
    np.testing.assert_allclose(first + last, whole, atol=1e-9)
    row = lots[1].rows(slice(None), None)[0]
    assert alike(row[0], rng_of(5).standard_normal(chains))
    leverage = np.einsum("ic,cij,jc->c", row, np.linalg.pinv(whole, 1e-10), row)
    if rows > features:
        assert alike(leverage, rng_of(6).beta(features / 2, (rows - features) / 2, chains))
        assert abs(np.corrcoef(leverage, whole[:, 0, 0])[0, 1]) < 4 / sqrt(chains)
    else:
        np.testing.assert_allclose(leverage, 1)


@pytest.mark.parametrize(
    ("n", "steps", "rate", "ridge"), [(12, 1, 0.1, 0.0), (12, 40, 0.9, 2.0), (3, 25, 0.2, 0.0), (12, 9, 3.0, 0.0)]
)
def test_gradient_descent_comes_to_what_its_steps_come_to(n: int, steps: int, rate: float, ridge: float) -> None:
    rng = rng_of(n)
    family = Linear(5, ridge=ridge, solver="gradient", rate=rate).with_steps(steps)
    rows, weights = rng.standard_normal((3, n, 6)), rng.uniform(0.5, 2, n)
    model: Any = family.batch(3, False, rng).fit(rows, weights, rng)
    for chain in range(3):
        x, y, found = rows[chain, :, :5], rows[chain, :, 5], np.zeros(5)
        for _ in range(steps):
            found = found - rate * (x.T @ (weights * (x @ found - y)) + ridge * found) / weights.sum()
        np.testing.assert_allclose(model.weights[:, chain], found, rtol=1e-9)


def test_gradient_descent_takes_as_many_steps_as_there_are_rows() -> None:
    rng = rng_of(1)
    rows = rng.standard_normal((3, 9, 6))
    found, fixed = (
        family.batch(3, False, rng_of(2)).fit(rows, np.ones(9), rng)
        for family in (Linear(5, solver="gradient"), Linear(5, solver="gradient", steps=9))
    )
    assert np.array_equal(found.weights, fixed.weights)  # type: ignore[attr-defined]


def test_steps_that_overshoot_end_a_chain_with_the_cause() -> None:
    chain = Chain(Linear(3, solver="gradient", rate=50.0, steps=4_000), workflow_from_config("replace"), 20, 3, chains=10)
    [only] = generations(chain)
    assert set(only.collapsed) == set(range(10))
    assert all("test loss" in why for why in only.collapsed.values())


def test_conditioned_triangles_are_those_of_cholesky() -> None:
    rng = rng_of(8)
    found = rng.standard_normal((5, 7))
    factor = matrices.triangle(9, 5, 7, rng)
    before = factor.copy()
    matrices.condition(factor, found)
    for chain in range(7):
        u = found[:, chain]
        root = np.linalg.cholesky(np.linalg.inv(np.eye(5) + np.outer(u, u)))
        np.testing.assert_allclose(factor[..., chain], before[..., chain] @ root.T, rtol=1e-10, atol=1e-12)


# What a model says of itself


def test_profiles_are_those_of_many_rows() -> None:
    family = Linear(3, 0.8, covariance=(3.0, 1.0, 0.2), truth=2.0)
    batch: Any = family.batch(6, False, rng_of(1))
    first = batch.fit(batch.real(10, rng_of(2)), np.ones(10), rng_of(3))
    model = batch.fit(batch.real(10, rng_of(4)), np.ones(10), rng_of(5))
    said = model.profile(first.state())
    wide: Any = family.batch(6, False, rng_of(1))
    real, made = wide.real(100_000, rng_of(6))[..., -1], None
    fresh: Any = Linear(3, 0.8, "fresh", covariance=(3.0, 1.0, 0.2)).batch(6, False, rng_of(1))
    made = fresh.labelled(model.weights, 100_000, rng_of(7), False)
    labels, x = made[..., -1], made[..., :-1]
    apart = np.einsum("cni,ic->cn", x, model.weights - first.weights)
    np.testing.assert_allclose(said["variance"], labels.var(1), rtol=0.03)
    np.testing.assert_allclose(said["drift"], (apart**2).mean(1), rtol=0.03)
    np.testing.assert_allclose(said["norm"], np.linalg.norm(model.weights, axis=0))
    low, high = np.quantile(real, [0.025, 0.975], axis=1)
    tails = ((labels < low[:, None]) | (labels > high[:, None])).mean(1)
    np.testing.assert_allclose(said["tail_mass"], tails, rtol=0.06, atol=0.002)
    np.testing.assert_allclose(said["entropy"], 0.5 * np.log(2 * np.pi * np.e * said["variance"]))
    assert (first.profile(first.state())["drift"] == 0).all()
    error = np.einsum("cni,ic->cn", x, model.weights - batch.truth)
    np.testing.assert_allclose(model.score(real)["test_loss"], (error**2).mean(1), rtol=0.03)


def test_tails_are_those_of_the_normal_distribution() -> None:
    deviations = np.linspace(0, 8, 400)
    np.testing.assert_allclose(regression._beyond(deviations), [erfc(x / sqrt(2)) for x in deviations], rtol=1.3e-7)


def test_protocols_of_those_that_want_more() -> None:
    family = Linear(3)
    assert isinstance(family, Batchable)
    assert isinstance(family, Iterative)
    for whole in (True, False):
        batch: Any = family.batch(2, whole, rng_of(1))
        assert isinstance(batch, HeldOut)
        assert isinstance(batch, Joining)
        assert isinstance(batch.fit(batch.joined([batch.real(6, rng_of(2))]), np.ones(1 if whole else 6), rng_of(3)), Profiled)


def test_all_generations_label_the_same_rows_or_others() -> None:
    batch: Any = Linear(2).batch(3, False, rng_of(1))
    first = batch.real(5, rng_of(2))
    model = batch.fit(first, np.ones(5), rng_of(3))
    made, fewer, twice = (model.sample(n, rng_of(4)) for n in (5, 2, 10))
    assert np.array_equal(made[..., :2], first[..., :2])
    assert np.array_equal(fewer[..., :2], first[:, 3:, :2])
    assert np.array_equal(batch.real(2, rng_of(5))[..., :2], first[:, :2, :2])
    assert np.array_equal(twice[..., :2], np.concatenate([first, first], 1)[..., :2])
    fresh: Any = Linear(2, design="fresh").batch(3, False, rng_of(1))
    assert not np.array_equal(fresh.real(5, rng_of(2))[..., :2], fresh.real(5, rng_of(3))[..., :2])


@pytest.mark.parametrize("truth", [2.5, (1.0, -2.0, 0.5)])
def test_the_truth_has_its_norm_or_is_given(truth: Any) -> None:
    family = Linear(3, truth=truth, covariance=MATRIX)
    batch: Any = family.batch(2_000, True, rng_of(1))
    norm = 2.5 if truth == 2.5 else sqrt(5.25)
    np.testing.assert_allclose(np.linalg.norm(batch.truth, axis=0), norm)
    if truth == 2.5:
        assert np.abs(batch.truth.mean(1)).max() < 4 * 2.5 / sqrt(3 * 2_000)
    else:
        variance = np.einsum("i,ic->c", family.variances, batch.truth**2)
        np.testing.assert_allclose(variance, np.array(truth) @ np.array(MATRIX) @ np.array(truth))


# The same numbers, always


CASES = [
    ("replace", Linear(4)),
    ("accumulate", Linear(4, design="fresh")),
    ({"kind": "mix", "real": 0.25}, Linear(4)),
    ("accumulate-subsample", Linear(4, design="fresh")),
    ("accumulate", Linear(20, ridge=0.5)),
]


@pytest.mark.parametrize(("workflow", "family"), CASES, ids=str)
def test_neither_processors_nor_luck_change_a_number(workflow: object, family: Linear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "CACHED", 1_000)
    found = []
    for processors in (1, 2, 3, 3):
        monkeypatch.setattr(chunks, "processors", lambda many=processors: many)
        chunks._threads.cache_clear()
        found.append(ran(family, workflow, 12, 3, 300))
    chunks._threads.cache_clear()
    for other in found[1:]:
        for metric, values in found[0].items():
            assert np.array_equal(values, other[metric], equal_nan=True), metric


@pytest.mark.parametrize(("workflow", "family"), CASES, ids=str)
def test_chains_that_were_interrupted_go_on_to_the_same_numbers(workflow: object, family: Linear, tmp_path: Path) -> None:
    chain = Chain(family, workflow_from_config(workflow), 12, 5, chains=70)
    whole = list(generations(chain))
    for generation in whole[:3]:
        keep_generation(tmp_path, generation)
    kept = list(kept_generations(tmp_path))
    assert len(kept) == 3
    rest: list[Generation] = list(generations(chain, kept))
    assert [each.number for each in rest] == [4, 5]
    for one, other in zip(whole[3:], rest, strict=True):
        for metric, values in one.scores.items():
            assert np.array_equal(values, other.scores[metric], equal_nan=True), metric


def test_chains_have_nothing_in_common() -> None:
    losses = ran(Linear(3, design="fresh"), "replace", 10, 2, 20_000)["test_loss"]
    assert len(np.unique(losses)) == losses.size
    half = len(losses) // 2
    together = np.corrcoef(losses[:half, 0], losses[half:, 0])[0, 1]
    assert abs(together) < 4 / sqrt(half)


# Reading


CONFIGS: list[dict[str, Any]] = [
    {"features": 10},
    {"features": 3, "noise": 0, "design": "fresh", "ridge": 0.5, "covariance": [1, 2, 3], "truth": [0, 1, 2]},
    {"features": 3, "covariance": {"decay": 1.5}, "solver": "gradient", "rate": 0.2, "steps": 30},
    {"features": 3, "covariance": [list(row) for row in MATRIX]},
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_configurations_are_read_and_written(config: dict[str, Any]) -> None:
    family = linear_from_config(config)
    assert linear_from_config(family.to_config()) == family
    assert family_from_config({"kind": "linear", **config}) == family
    assert hash(family) == hash(linear_from_config(config))


def test_a_covariance_is_its_eigenvalues() -> None:
    np.testing.assert_allclose(Linear(3, covariance=Decay(2.0)).variances, [1, 1 / 4, 1 / 9])
    np.testing.assert_allclose(Linear(3, covariance=MATRIX).variances, np.linalg.eigvalsh(MATRIX))
    np.testing.assert_allclose(linear_from_config({"features": 2, "covariance": [3, 1]}).variances, [3, 1])


REFUSED: list[tuple[object, str, str]] = [
    (7, "a linear regression is 7, not a mapping", "features: 10"),
    ({}, "linear has no features", "features: 10"),
    ({"features": 0}, "features of linear is 0, not a whole number from 1 up", ""),
    ({"features": True}, "features of linear is True", ""),
    ({"features": 3, "nois": 1}, "linear has no field 'nois'", "did you mean `noise`?"),
    ({"features": 3, 4: 1}, "linear has no field 4", "its fields are features"),
    ({"features": 3, "kind": "gaussian"}, "is of the kind 'gaussian'", "its kind is linear"),
    ({"features": 3, "noise": -1}, "noise of linear is -1, below 0", ""),
    ({"features": 3, "noise": "much"}, "noise of linear is 'much', not a number", ""),
    ({"features": 3, "ridge": float("nan")}, "ridge of linear is nan, not a number", ""),
    ({"features": 3, "design": "fersh"}, "design of linear is 'fersh'", "did you mean `fresh`?"),
    ({"features": 3, "design": ["same"]}, "design of linear is ['same']", "one of same, fresh"),
    ({"features": 3, "solver": "adam"}, "solver of linear is 'adam'", "one of exact, gradient"),
    ({"features": 3, "rate": 0.1}, "linear has a rate, and its solver takes no steps", "solver: gradient"),
    ({"features": 3, "steps": 10}, "linear has a steps", "solver: gradient"),
    ({"features": 3, "solver": "gradient", "rate": 0}, "rate of linear is 0, not above 0", ""),
    ({"features": 3, "solver": "gradient", "steps": 1.5}, "steps of linear is 1.5", ""),
    ({"features": 3, "covariance": 2}, "covariance of linear is 2", "a list of variances"),
    ({"features": 3, "covariance": {"dacay": 2}}, "covariance of linear is {'dacay': 2}", "decay"),
    ({"features": 3, "covariance": {"decay": -2}}, "decay of the covariance of linear is -2, below 0", ""),
    ({"features": 3, "covariance": [1, 2]}, "covariance of linear has 2 numbers, and there are 3 features", ""),
    ({"features": 3, "covariance": [1, 0, 2]}, "number 2 of covariance of linear is 0, not above 0", ""),
    ({"features": 2, "covariance": [[1, 0]]}, "the covariance has 1 rows, and there are 2 features", ""),
    ({"features": 2, "covariance": [[1, 0], 3]}, "row 2 of the covariance is 3, not a list", ""),
    ({"features": 2, "covariance": [[1, 0], [0.5, 1]]}, "the covariance is not symmetric", ""),
    ({"features": 2, "covariance": [[1, 2], [2, 1]]}, "the covariance is not positive definite: its least eigenvalue is -1", ""),
    ({"features": 3, "truth": -1}, "truth, a norm or a list of weights, of linear is -1, below 0", ""),
    ({"features": 3, "truth": [1]}, "truth of linear has 1 numbers, and there are 3 features", ""),
    ({"features": 2, "truth": [1, "x"]}, "number 2 of truth of linear is 'x', not a number", ""),
]


@pytest.mark.parametrize(("config", "message", "hint"), REFUSED, ids=[str(message) for _, message, _ in REFUSED])
def test_what_cannot_be_is_refused(config: object, message: str, hint: str) -> None:
    with pytest.raises(RecsynError) as refused:
        linear_from_config(config)
    assert message in refused.value.message
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("rows", [9, 10, 11])
def test_an_expected_error_that_is_infinite_is_refused(rows: int) -> None:
    with pytest.raises(RecsynError, match="infinite") as refused:
        Linear(10).check(rows)
    assert refused.value.hint == "give it 12 rows or more, 8 or fewer, a ridge, or no noise"
    for family in (Linear(10, noise=0.0), Linear(10, ridge=0.1), Linear(10, solver="gradient")):
        family.check(rows)


def test_an_expected_error_that_is_finite_is_not() -> None:
    for rows in (1, 8, 12, 100):
        Linear(10).check(rows)


def test_an_exact_solver_has_no_steps() -> None:
    with pytest.raises(RecsynError, match="takes none"):
        Linear(3).with_steps(10)
