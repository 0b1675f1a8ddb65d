"""Values, curves, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from math import isfinite, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recsyn.collapse.theory.catalogue import RESULTS, find
from recsyn.collapse.theory.formulas import Least, Written
from recsyn.collapse.theory.result import Condition, Quantity, Result, curve, evaluate
from recsyn.errors import RecsynError

SIZES = {"d": 10, "T": 100, "sigma": 1}
B = 10 / 89
# Much of what is drawn violates a condition.
QUICK = settings(database=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


def test_the_first_generation_has_the_error_of_ordinary_least_squares() -> None:
    for name in RESULTS:
        if name.startswith("linear") and "B" in [each.name for each in RESULTS[name].where] and RESULTS[name].by_generation:
            assert evaluate(RESULTS[name], {**RESULTS[name].defaults, **SIZES, "n": 1}) == pytest.approx(B), name


@pytest.mark.parametrize(
    ("name", "simulated"),
    [
        ("linear-replace-fixed", (0.1117, 0.5639, 1.122, 2.248)),
        ("linear-accumulate-fixed", (0.1127, 0.1651, 0.1747, 0.1800)),
        ("linear-accumulate-fresh", (0.1118, 0.1596, 0.1683, 0.1731)),
    ],
)
def test_what_was_simulated_before_is_met(name: str, simulated: tuple[float, ...]) -> None:
    """Figures of simulations that were made for this project before this was written."""
    values = curve(find(name), SIZES, 20)
    assert [values[n - 1] for n in (1, 5, 10, 20)] == pytest.approx(simulated, rel=0.015)


def test_the_large_sample_formula_of_subsampling_misses_by_six_per_cent() -> None:
    found = evaluate(find("linear-subsample"), {**SIZES, "n": 20})
    assert found == pytest.approx(0.3133, abs=5e-5)
    assert 0.332 / found - 1 == pytest.approx(0.06, abs=0.005)


def test_accumulating_stays_below_its_bound_and_fresh_rows_below_the_same_ones() -> None:
    bound = evaluate(find("linear-accumulate-bound"), SIZES)
    assert bound == pytest.approx(B * pi**2 / 6)
    fixed, fresh = (curve(find(f"linear-accumulate-{made}"), SIZES, 500) for made in ("fixed", "fresh"))
    assert all(a <= b * (1 + 1e-12) and b < bound for a, b in zip(fresh, fixed, strict=True))


def geometric(start: float, factor: Any, add: Any, generations: int) -> list[float]:
    found = [start]
    for n in range(2, generations + 1):
        found.append(factor(n) * found[-1] + add(n))
    return found


RECURSIONS = {
    "linear-mix": ({**SIZES, "alpha": 0.3}, B, lambda n: 0.49, lambda n: B),
    "gaussian-accumulate": ({"s": 7}, 6 / 7, lambda n: 1 - 1 / (7 * n * n), lambda n: 0),
    "gaussian-replace-multiple": ({"s": 7}, 6 / 7, lambda n: 1 - 1 / (7 * n), lambda n: 0),
    "discrete-replace": ({"G0": 0.8, "N": 9}, 0.8 * 8 / 9, lambda n: 8 / 9, lambda n: 0),
    "kernel-density-accumulate": ({"sigma": 2, "h": 0.5, "d": 3}, 4.75, lambda n: 1, lambda n: 0.75 / n),
    "kernel-density-replace-variance": ({"sigma": 2, "h": 0.5, "d": 3, "s": 6}, 4 * 5 / 6 + 0.75, lambda n: 5 / 6, lambda n: 0.75),
    "kernel-density-accumulate-variance": (
        {"sigma": 2, "h": 0.5, "d": 3, "s": 6},
        4 * 5 / 6 + 0.75,
        lambda n: 1 - 1 / (6 * n * n),
        lambda n: 0.75 / n,
    ),
    "golden-ratio-transient": ({"w": 0.4, "r": 5, "m": 8, "sigma": 2}, 0.8, lambda n: 0.36, lambda n: 4 * (0.16 / 5 + 0.36 / 8)),
}


@pytest.mark.parametrize("name", RECURSIONS)
def test_a_closed_form_is_what_its_recursion_gives(name: str) -> None:
    values, start, factor, add = RECURSIONS[name]
    assert curve(find(name), values, 60) == pytest.approx(geometric(start, factor, add, 60))


def test_subsampling_is_what_the_recursion_of_its_pool_gives() -> None:
    """The second moments themselves, before any algebra: of the pool's sum, and of the shares of a subset."""
    rows, generations, true = 6, 30, 0.3
    shares, pool, found = true, 0.0, []
    for n in range(1, generations + 1):
        pool = pool * (1 + 2 / (n - 1) if n > 1 else 0) + rows + rows * (rows - 1) * shares
        pairs = (pool - n * rows) / (n * rows * (n * rows - 1))
        shares = 1 / rows + (1 - 1 / rows) * pairs
        found.append(1 - shares)
    assert curve(find("discrete-subsample"), {"G0": 1 - true, "N": rows}, generations) == pytest.approx(found)


