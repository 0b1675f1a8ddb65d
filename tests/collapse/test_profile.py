"""The profile of collapse, against loops over pairs of rows and counts, and what it says of known losses."""

from __future__ import annotations

from collections import Counter
from math import e, exp, gamma, log, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.collapse.profile import FITTED, METRICS, POINTS, profile

pytestmark = pytest.mark.filterwarnings("error")


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def points(seed: int, *shape: int) -> list[np.ndarray]:
    g = generator(seed)
    return [g.standard_normal(shape) * scale for scale in (0.7, 1.0, 0.8, 0.9)]


def means(found: Any) -> dict[str, float]:
    return {name: float(np.mean(values)) for name, values in found.items()}


def distance(a: Any, b: Any) -> float:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


@pytest.mark.parametrize("d", [1, 2, 3, 20])
def test_points_by_loops_over_pairs(d: int) -> None:
    made, test, fitted_to, first = (rows.tolist() for rows in points(d, 30, d))
    found = profile(*map(np.array, (made, test, fitted_to, first)), batched=False)

    def nearest(rows: Any, to: Any, k: int = 1) -> float:
        return sorted(distance(row, to) for row in rows if row is not to)[k - 1]

    def mean_distance(a: Any, b: Any) -> float:
        return sum(distance(x, y) for x in a for y in b) / len(a) / len(b)

    within = mean_distance(made, made)
    ball = pi ** (d / 2) / gamma(d / 2 + 1)
    entropy = sum(1 / k for k in range(1, 30)) + log(ball) + d * sum(log(nearest(made, row)) for row in made) / 30
    covered = [min(distance(t, m) for m in made) <= nearest(test, t, 5) for t in test]
    copied = []
    for row in made:
        source = min(fitted_to, key=lambda f: distance(f, row))
        copied.append(distance(source, row) < nearest(fitted_to, source))
    mean, deviation = np.mean(test, 0), np.std(test, 0)
    far = [distance((np.array(row) - mean) / deviation, [0] * d) for row in test]
    border = np.quantile(np.square(far), 0.95) ** 0.5
    expected = {
        "variance": np.var(made, 0).mean(),
        "entropy": entropy,
        "tail_mass": np.mean([distance((np.array(row) - mean) / deviation, [0] * d) > border for row in made]),
        "support_lost": 1 - np.mean(covered),
        "diversity": within / mean_distance(test, test),
        "memorisation": np.mean(copied),
        "drift": 2 * mean_distance(made, first) - within - mean_distance(first, first),
    }
    assert tuple(found) == METRICS
    for name in METRICS:
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name


def grams(rows: Any, n: int) -> list[tuple[int, ...]]:
    return [tuple(row[start : start + n]) for row in rows for start in range(len(row) - n + 1)]


@pytest.mark.parametrize(("length", "symbols"), [(1, 30), (2, 8), (5, 4), (40, 3)])
def test_sequences_by_counting(length: int, symbols: int) -> None:
    g = generator(length)
    law = 1 / np.arange(1, symbols + 1)
    rows = [g.choice(symbols, (25, length), p=law / law.sum()) for _ in range(4)]
    rows[0][:5] = rows[2][3:8]
    arrays = [r[:, 0] for r in rows] if length == 1 else rows
    found = profile(*arrays, batched=False)
    made, test, fitted_to, first = (r.tolist() for r in rows)
    shares, test_counts, first_shares = (Counter(s for row in part for s in row) for part in (made, test, first))
    total, n, k = 25 * length, min(3, length), min(16, length)
    central: set[int] = set()
    for symbol, _ in sorted(test_counts.items(), key=lambda item: (-item[1], item[0])):
        if sum(test_counts[s] for s in central) < 0.95 * total:
            central.add(symbol)
    made_grams, test_grams = grams(made, n), set(grams(test, n))
    known = set(grams(fitted_to, k))
    expected = {
        "variance": 1 - sum((c / total) ** 2 for c in shares.values()),
        "entropy": -sum(c / total * log(c / total) for c in shares.values()),
        "tail_mass": sum(c for s, c in shares.items() if s not in central) / total,
        "support_lost": len(test_grams - set(made_grams)) / len(test_grams),
        "diversity": len(set(made_grams)) / len(made_grams),
        "memorisation": np.mean([gram in known for gram in grams(made, k)]),
        "drift": sum(abs(shares[s] - first_shares[s]) for s in range(symbols)) / total / 2,
    }
    assert tuple(found) == METRICS
    for name in METRICS:
        assert found[name] == pytest.approx(expected[name], abs=1e-12), name


