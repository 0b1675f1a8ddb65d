"""Limits that SymPy takes, against closed forms that are known and against late generations."""

from __future__ import annotations

from math import inf, isnan, pi, sin, sqrt

import pytest
import sympy

from recsyn.collapse.theory.catalogue import RESULTS, find
from recsyn.collapse.theory.formulas import Written
from recsyn.collapse.theory.limits import _without_running, limit, limit_value
from recsyn.collapse.theory.result import Quantity, Result, Shorthand, evaluate

SIZES = {"d": 10, "T": 100, "sigma": 1}
DIVERGES = {
    "linear-replace-fixed",
    "linear-replace-fresh",
    "linear-replace-multiple-fixed",
    "linear-replace-multiple-fresh",
    "kernel-density-replace",
    "kernel-density-replace-multiple",
    "kernel-density-accumulate",
    "kernel-density-subsample",
}
SLOW = {"gaussian-replace-multiple", "discrete-replace-multiple"}
"""They go to 0 as n to the power of -1/s."""


def same(found: object, expected: object) -> bool:
    return bool(sympy.simplify(found - expected) == 0)  # type: ignore[operator]


def symbols(name: str) -> dict[str, object]:
    return find(name).symbols


def test_pi_squared_comes_out_of_sympy() -> None:
    name = symbols("linear-accumulate-fixed")
    first = name["sigma"] ** 2 * name["d"] / (name["T"] - name["d"] - 1)  # type: ignore[operator]
    assert same(limit(find("linear-accumulate-fixed")), first * sympy.pi**2 / 6)
    assert same(limit(find("linear-accumulate-bound")), first * sympy.pi**2 / 6)
    assert same(limit(find("linear-subsample")), first * (sympy.pi**2 / 2 - 2))
    assert limit_value(find("linear-subsample"), SIZES) == pytest.approx(10 / 89 * (pi**2 / 2 - 2))


@pytest.mark.parametrize(("name", "rows", "rest"), [("gaussian-accumulate", "s", {}), ("discrete-accumulate", "N", {"G0": 0.6})])
def test_the_product_is_a_sine(name: str, rows: str, rest: dict[str, float]) -> None:
    for count in (2, 3, 50):
        x = pi / sqrt(count)
        assert limit_value(find(name), {rows: count, **rest}) == pytest.approx(rest.get("G0", 1) * sin(x) / x)
    assert limit(find(name)).has(sympy.sin)


def test_fresh_rows_have_a_limit_in_the_digamma_function() -> None:
    found = limit(find("linear-accumulate-fresh"))
    assert found.has(sympy.polygamma)
    expected = -10 / 10 / 11 * float(sympy.EulerGamma + sympy.digamma(1 - sympy.Rational(11, 100))) * 10
    assert limit_value(find("linear-accumulate-fresh"), SIZES) == pytest.approx(expected)


def test_the_golden_ratio_comes_out_of_sympy() -> None:
    k = symbols("golden-ratio")["k"]
    assert same(limit(find("golden-ratio")), (sympy.sqrt(k**2 + 4 * k) - k) / 2)  # type: ignore[operator]
    assert same(limit(find("golden-ratio")).subs(k, 1), 1 / sympy.GoldenRatio.expand(func=True))


@pytest.mark.parametrize("name", sorted(DIVERGES))
def test_what_grows_for_ever_has_no_finite_limit(name: str) -> None:
    assert limit(find(name)) == sympy.oo
    assert limit_value(find(name), find(name).defaults) == inf


@pytest.mark.parametrize("name", [name for name, result in RESULTS.items() if result.by_generation and name not in DIVERGES | SLOW])
def test_a_limit_is_what_late_generations_come_to(name: str) -> None:
    """At sizes other than those that limits are checked at as they are taken."""
    result = find(name)
    if limit(result) is None:
        return
    sizes = {key: 7 * value if type(value) is int and value > 1 else value for key, value in result.defaults.items() if key != "n"}
    sizes |= {key: 0.37 for key in ("w", "alpha") if key in sizes}
    late = [evaluate(result, {**sizes, "n": n}) for n in (100_000, 200_000)]
    # What is left falls as 1/n, or faster.
    assert limit_value(result, sizes) == pytest.approx(2 * late[1] - late[0], rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("name", sorted(SLOW))
def test_what_falls_slowly_falls_to_nothing(name: str) -> None:
    result = find(name)
    assert limit(result) == 0
    rows = "s" if "s" in result.defaults else "N"
    early, late = (evaluate(result, {**result.defaults, rows: 4, "n": n}) for n in (10_000, 160_000))
    assert late / early == pytest.approx(16 ** (-1 / 4), rel=1e-3)


def test_a_filter_parts_into_its_cases() -> None:
    sizes = {"q0": 0.3, "phi": 0.8}
    assert [limit_value(find("verified"), {**sizes, "psi": psi}) for psi in (0.7, 0.8, 0.9)] == [1, 0.3, 0]
    errors = {**sizes, "e": 0.25}
    found = [limit_value(find("verified-errors"), {**errors, "psi": psi}) for psi in (0, 0.4, 0.6, 0.7, 0.9)]
    assert found == pytest.approx([0.75, (0.6 - 0.4) / (0.8 - 0.4), 0, 0, 0])


def test_a_mix_near_the_smallest_size_diverges_in_spite_of_real_rows() -> None:
    mix = find("linear-mix-fresh")
    assert limit_value(mix, {"d": 10, "T": 12, "r": 1, "sigma": 1}) == inf
    assert limit_value(mix, {"d": 10, "T": 100, "r": 50, "sigma": 1}) == pytest.approx(0.156096, rel=1e-5)
    # Here c is 1, and the error grows with n.
    edge = {"d": 23, "T": 34, "r": 7, "sigma": 1}
    assert limit_value(mix, edge) == inf
    assert evaluate(mix, {**edge, "n": 9}) == pytest.approx(9 * evaluate(mix, {**edge, "n": 1}))


def own(formula: str, *where: Shorthand) -> Result:
    quantities = (Quantity("a", "a size", 3, "amount"), Quantity("n", "the generation", 20))
    return Result("own", "own", "replace", "own", "Own.", Written(formula), quantities, "mine", "exact", (), where)


def test_where_no_closed_form_is_found_the_limit_is_a_number_or_none() -> None:
    variance = find("kernel-density-accumulate-variance")
    assert limit(variance) is None
    assert isnan(limit_value(variance, variance.defaults))
    strange = own("Sum(1/(i**2 + a*sqrt(i)), (i, 1, n))")
    assert limit(strange) is None
    assert limit_value(strange, {"a": 0}) == pytest.approx(pi**2 / 6, rel=1e-9)


def test_a_limit_that_late_generations_do_not_come_near_is_not_given() -> None:
    """The shorthand is above 1, and said to be below."""
    assert limit(own("1 + 1/a - c**n", Shorthand("c", Written("1 + a/1000"), "share"))) is None


def test_nothing_times_infinity_is_not_taken_apart() -> None:
    strange = own("n*Product(1 - 1/(a*i), (i, 1, n))")
    assert _without_running(strange.short, strange.symbols["n"]) is None
    assert limit(strange) is None