def test_errors_of_the_model_are_what_the_map_of_shares_gives() -> None:
    for phi, psi in ((0.9, 0.3), (0.8, 0.64), (0.5, 0.9)):
        share, found = 0.4, []
        for _ in range(40):
            share = 0.8 * phi * share / (phi * share + psi * (1 - share))
            found.append(share)
        assert curve(find("verified-errors"), {"q0": 0.4, "phi": phi, "psi": psi, "e": 0.2}, 40) == pytest.approx(found)


def test_the_mix_of_no_synthetic_rows_is_a_fit_to_real_ones_and_of_one_feature_a_beta() -> None:
    assert evaluate(find("linear-mix-fresh"), {**SIZES, "r": 100, "n": 9}) == pytest.approx(B)
    # Of one feature G_s/G has a beta distribution, of s/2 and r/2.
    s, rows = 4, 10
    second = s * (s + 2) / (rows * (rows + 2))
    first = 1 / (rows - 2)
    assert evaluate(find("linear-mix-fresh"), {"d": 1, "T": rows, "r": rows - s, "sigma": 1, "n": 2}) == pytest.approx(
        first * (1 + second)
    )


def test_the_golden_ratio_is_where_the_variance_is_least() -> None:
    assert evaluate(find("golden-ratio"), {"k": 1}) == pytest.approx((5**0.5 - 1) / 2)
    for real, made in ((30, 10), (10, 10), (3, 40)):
        best = evaluate(find("golden-ratio"), {"k": real / made})
        at = {
            w: evaluate(find("golden-ratio-variance"), {"w": w, "r": real, "m": made, "sigma": 2})
            for w in np.linspace(0.01, 1, 991)
        }
        assert min(at, key=at.__getitem__) == pytest.approx(best, abs=0.001)
        least = evaluate(find("golden-ratio-variance"), {"w": best, "r": real, "m": made, "sigma": 2})
        assert least == pytest.approx(best * 4 / real)


def values_of(result: Result) -> st.SearchStrategy[dict[str, float]]:
    # Shares so small that what they divide leaves the range of floats are not asked about.
    kinds = {
        "count": st.integers(1, 60),
        "amount": st.floats(0, 5).map(lambda number: number if number > 1e-6 else 0.0),
        "share": st.floats(0, 1).map(lambda number: number if number > 1e-6 else 0.0),
    }
    return st.fixed_dictionaries({each.name: kinds[each.kind] for each in result.quantities})


@settings(QUICK, max_examples=12)
@given(data=st.data())
@pytest.mark.parametrize("name", RESULTS)
def test_whatever_is_not_refused_has_a_value_and_the_curve_agrees(name: str, data: st.DataObject) -> None:
    result = find(name)
    values = data.draw(values_of(result))
    try:
        value = evaluate(result, values)
    except RecsynError:
        assume(False)
    assert isfinite(value)
    assert value >= -1e-12
    n = int(values.get("n", 3))
    assert curve(result, values, n)[-1] == pytest.approx(value)