@pytest.mark.parametrize("shape", [(5, 40), (5, 40, 3), (5, 300, 2), (5, 30, 20)])
def test_a_chain_of_a_batch_is_profiled_as_by_itself(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for arrays in (points(3, *shape), [generator(seed).integers(0, 9, shape) for seed in range(4)]):
        for at_once in (1, 30_000, 10**9):
            monkeypatch.setattr("recsyn.collapse.profile._AT_ONCE", at_once)
            found = profile(*arrays, batched=True)
            for chain in range(5):
                alone = profile(*(rows[chain] for rows in arrays), batched=False)
                assert {name: values[chain] for name, values in found.items()} == pytest.approx(alone, abs=1e-9)


@pytest.mark.parametrize("d", [1, 2])
def test_without_collapse_points_have_what_is_said_of_them(d: int) -> None:
    g = generator(4)
    rows = [g.standard_normal((150, 400, d)) for _ in range(4)]
    found = means(profile(*rows, batched=True))
    assert found["variance"] == pytest.approx(1, abs=0.02)
    assert found["entropy"] == pytest.approx(d * log(2 * pi * e) / 2, abs=0.03)
    assert found["tail_mass"] == pytest.approx(0.05, abs=0.006)
    assert found["support_lost"] == pytest.approx(1 / 32, abs=0.006)
    assert found["diversity"] == pytest.approx(1, abs=0.02)
    assert found["memorisation"] == pytest.approx({1: 2 / 3, 2: 0.61}[d], abs=0.02)
    assert 0 < found["drift"] < 0.06
    assert means(profile(rows[0], *rows[1:3], rows[0], batched=True))["drift"] == 0


def test_what_is_lost_is_told() -> None:
    g = generator(5)
    real = g.standard_normal((20, 500))
    test, fitted_to, first = (g.standard_normal((20, 500)) for _ in range(3))
    found = {
        name: means(profile(made, test, fitted_to, first, batched=True))
        for name, made in {
            "well": real,
            "narrow": real / 3,
            "right half": np.abs(real),
            "copies": fitted_to + 1e-6 * real,
            "wide": 3 * real,
            "a point": np.full_like(real, 0.5),
        }.items()
    }
    assert found["narrow"]["entropy"] == pytest.approx(found["well"]["entropy"] - log(3), abs=1e-6)
    assert found["narrow"]["tail_mass"] == 0 < found["well"]["tail_mass"] < 0.1 < 0.4 < found["wide"]["tail_mass"]
    assert found["right half"]["support_lost"] > 0.4 > 0.1 > found["well"]["support_lost"]
    assert found["copies"]["memorisation"] > 0.99
    assert found["narrow"]["diversity"] == pytest.approx(found["well"]["diversity"] / 3)
    assert found["narrow"]["drift"] > 5 * found["well"]["drift"]
    assert (found["a point"]["variance"], found["a point"]["diversity"]) == (0, 0)
    assert found["a point"]["entropy"] == pytest.approx(float(sum(1 / np.arange(1, POINTS))) + log(2e-12), abs=0.1)


@given(st.floats(1e-6, 1e6), st.integers(1, 3))
def test_only_variance_entropy_and_drift_have_a_unit(unit: float, d: int) -> None:
    rows = points(6, 25, d)
    one, other = (profile(*(a * scale for a in rows), batched=False) for scale in (1.0, unit))
    for name in ("tail_mass", "support_lost", "diversity", "memorisation"):
        assert one[name] == pytest.approx(other[name], abs=0.0401 if name == "tail_mass" else 1e-9)
    assert other["variance"] == pytest.approx(unit**2 * float(one["variance"]))
    assert exp(float(other["entropy"]) - float(one["entropy"])) == pytest.approx(unit**d, rel=1e-6)
    assert other["drift"] == pytest.approx(unit * float(one["drift"]), rel=1e-6, abs=1e-9 * unit)


def test_a_chain_whose_rows_are_not_finite_leaves_the_others() -> None:
    rows = points(7, 4, 20, 2)
    rows[0][1], rows[0][2, 3, 0] = np.nan, np.inf
    found = profile(*rows, batched=True)
    for name in METRICS:
        assert np.isnan(found[name]).tolist() == [False, True, True, False]
        assert found[name][3] == pytest.approx(profile(*(a[3] for a in rows), batched=False)[name])
    assert all(np.isnan(value) for value in profile(*(a[1] for a in rows), batched=False).values())


def test_lots_that_stand_one_after_another_are_all_looked_at() -> None:
    """Copies of rows that were fitted to are found among the last as among the first."""
    g = generator(8)
    fitted_to = np.concatenate([g.standard_normal((FITTED // 2, 2)), 100 + g.standard_normal((FITTED // 2, 2))])
    test, first = g.standard_normal((2, 200, 2))
    for part in (slice(None, 200), slice(-200, None)):
        assert profile(fitted_to[part], test, fitted_to, first, batched=False)["memorisation"] == 1


def test_tuples_are_columns() -> None:
    rows = points(9, 4, 30, 3)
    parts = [(a[..., :2], a[..., 2]) for a in rows]
    whole, apart = (profile(*each, batched=True) for each in (rows, parts))
    for name in METRICS:
        np.testing.assert_allclose(whole[name], apart[name])


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows(rows: int) -> None:
    found = profile(*(a[:rows] for a in points(10, 5)), batched=False)
    assert (rows > 1) == np.isfinite([found[name] for name in METRICS]).all()
    found = profile(*(generator(s).integers(0, 3, rows) for s in range(4)), batched=False)
    assert np.isfinite([found[name] for name in METRICS]).all()
