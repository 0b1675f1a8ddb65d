"""Tests of runs against theory: right under the null, and sharp enough for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import mpmath
import numpy as np
import pytest

from recsyn.collapse.theory.comparison import _f_tail, _t_tail, compare
from recsyn.errors import RecsynError

Array = np.ndarray[Any, np.dtype[np.float64]]
THEORY = np.linspace(1.0, 5.0, 20)


def chains(rng: np.random.Generator, number: int, theory: Array, spread: float = 0.45, kept: float = 0.9) -> Array:
    """Each chain goes around the theory by a first-order autoregression."""
    found = np.empty((number, len(theory)))
    state = rng.standard_normal(number)
    for generation in range(len(theory)):
        found[:, generation] = theory[generation] * (1 + spread * state)
        state = kept * state + np.sqrt(1 - kept**2) * rng.standard_normal(number)
    return found


@pytest.mark.parametrize("number", [400, 12])
@pytest.mark.parametrize("kept", [0.0, 0.95])
def test_where_the_theory_holds_chances_are_even(number: int, kept: float) -> None:
    rng = np.random.default_rng(11)
    found = np.sort([compare(chains(rng, number, THEORY, kept=kept), THEORY).p_value for _ in range(400)])
    # Kolmogorov's bound at one in a thousand; small chances, which matter, may not be more frequent than they say.
    assert np.max((np.arange(1, 401) / 400) - found) < 1.95 / 20
    assert np.mean(found < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_false_alarm_for_every_generation_would_not_be_one_of_the_whole() -> None:
    """Of twenty generations one is beyond two standard errors more often than not where they have nothing to do with one
    another."""
    rng = np.random.default_rng(12)
    found = [compare(chains(rng, 400, THEORY, kept=0.0), THEORY) for _ in range(200)]
    assert np.mean([max(map(abs, each.z)) > 2 for each in found]) > 0.5
    assert np.mean([each.p_value < 0.05 for each in found]) < 0.1


def test_three_per_cent_are_found_in_two_thousand_chains() -> None:
    rng = np.random.default_rng(13)
    found = [compare(chains(rng, 2_000, 1.03 * THEORY), THEORY) for _ in range(100)]
    assert np.mean([each.p_value < 0.05 for each in found]) > 0.9
    assert np.mean([each.factor for each in found]) == pytest.approx(1.03, abs=0.003)
    assert np.std([each.factor for each in found]) == pytest.approx(found[0].factor_error, rel=0.25)


def test_an_error_of_one_generation_is_found() -> None:
    wrong = THEORY.copy()
    wrong[7] *= 1.03
    assert compare(chains(np.random.default_rng(14), 2_000, THEORY), wrong).contradicts() is True


def test_scores_are_those_of_the_means() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 2.5], [2.0, 6.0]])
    found = compare(rows, [1.0, 3.0])
    assert found.mean == pytest.approx((2.0, 3.5))
    assert found.standard_error == pytest.approx((1 / 3**0.5, rows[:, 1].std(ddof=1) / 3**0.5))
    assert found.z == pytest.approx((3**0.5, 0.5 / found.standard_error[1]))
    assert found.gap == pytest.approx((1.0, 0.5 / 3))
    assert found.factor == pytest.approx(np.mean([np.mean(row / [1.0, 3.0]) for row in rows]))


def test_hotellings_statistic_is_what_its_definition_gives() -> None:
    rows = chains(np.random.default_rng(15), 60, THEORY[:4])
    found = compare(rows, 1.1 * THEORY[:4])
    off = rows.mean(axis=0) - 1.1 * THEORY[:4]
    assert found.tested == (1, 2, 3, 4)
    assert found.statistic == pytest.approx(60 * off @ np.linalg.inv(np.cov(rows, rowvar=False)) @ off)
    # The units of a generation change nothing.
    scale = np.array([1e-9, 1.0, 1e6, 3.0])
    assert compare(rows * scale, 1.1 * THEORY[:4] * scale).p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize(
    ("number", "tested"), [(2, (20,)), (9, (20,)), (10, (1, 20)), (15, (1, 11, 20)), (99, 19), (100, 20), (500, 20)]
)
def test_few_chains_are_tested_at_few_generations(number: int, tested: tuple[int, ...] | int) -> None:
    found = compare(chains(np.random.default_rng(16), number, THEORY), THEORY)
    if isinstance(tested, int):
        assert len(found.tested) == tested
        assert (found.tested[0], found.tested[-1]) == (1, 20)
    else:
        assert found.tested == tested
    assert 0 < found.p_value <= 1
    assert ("generations: all" in str(found)) == (len(found.tested) == 20)


def test_collapsed_chains_are_left_out_and_counted() -> None:
    rows = chains(np.random.default_rng(17), 50, THEORY)
    broken = np.concatenate([rows, rows[:3]])
    broken[50, 4:], broken[51, 2], broken[52, 0] = np.nan, np.inf, -np.inf
    found, whole = compare(broken, THEORY), compare(rows, THEORY)
    assert (found.chains, found.collapsed) == (50, 3)
    assert found.mean == whole.mean
    assert found.p_value == whole.p_value
    assert "(3 collapsed)" in str(found)


@pytest.mark.parametrize("rows", [np.full((4, 20), np.nan), np.ones((1, 20)), np.empty((0, 20))])
def test_too_few_chains_are_no_test(rows: Array) -> None:
    found = compare(rows, THEORY)
    assert found.contradicts() is None
    assert "too few for a test" in str(found)
    json.dumps(found.to_json(), allow_nan=False)


def test_generations_that_tell_the_same_count_once() -> None:
    """A chain that stays where it was after the first generation."""
    rng = np.random.default_rng(18)
    first = rng.standard_normal((300, 1))
    found = compare(np.repeat(1 + 0.1 * first, 20, axis=1), np.ones(20))
    once = compare(1 + 0.1 * first, np.ones(1))
    assert found.tested == (20,)
    assert found.p_value == pytest.approx(once.p_value)


def test_chains_that_agree_are_held_to_the_value() -> None:
    assert compare(np.full((5, 3), 0.1 + 0.2), np.full(3, 0.3)).p_value == 1
    assert compare(np.full((5, 3), 0.3), np.array([0.3, 0.3001, 0.3])).contradicts() is True
    assert compare(np.zeros((5, 3)), np.zeros(3)).p_value == 1
    rounded = 0.3 * (1 + 1e-15 * np.random.default_rng(0).standard_normal((50, 3)))
    assert compare(rounded, np.full(3, 0.3 * (1 + 1e-12))).p_value == 1


def test_a_prediction_of_nothing_has_no_factor() -> None:
    rows = np.random.default_rng(22).standard_normal((200, 3))
    found = compare(rows, np.zeros(3))
    assert np.isnan(found.factor)
    assert found.contradicts() is False
    assert compare(rows + 1, np.zeros(3)).contradicts() is True
    json.dumps(found.to_json(), allow_nan=False)


def test_small_chances_are_not_rounded_to_nothing() -> None:
    rows = chains(np.random.default_rng(23), 2_000, THEORY)
    assert 0 < compare(rows, 1.1 * THEORY).p_value < 1e-20


def test_generations_without_chance_do_not_hinder_the_others() -> None:
    rows = chains(np.random.default_rng(19), 200, THEORY)
    rows[:, 0] = THEORY[0]
    assert compare(rows, THEORY).contradicts() is False
    assert compare(rows, 1.2 * THEORY).contradicts() is True


def test_a_bound_is_broken_from_above_alone() -> None:
    rng = np.random.default_rng(20)
    rows = chains(rng, 500, THEORY)
    assert compare(rows, 2 * THEORY, "bound").contradicts() is False
    assert compare(rows, 0.8 * THEORY, "bound").contradicts() is True
    found = [compare(chains(rng, 100, THEORY, kept=0.5), THEORY, "bound").p_value for _ in range(300)]
    assert np.mean(np.array(found) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_an_asymptotic_result_is_given_no_verdict() -> None:
    found = compare(chains(np.random.default_rng(21), 2_000, 1.06 * THEORY, spread=0.1), THEORY, "asymptotic")
    assert found.contradicts() is None
    assert found.gap == pytest.approx([0.06] * 20, abs=0.01)
    assert "off by 6." in str(found)


@pytest.mark.parametrize(
    ("observed", "predicted", "said"),
    [
        (np.ones((3, 4)), np.ones(3), r"shape \(3, 4\) cannot be held against a prediction of shape \(3,\)"),
        (np.ones(4), np.ones(4), "cannot be held"),
        (np.ones((3, 0)), np.ones(0), "cannot be held"),
        ([["a"]], [1.0], "not arrays of numbers"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "not arrays of numbers"),
        (np.ones((3, 2)), [1.0, float("inf")], "generation 2 is no finite number"),
    ],
)
def test_what_cannot_be_compared_is_refused(observed: Any, predicted: Any, said: str) -> None:
    with pytest.raises(RecsynError, match=said):
        compare(observed, predicted)


@pytest.mark.parametrize("above", [1, 2, 7, 40])
@pytest.mark.parametrize("below", [1, 3, 60, 5_000, 200_000])
@pytest.mark.parametrize("f", [1e-9, 0.3, 1.0, 1.7, 5.0, 40.0])
def test_tails_are_those_of_mpmath(above: int, below: int, f: float) -> None:
    a, b = mpmath.mpf(below) / 2, mpmath.mpf(above) / 2
    with mpmath.workdps(30):
        x = below / (below + above * mpmath.mpf(f))
        # Near 1, where the function is near 1 too, mpmath loses it.
        near = x > a / (a + b)
        expected = 1 - mpmath.betainc(b, a, 0, 1 - x, regularized=True) if near else mpmath.betainc(a, b, 0, x, regularized=True)
    found = _f_tail(f, above, below)
    if expected > 1e-200:
        assert found == pytest.approx(float(expected), rel=1e-8)


def test_student_has_two_sides() -> None:
    assert _t_tail(0.0, 5) == pytest.approx(0.5)
    # From tables: one in twenty above 2.015 with 5 degrees of freedom, one in forty above 1.984 with 100.
    assert _t_tail(2.015048, 5) == pytest.approx(0.05, rel=1e-5)
    assert _t_tail(1.983972, 100) == pytest.approx(0.025, rel=1e-5)
    assert _t_tail(-2.015048, 5) == pytest.approx(0.95, rel=1e-5)
