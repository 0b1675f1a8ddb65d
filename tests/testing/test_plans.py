"""Plans of values: sizes are exact, and the kinds of shape are what they are called."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.space import Alphabet, Space, space_of
from recsyn.lang.checker import check, check_type
from recsyn.lang.source import Source
from recsyn.semantics.conformance import misfit
from recsyn.testing.plans import LEAST, Plan, Sizes, assembled, atoms_of, laid_out, plan_of, sort_of, together
from recsyn.testing.shrinking import order
from recsyn.values import Datum, depth, size

PROGRAM = check(
    Source(
        "types.rec",
        "type Tree a = Leaf | Branch a (Tree a) (Tree a)\ntype Ternary = Node Ternary Ternary Ternary | Cut Bool | End\n"
        "type Rose a = Rose a (List (Rose a))\ntype Even = Zero | Next Odd\nand Odd = Follows Even\n"
        "type Never = Never Never\ntype Some a = None | Some a | Not Never",
    )
)
TYPES = ("Tree Int", "Ternary", "Rose Char", "Even", "List (Tree Bool)", "(Even, Ternary)", "Bool", "Int", "Some (List Char)")


def space(text: str) -> Space:
    return space_of(check_type(PROGRAM, Source("type", text)), PROGRAM.datatypes, Alphabet())


def made(text: str, size: int, plan: Plan) -> Datum:
    labels = {"integer": [0] * size or [0], "character": ["a"] * size or ["a"]}
    return assembled(laid_out(sort_of(space(text), size), size, plan), labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TYPES)
def test_sizes_are_those_of_which_there_are_values(text: str) -> None:
    here = space(text)
    assert list(sort_of(here, 25).sizes) == [s for s in range(26) if here.shapes.count(here.type, s)]


@pytest.mark.parametrize("text", TYPES)
@given(seed=st.integers(5, 2**32 - 1), data=st.data())
@settings(max_examples=40)
def test_a_plan_makes_a_value_of_the_size_that_is_asked(text: str, seed: int, data: st.DataObject) -> None:
    here = space(text)
    many = data.draw(st.sampled_from(list(sort_of(here, 60).sizes)))
    value = made(text, many, plan_of(seed))
    assert misfit(value, here.type, here.datatypes) is None
    assert size(value) == many


@pytest.mark.parametrize("text", ["Tree Int", "Rose Int", "Even", "List (List Int)"])
def test_the_least_plan_makes_the_least_shape(text: str) -> None:
    here = space(text)
    for many in sort_of(here, 9).sizes:
        least = min(here.shapes.values(here.type, many), key=lambda value: order(here, value))
        assert str(made(text, many, LEAST)).replace("'a'", "0") == str(least)


@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30), min_size=1), st.integers(0, 60))
def test_sums_of_sizes(one: set[int], other: set[int], limit: int) -> None:
    bits = [sum(1 << size for size in sizes) for sizes in (one, other)]
    expected = {a + b for a in one for b in other if a + b <= limit}
    assert together(*bits, limit) == sum(1 << size for size in expected)
    sizes = Sizes(bits[0])
    assert (list(sizes), sizes.least, sizes.greatest) == (sorted(one), min(one), max(one))
    assert {s for s in range(-2, 40) if s in sizes} == one


def test_spines_are_deep_and_full_trees_are_flat() -> None:
    rng = Random(1)
    depths = {
        split: depth(made("Tree Int", 1_023, Plan(split, False, None, rng)))
        for split in ("least", "greatest", "either", "even", "any")
    }
    assert depths["least"] == depths["greatest"] == depths["either"] == 512
    assert depths["even"] == 10
    assert 10 < depths["any"] < 200


def test_kinds_of_labels() -> None:
    assert [atoms_of(sort_of(space(text), 9)) for text in ("Rose Char", "(Int, List Char)", "Even")] == [
        ["character"],
        ["character", "integer"],
        [],
    ]
