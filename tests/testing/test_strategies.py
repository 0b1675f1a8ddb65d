"""Hypothesis strategies for values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from recsyn.data.space import Alphabet, Space, space_of
from recsyn.data.tasks import Task
from recsyn.lang.checker import check, check_type
from recsyn.lang.source import Source
from recsyn.semantics.conformance import misfit
from recsyn.testing.strategies import values
from recsyn.values import Value, depth, preorder, size

SOURCE = (
    "type Pos = One | XO Pos | XI Pos\ntype Tree a = Leaf | Branch a (Tree a) (Tree a)\ntype Rose a = Rose a (List (Rose a))\n"
    "type Even = Zero | Next Odd\nand Odd = Follows Even"
)
TYPES = ("Pos", "Tree Int", "Tree Char", "List Int", "List (Tree Bool)", "Rose Char", "Even", "(Pos, Int)", "Int", "Char", "Bool")


@pytest.fixture(scope="session")
def space() -> Callable[[str], Space]:
    program = check(Source("types.rec", SOURCE))
    return lambda text: space_of(check_type(program, Source("type", text)), program.datatypes, Alphabet())


@pytest.mark.parametrize("text", TYPES)
@given(data=st.data(), bounds=st.tuples(st.integers(0, 25), st.integers(0, 25)))
@settings(max_examples=25)
def test_values_have_their_type_and_a_size_within_bounds(
    text: str, data: st.DataObject, bounds: tuple[int, int], space: Callable[[str], Space]
) -> None:
    here, (least, greatest) = space(text), sorted(bounds)
    if not any(here.shapes.count(here.type, s) for s in range(least, greatest + 1)):
        with pytest.raises(InvalidArgument, match=f"no value of .* has a size from {least} to {greatest}"):
            values(here, min_size=least, max_size=greatest)
        return
    value = data.draw(values(here, min_size=least, max_size=greatest))
    assert misfit(value, here.type, here.datatypes) is None
    assert least <= size(value) <= greatest


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"min_size": -1}, "min_size=-1 is not a whole number"),
        ({"max_size": 2.5}, "max_size=2.5 is not a whole number"),
        ({"max_size": None}, "max_size=None is not a whole number"),
        ({"min_size": True}, "min_size=True is not a whole number"),
        ({"min_size": 5, "max_size": 4}, "min_size=5 is greater than max_size=4"),
        ({"max_size": 0}, "no value of Pos has a size from 0 to 0"),
        ({"max_size": 10**9}, "max_size=1000000000 is greater than 100,000"),
        ({"integers": range(3)}, r"integers=range\(0, 3\) is not a strategy"),
        ({"characters": "abc"}, "characters='abc' is not a strategy"),
    ],
)
def test_bad_bounds_are_refused_at_once(bounds: dict[str, Any], said: str, space: Callable[[str], Space]) -> None:
    with pytest.raises(InvalidArgument, match=said):
        values(space("Pos"), **bounds)


@given(data=st.data())
@settings(max_examples=30)
def test_labels_are_drawn_as_asked(data: st.DataObject, space: Callable[[str], Space]) -> None:
    drawn = data.draw(values(space("Rose Char"), characters=st.sampled_from("xyz")))
    assert {d for d in preorder(drawn) if isinstance(d, str)} <= set("xyz")
    numbers = data.draw(values(space("Tree Int"), min_size=3, integers=st.integers(5, 6)))
    assert {d for d in preorder(numbers) if isinstance(d, int)} <= {5, 6}


def test_any_integer_and_any_character_may_come(space: Callable[[str], Space]) -> None:
    same = settings(database=None, derandomize=True)
    assert find(values(space("Tree Int")), lambda v: any(isinstance(d, int) and d < -1000 for d in preorder(v)), settings=same)
    assert find(values(space("Tree Char")), lambda v: any(isinstance(d, str) and ord(d) > 1000 for d in preorder(v)), settings=same)


def drawn(strategy: st.SearchStrategy[Any], many: int = 20) -> list[Any]:
    found: list[Any] = []

    @given(value=strategy)
    @settings(max_examples=many, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def keep(value: Any) -> None:
        found.append(value)

    keep()
    return found


def test_deep_trees_and_long_lists_are_reached(space: Callable[[str], Space]) -> None:
    assert max(map(depth, drawn(values(space("Tree Int"), min_size=399, max_size=500)))) >= 200
    assert max(map(depth, drawn(values(space("Tree Char"), max_size=1_000), 60))) >= 200
    assert {size(v) for v in drawn(values(space("List Int"), min_size=5_001, max_size=5_001), 5)} == {5_001}
    lists = space("List (Tree Bool)")
    assert max(map(size, drawn(values(lists, min_size=100, max_size=10_000), 40))) == 10_000
    small = sum(size(v) <= 60 for v in drawn(values(lists, max_size=10_000), 200))
    assert 60 < small < 180, "small ones are drawn about as often as large ones"


def test_shapes_that_bugs_hide_in_are_common(space: Callable[[str], Space]) -> None:
    trees = drawn(values(space("Tree Int"), min_size=15), 200)
    deepest = sum(depth(v) == (size(v) + 1) // 2 for v in trees)
    flattest = sum(2 ** depth(v) <= 2 * size(v) + 2 for v in trees)
    labels = [[d for d in preorder(v) if isinstance(d, int)] for v in trees]
    assert deepest > 20
    assert flattest > 20
    assert sum(len(set(own)) < len(own) for own in labels) > 60
    assert any(abs(d) > 2**60 for own in labels for d in own)
    assert any(str(v).count("XI") > 12 for v in drawn(values(space("Pos"), min_size=14), 100))


def test_strategies_say_what_they_are(space: Callable[[str], Space]) -> None:
    assert repr(values(space("Tree a"))) == "values('Tree Int', max_size=30)"
    integers = st.integers(0, 9)
    digits = values(space("Rose Char"), min_size=2, max_size=9, integers=integers)
    assert repr(digits) == f"values('Rose Char', min_size=2, max_size=9, integers={integers!r})"


def test_a_deep_tree_is_found(space: Callable[[str], Space]) -> None:
    found = find(
        values(space("Tree Int"), max_size=120), lambda v: depth(v) >= 10, settings=settings(database=None, derandomize=True)
    )
    assert size(found) >= 19


@pytest.mark.parametrize(
    ("text", "condition", "smallest"),
    [
        ("Pos", lambda v: size(v) >= 4, "XO (XO (XO One))"),
        ("Pos", lambda v: "XI (XI" in str(v), "XI (XI One)"),
        ("Tree Int", lambda v: size(v) >= 5, "Branch 0 Leaf (Branch 0 Leaf Leaf)"),
        ("Tree Int", lambda v: any(isinstance(d, int) and d > 3 for d in preorder(v)), "Branch 4 Leaf Leaf"),
        ("List Int", lambda v: size(v) >= 3, "[0, 0]"),
        ("List (Tree Bool)", lambda v: "True" in str(v), "[Branch True Leaf Leaf]"),
    ],
)
def test_a_minimal_example_is_small(text: str, condition: Any, smallest: str, space: Callable[[str], Space]) -> None:
    quick = settings(database=None, derandomize=True, phases=[Phase.generate, Phase.shrink], max_examples=500)
    assert str(find(values(space(text)), condition, settings=quick)) == smallest


def test_a_failing_property_ends_at_the_smallest_input(succ: Task) -> None:
    """The whole way a user goes: a wrong property of the successor, falsified by Hypothesis."""
    seen: list[Value] = []

    @given(n=values(succ.space))
    @settings(database=None, derandomize=True)
    def two_carries_never_happen(n: Value) -> None:
        if str(succ.function(n)).startswith("XO (XO (X"):
            seen.append(n)
            raise AssertionError

    with pytest.raises(AssertionError):
        two_carries_never_happen()
    assert str(seen[-1]) == "XI (XI One)"
