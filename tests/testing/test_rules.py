"""Rules: that they are found again, and that their scores and intervals are what they say."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, sqrt
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recsyn.testing.findings import Rate
from recsyn.testing.rules import Condition, Rule, Score, fit_rule, score

Columns = Mapping[str, Any]
RELATIONS: tuple[Any, ...] = (">=", "<=", "==")
NAMES = ("recursion_depth", "size", "rest", "left", "right")


def random_columns(seed: int, n: int = 1_500) -> Columns:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(0, 7, n) for name in NAMES}


def f1(mask: Any, failing: Any) -> float:
    return float(2 * (mask & failing).sum() / max(mask.sum() + failing.sum(), 1))


def plain(condition: Condition, columns: Columns) -> Any:
    compare = {">=": np.greater_equal, "<=": np.less_equal, "==": np.equal}[condition.relation]
    return compare(columns[condition.feature], condition.threshold)


conditions = st.builds(Condition, st.sampled_from(NAMES), st.sampled_from(RELATIONS), st.integers(0, 6))


@given(seed=st.integers(0, 2**32), planted=st.lists(conditions, min_size=1, max_size=3, unique_by=lambda c: c.feature))
@settings(max_examples=60)
def test_a_planted_rule_is_found_again(seed: int, planted: list[Condition]) -> None:
    """Where every condition of it earns its place: a rule that is as good without one is told without it."""
    columns = random_columns(seed)
    failing = np.logical_and.reduce([plain(c, columns) for c in planted])
    assume(failing.sum() >= 25)
    for left_out in planted:
        rest = [plain(c, columns) for c in planted if c is not left_out]
        without = np.logical_and.reduce(rest) if rest else np.ones(len(failing), dtype=bool)
        assume(f1(without, failing) < 0.95)
    rule = fit_rule(columns, failing)
    assert (rule.holds(columns) == failing).all()
    assert len(rule.conditions) <= len(planted)


@given(seed=st.integers(0, 2**32), share=st.floats(0.01, 0.99), planted=conditions, noise=st.floats(0, 1))
@settings(max_examples=60)
def test_a_rule_is_better_than_the_best_condition_by_the_price_of_its_further_ones(
    seed: int, share: float, planted: Condition, noise: float
) -> None:
    columns = random_columns(seed, 200)
    rng = np.random.default_rng(seed + 1)
    failing = np.where(rng.random(200) < noise, rng.random(200) < share, plain(planted, columns))
    assume(failing.any())
    everyone = [plain(Condition(n, r, t), columns) for n in NAMES for r in RELATIONS for t in range(-1, 8)]
    best = max(f1(mask, failing) for mask in everyone)
    rule = fit_rule(columns, failing)
    price = max(0.01, 0.5 / failing.sum()) * max(0, len(rule.conditions) - 1)
    assert f1(rule.holds(columns), failing) >= best + price - 1e-6
    assert len(rule.conditions) <= 3


def test_plainer_features_are_named_where_several_tell_the_same() -> None:
    same = np.arange(20)
    rule = fit_rule({"count_XI": same, "size": same, "recursion_depth": same}, same >= 6)
    assert str(rule) == "recursion_depth >= 6"


def test_a_further_condition_must_earn_its_place() -> None:
    rng = np.random.default_rng(0)
    size, label = rng.integers(0, 20, 4_000), rng.integers(0, 500, 4_000)
    assert str(fit_rule({"size": size, "labels": label}, (size >= 10) & (label != 7))) == "size >= 10"
    rule = fit_rule({"size": size, "labels": label % 2}, (size >= 10) & (label % 2 == 0))
    assert set(map(str, rule.conditions)) == {"size >= 10", "labels <= 0"}


def test_where_nothing_tells_failures_apart_the_rule_is_always() -> None:
    constant = {"size": np.ones(5, dtype=np.int64)}
    assert str(fit_rule(constant, np.array([True, False, True, True, False]))) == "always"
    assert str(fit_rule({"size": np.arange(5)}, np.ones(5, dtype=bool))) == "always"
    assert Rule().holds({"size": np.arange(4)}).tolist() == [True] * 4
    assert Rule().holds({}).tolist() == []


@given(rule=st.lists(conditions, max_size=3).map(lambda c: Rule(tuple(c))), seed=st.integers(0, 99))
def test_rules_hold_where_all_conditions_do_and_come_back_from_json(rule: Rule, seed: int) -> None:
    columns = random_columns(seed, 50)
    rows = [all(eval(f"{columns[c.feature][i]} {c.relation} {c.threshold}") for c in rule.conditions) for i in range(50)]
    assert rule.holds(columns).tolist() == rows
    assert Rule(tuple(Condition(**c) for c in rule.to_json())) == rule
    assert str(rule) == (" and ".join(f"{c.feature} {c.relation} {c.threshold}" for c in rule.conditions) or "always")


@given(rule=st.lists(conditions, max_size=3).map(lambda c: Rule(tuple(c))), seed=st.integers(0, 99), share=st.floats(0, 1))
def test_scores_are_precision_and_recall(rule: Rule, seed: int, share: float) -> None:
    columns = random_columns(seed, 60)
    failing = np.random.default_rng(seed).random(60) < share
    scored = score(rule, columns, failing)
    pairs = list(zip(rule.holds(columns).tolist(), failing.tolist(), strict=True))
    hits = sum(p and f for p, f in pairs)
    assert scored == Score(hits, sum(p for p, _ in pairs), sum(f for _, f in pairs))
    assert isnan(scored.precision) == (scored.predicted == 0)
    assert isnan(scored.recall) == (scored.failures == 0)
    assert isnan(scored.precision) or scored.precision == hits / scored.predicted
    assert scored.f1 == pytest.approx(2 * hits / max(scored.predicted + scored.failures, 1))
    assert isnan(scored.recall) or scored.recall == hits / scored.failures


def test_scores_of_nothing_are_no_numbers() -> None:
    nothing = Score(0, 0, 0)
    assert isnan(nothing.precision)
    assert isnan(nothing.recall)
    assert Score(0, 3, 0).precision == 0
    assert Score(0, 0, 3).recall == 0


# The rate and its interval


@given(tested=st.integers(1, 5_000), data=st.data())
def test_the_interval_is_wilsons(tested: int, data: st.DataObject) -> None:
    """Its ends are the p at which the observed share lies 1.96 standard errors of p away: roots of a quadratic."""
    failures = data.draw(st.integers(0, tested))
    rate, z = Rate(failures, tested), 1.959963984540054
    low, high = rate.interval
    assert 0 <= low <= rate.share + 1e-12
    assert rate.share - 1e-12 <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert (rate.share - end) ** 2 == pytest.approx(z * z * end * (1 - end) / tested, abs=1e-9)
    a, b, c = 1 + z * z / tested, -(2 * rate.share + z * z / tested), rate.share**2
    root = sqrt(max(0.0, b * b - 4 * a * c))
    assert low == pytest.approx((-b - root) / (2 * a), abs=1e-9)
    assert high == pytest.approx((-b + root) / (2 * a), abs=1e-9)


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.93])
def test_the_interval_covers_the_truth_as_often_as_it_says(p: float) -> None:
    """Wilson's interval covers 93 to 97 % at these n; 4,000 draws put the estimate within 1.5 % (over 4 standard errors)."""
    rng, runs = Random(7), 4_000
    covered = 0
    for _ in range(runs):
        low, high = Rate(sum(rng.random() < p for _ in range(150)), 150).interval
        covered += low <= p <= high
    assert 0.92 <= covered / runs <= 0.98


def test_a_rate_of_nothing_is_anything() -> None:
    assert Rate(0, 0).interval == (0, 1)
    assert isnan(Rate(0, 0).share)
    assert str(Rate(1, 40)) == "2.50% (1 of 40; 95 % interval 0.44% to 12.88%)"
