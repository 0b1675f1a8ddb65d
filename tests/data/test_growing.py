"""Values grown from words, against all values and against the shares that a distribution says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from recsyn.data import growing
from recsyn.data.growing import TooManyWays, growth
from recsyn.data.randomness import digest, row_words
from recsyn.data.space import Space
from recsyn.data.tasks import Task
from recsyn.values import Datum, size

# The largest size of each type that is listed. With false alarms at 1e-6 a test, all of them together raise one in 10^5 runs.
TYPES = {
    "Pos": 7,
    "Tree Int": 7,
    "List Even": 9,
    "Rose Int": 5,
    "List (List Bool)": 7,
    "Pair (Tree Bool) Pos": 7,
    "Expr": 4,
    "Branchy": 7,
    "Mixed": 5,
    "(Pos, List Char, Int)": 8,
}


def drawn(made: growing.Growth, many: int, *name: int | str) -> Counter[Datum]:
    return Counter(made.value(row_words(digest(*name), index, 0)) for index in range(many))


@pytest.mark.parametrize("text", TYPES)
@pytest.mark.parametrize("width", [64, 8])
def test_values_of_a_size_are_equally_likely(text: str, width: int, space: Any, everything: Any, fits: Any) -> None:
    here: Space = space(text)
    largest = max(size for size, values in everything(here, TYPES[text]).items() if values)
    values = everything(here, largest)[largest]
    assert len(values) > 1
    made = growth(here.grammar, [(Fraction(1), here.type, largest)], width)
    assert fits(drawn(made, 8 * len(values) + 400, text), dict.fromkeys(values, 1 / len(values)))


def test_starts_have_their_weights(space: Any, fits: Any) -> None:
    here: Space = space("Tree Int")
    weights = {1: Fraction(1, 7), 3: Fraction(5, 14), 5: Fraction(1, 2)}
    made = growth(here.grammar, [(weight, here.type, size) for size, weight in weights.items()])
    found = Counter[int]()
    for value, many in drawn(made, 5_000, "weights").items():
        found[size(value)] += many
    assert fits(found, {s: float(w) for s, w in weights.items()})


@pytest.mark.parametrize(
    "distribution",
    [
        {"kind": "uniform", "sizes": [2, 9]},
        {"kind": "by-depth", "sizes": [1, 9], "depths": [1, 3]},
        {"kind": "spines", "sizes": [3, 9]},
        {"kind": "mixture", "parts": [{"weight": w, "kind": "uniform", "sizes": [s, s]} for w, s in ((0.3, 3), (1.7, 7))]},
    ],
)
def test_tasks_grow_what_their_sampler_draws(distribution: Any, task: Callable[..., Task], fits: Any) -> None:
    """Every input of the task has the share that its start has, divided by how many there are at that start and size."""
    made = task("inorder", distribution, integers=[0, 0])
    starts = made.sampler.starts()
    assert starts is not None
    assert made.growth is not None
    shares: dict[Datum, float] = {}
    for weight, start, at in starts:
        members = list(made.space.grammar.values(start, at))
        for value in members:
            shares[value] = shares.get(value, 0.0) + float(weight / sum(w for w, _, _ in starts)) / len(members)
    assert fits(drawn(made.growth, 6_000, str(distribution)), shares)


def test_values_grow_as_large_as_tables_go(space: Any) -> None:
    here: Space = space("Nat")
    made = growth(here.grammar, [(Fraction(1), here.type, growing.LARGEST)])
    assert size(made.value(row_words(0, 0, 0))) == growing.LARGEST
    with pytest.raises(TooManyWays):
        growth(here.grammar, [(Fraction(1), here.type, growing.LARGEST + 1)])


def test_too_many_ways_are_refused(space: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "MOST_WAYS", 100)
    here: Space = space("Tree Int")
    with pytest.raises(TooManyWays):
        growth(here.grammar, [(Fraction(1), here.type, 101)])


def test_rows_have_words_of_their_own() -> None:
    """No two of the first words of neighbouring rows, attempts and keys are the same."""
    first = [next(row_words(key, index, attempt)) for key in (1, 2, 2**127) for index in range(20) for attempt in range(20)]
    assert len(set(first)) == len(first)
    again = row_words(5, 7, 3)
    assert [next(again) for _ in range(200)] == [word for _, word in zip(range(200), row_words(5, 7, 3), strict=False)]
