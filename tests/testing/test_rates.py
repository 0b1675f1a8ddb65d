"""Intervals of differences, held against published figures and against what they must obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.testing.rates import Difference, Rate

RATES = st.integers(1, 300).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe 1998, Table II, method 10, of p1 - p2
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_is_newcombes(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    interval = Difference(before=Rate(*second), after=Rate(*first)).interval
    assert interval == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(RATES, RATES)
def test_a_difference_lies_within_its_interval_and_turns_with_it(a: Rate, b: Rate) -> None:
    there, back = Difference(a, b), Difference(b, a)
    low, high = there.interval
    assert -1 <= low <= there.share + 1e-12
    assert there.share - 1e-12 <= high <= 1
    assert back.interval == (pytest.approx(-high), pytest.approx(-low))


def test_where_nothing_was_tested_nothing_is_known() -> None:
    apart = Difference(Rate(0, 0), Rate(1, 2))
    assert apart.interval == (-1, 1)
    assert apart.to_json()["share"] is None