@settings(QUICK, max_examples=25)
@given(data=st.data())
@pytest.mark.parametrize("name", [name for name, result in RESULTS.items() if any(each.kind == "share" for each in result.where)])
def test_what_is_said_to_lie_below_one_does(name: str, data: st.DataObject) -> None:
    """Limits of powers are taken on that word."""
    result = find(name)
    values = data.draw(values_of(result))
    try:
        evaluate(result, values)
    except RecsynError:
        assume(False)
    for each in result.where:
        if each.kind == "share":
            base = float(result.meanings[each.name].subs({result.symbols[key]: value for key, value in values.items()}))
            assert base >= -1e-12
            assert base < 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"d": 10, "T": 11, "sigma": 1, "n": 1}, "holds only where T > d + 1, and d = 10, T = 11"),
        ({"d": 10, "T": 100, "sigma": 1}, "needs n"),
        ({"d": 10, "T": 100, "sigma": 1, "n": 1, "sigm": 1}, "did you mean `sigma`"),
        ({"d": 10, "T": 100, "sigma": 1, "n": 1, "t": 1}, "did you mean `T`"),
        ({"d": 10, "T": 100.5, "sigma": 1, "n": 1}, "T is 100.5, not a whole number from 1 up"),
        ({"d": 10, "T": 100, "sigma": -1, "n": 1}, "sigma is -1, not a number from 0 up"),
        ({"d": 10, "T": 100, "sigma": float("nan"), "n": 1}, "sigma is nan"),
        ({"d": 10, "T": 100, "sigma": float("inf"), "n": 1}, "sigma is inf"),
        ({"d": 10, "T": 100, "sigma": 1, "n": 0}, "n is 0, not a whole number"),
        ({"d": 10, "T": 10**400, "sigma": 1, "n": 1}, "not a whole number"),
        ({"d": 10, "T": 100, "sigma": "1", "n": 1}, "sigma is '1'"),
        ({"d": True, "T": 100, "sigma": 1, "n": 1}, "d is True"),
        ({"d": 10, "T": 100, "sigma": 1, "n": 10**9}, "generation 1,000,000,000 is too far"),
    ],
)
def test_values_that_cannot_be_are_refused_and_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(RecsynError) as refused:
        evaluate(find("linear-accumulate-fixed"), values)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "values", "relation"),
    [
        ("verified", {"q0": 0}, "q0 > 0"),
        ("verified", {"phi": 0, "psi": 0}, "phi > 0"),
        ("golden-ratio", {"k": 0}, "k > 0"),
        ("gaussian-mix", {"r": 101}, "r <= s"),
        ("discrete-mix", {"r": 101}, "r <= N"),
        ("linear-overparameterised", {"T": 100}, "T < d"),
        ("linear-overparameterised-noisy", {"T": 99}, "T < d - 1"),
        ("kernel-density-mix", {"alpha": 0}, "alpha > 0"),
    ],
)
def test_each_condition_is_held_to(name: str, values: dict[str, float], relation: str) -> None:
    with pytest.raises(RecsynError, match="holds only where") as refused:
        evaluate(find(name), {**find(name).defaults, **values})
    assert relation in str(refused.value)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_whole(name: str) -> None:
    result = find(name)
    evaluate(result, result.defaults)
    assert result.statement.endswith(".")
    assert result.source
    names = {str(symbol) for symbol in result.expression.free_symbols}
    assert names == set(result.defaults) - ({"n"} if "n" in result.defaults and "n" not in names else set())
    for relation in result.relations:
        assert {str(symbol) for symbol in relation.free_symbols} <= set(result.defaults)


def test_numbers_of_numpy_are_numbers() -> None:
    values = {"d": np.int64(10), "T": np.float64(100), "sigma": np.float32(1), "n": np.uint8(1)}
    assert evaluate(find("linear-replace-fixed"), values) == pytest.approx(B)


def test_a_name_that_is_none_is_met_with_the_nearest() -> None:
    with pytest.raises(RecsynError, match="did you mean `linear-subsample`"):
        find("linear-subsampel")


def test_a_curve_of_many_generations_costs_no_more_than_its_last() -> None:
    values = curve(find("linear-accumulate-fixed"), SIZES, 1_000_000)
    assert values[-1] == pytest.approx(B * pi**2 / 6, rel=1e-5)


def test_what_leaves_the_range_of_numbers_is_said() -> None:
    with pytest.raises(RecsynError, match="leaves the range of numbers at generation"):
        curve(find("verified-errors"), {"q0": 0.5, "phi": 0.1, "psi": 0.9, "e": 0.1}, 2_000)


def test_users_write_results_of_their_own() -> None:
    own = Result(
        "own",
        "linear",
        "replace",
        "test error",
        "Grows.",
        Written("a*Sum(1/(i + 1), (i, 0, n))"),
        (Quantity("a", "a factor", 1, "amount"), Quantity("n", "the generation", 1)),
        "mine",
        "exact",
        (Condition("a < 3", "larger ones are not known"),),
    )
    assert curve(own, {"a": 2}, 3) == pytest.approx([2 * 1.5, 2 * (1.5 + 1 / 3), 2 * (1.5 + 1 / 3 + 1 / 4)])
    with pytest.raises(RecsynError, match="a < 3"):
        curve(own, {"a": 3}, 3)


@pytest.mark.parametrize(("text", "said"), [("a +", "is no formula"), ("a*b", "speaks of b"), ("a.real(", "is no formula")])
def test_a_text_that_is_no_formula_is_refused(text: str, said: str) -> None:
    with pytest.raises(RecsynError, match=said):
        Written(text).expression({"a": Quantity("a", "a factor", 1).symbol})


def test_a_formula_without_a_least_point_is_refused() -> None:
    with pytest.raises(RecsynError, match="0 least points over w"):
        Least(Written("w**2 + 1"), over="w").expression({})


def test_names_and_statements_need_no_sympy() -> None:
    code = (
        "import sys; sys.modules['sympy'] = None\n"
        "from recsyn.collapse.theory.catalogue import RESULTS, find\n"
        "from recsyn.collapse.theory import limits, comparison\n"
        "from recsyn.errors import RecsynError\n"
        "from recsyn.collapse.theory.result import evaluate\n"
        "assert len(RESULTS) > 30 and all(result.statement for result in RESULTS.values())\n"
        "try: evaluate(find('golden-ratio'), {'k': 1})\n"
        "except RecsynError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "recsyn[symbolic]"' in ran.stdout
