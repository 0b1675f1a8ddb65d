"""Shrinking: down to the smallest of all where failure is monotone, always downwards, and always to an end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsyn.data.space import Space
from recsyn.data.tasks import Task
from recsyn.testing.shrinking import order, shrink, smaller
from recsyn.testing.strategies import values
from recsyn.values import Datum, Value, depth, from_iterable, preorder, size

Predicate = Callable[[Datum], bool]


def count(value: Datum, constructor: str) -> int:
    return sum(isinstance(d, Value) and d.constructor == constructor for d in preorder(value))


def carry(value: Datum) -> int:
    run = 0
    while value.constructor == "XI":
        run, value = run + 1, value.fields[0]
    return run


def atoms(value: Datum) -> list[Datum]:
    return [d for d in preorder(value) if not isinstance(d, Value)]


PREDICATES: dict[str, dict[str, Predicate]] = {
    "Pos": {
        "large": lambda v: size(v) >= 6,
        "carrying": lambda v: carry(v) >= 4,
        "three ones": lambda v: count(v, "XI") >= 3,
        "a zero and a one": lambda v: count(v, "XI") >= 1 and count(v, "XO") >= 2,
        "anything": lambda v: True,
    },
    "Tree": {
        "deep": lambda v: depth(v) >= 4,
        "many": lambda v: count(v, "Branch") >= 3,
        "a three": lambda v: 3 in atoms(v),
        "two of a kind above 1": lambda v: any(atoms(v).count(x) > 1 for x in atoms(v) if x > 1),
        "labels that add up": lambda v: sum(atoms(v)) >= 5,
        "anything": lambda v: True,
    },
    "List": {
        "long": lambda v: len(atoms(v)) >= 4,
        "a two": lambda v: 2 in atoms(v),
        "ones and threes": lambda v: {1, 3} <= set(atoms(v)),
        "labels that add up": lambda v: sum(atoms(v)) >= 6,
    },
}
SIZES = {"Pos": 8, "Tree": 7, "List": 6}


@pytest.fixture(scope="module")
def spaces(succ: Task, make_task: Callable[..., Task]) -> dict[str, Space]:
    numbers = "fun f (xs : List Int) : List Int = xs"
    return {
        "Pos": succ.space,
        "Tree": make_task("inorder", integers=[0, 3]).space,
        "List": make_task("f", ("prefix", "prefix"), source=numbers, program="f.rec", integers=[0, 3]).space,
    }


@pytest.mark.parametrize(("type", "name"), [(t, name) for t, all_of in PREDICATES.items() for name in all_of])
def test_the_smallest_of_all_is_reached(type: str, name: str, spaces: dict[str, Space]) -> None:
    space, fails = spaces[type], PREDICATES[type][name]
    everyone = (v for s in range(SIZES[type] + 1) for v in space.grammar.values(space.type, s) if fails(v))
    smallest = min(everyone, key=lambda v: order(space, v))

    @given(start=values(space, max_size=25, integers=st.integers(0, 3)).filter(fails))
    @settings(max_examples=12, suppress_health_check=[HealthCheck.filter_too_much])
    def reached(start: Datum) -> None:
        assert shrink(space, start, lambda batch: [fails(v) for v in batch]) == smallest

    reached()


@pytest.mark.parametrize("type", PREDICATES)
def test_what_is_asked_is_smaller_new_and_no_more_than_a_batch(type: str, spaces: dict[str, Space]) -> None:
    space = spaces[type]

    @given(start=values(space, min_size=1, max_size=25, integers=st.integers(0, 3)), salt=st.integers(0, 9))
    @settings(max_examples=25)
    def downwards(start: Datum, salt: int) -> None:
        asked: list[Datum] = []
        current = start

        def still_fails(batch: Sequence[Datum]) -> list[bool]:
            nonlocal current
            assert 1 <= len(batch) <= 256
            assert all(order(space, v) < order(space, current) for v in batch)
            asked.extend(batch)
            answers = [hash((str(v), salt)) % 3 == 0 for v in batch]
            if any(answers):
                current = min((v for v, a in zip(batch, answers, strict=True) if a), key=lambda v: order(space, v))
            return answers

        assert shrink(space, start, still_fails) == current
        assert len(set(asked)) == len(asked)
        assert start not in asked

    downwards()


@pytest.mark.parametrize("type", PREDICATES)
def test_proposals_are_of_the_type(type: str, spaces: dict[str, Space], succ: Task) -> None:
    space = spaces[type]
    everyone = {v for s in range(SIZES[type] + 1) for v in space.grammar.values(space.type, s)}
    for value in sorted(everyone, key=lambda v: order(space, v))[-20:]:
        assert {p for p in smaller(space, value) if size(p) <= SIZES[type]} <= everyone


@pytest.mark.parametrize("type", PREDICATES)
def test_the_order_is_total_and_begins_with_size(type: str, spaces: dict[str, Space]) -> None:
    space = spaces[type]
    listed = [v for s in range(6) for v in space.grammar.values(space.type, s)]
    keys = [order(space, v) for v in listed]
    assert len(set(keys)) == len(keys)
    assert [k[0] for k in keys] == [size(v) for v in listed]


def test_the_order_prefers_earlier_constructors_and_letters(inorder: Task, pos: Callable[[str], Value]) -> None:
    space, leaf = inorder.space, Value("Leaf")

    def branch(label: int, left: Value = leaf, right: Value = leaf) -> Value:
        return Value("Branch", (label, left, right))

    assert order(space, branch(6)) < order(space, branch(0, branch(0)))
    assert order(space, branch(6, leaf, branch(6))) < order(space, branch(0, branch(0)))
    assert order(space, branch(0, leaf, branch(6))) < order(space, branch(1, leaf, branch(0)))
    assert order(space, branch(99)) > order(space, branch(6))


def test_a_deep_value_takes_few_calls(spaces: dict[str, Space], pos: Callable[[str], Value]) -> None:
    for type, start in (
        ("Pos", pos("1" * 300)),
        ("List", from_iterable([3] * 300)),
    ):
        batches: list[int] = []

        def still_fails(batch: Sequence[Datum], batches: list[int] = batches) -> list[bool]:
            batches.append(len(batch))
            return [size(v) >= 7 for v in batch]

        reached = shrink(spaces[type], start, still_fails)
        assert size(reached) == 7
        assert len(batches) <= 25
        assert sum(batches) <= 3_000


def test_a_deep_tree_with_nothing_smaller_ends(spaces: dict[str, Space]) -> None:
    start = Value("Leaf")
    for label in range(300):
        start = Value("Branch", (label % 4, start, Value("Leaf")))
    asked = 0

    def still_fails(batch: Sequence[Datum]) -> list[bool]:
        nonlocal asked
        asked += len(batch)
        return [False] * len(batch)

    assert shrink(spaces["Tree"], start, still_fails, most_calls=500) is start
    assert asked == 500


def test_fields_are_exchanged_where_inputs_are_too_many_to_try(spaces: dict[str, Space]) -> None:
    start, expected = Value("Leaf"), Value("Leaf")
    for _ in range(6):
        start, expected = Value("Branch", (0, start, Value("Leaf"))), Value("Branch", (0, Value("Leaf"), expected))
    assert shrink(spaces["Tree"], start, lambda batch: [depth(v) >= 7 for v in batch]) == expected


def test_letters_outside_of_the_alphabet_shrink_into_it(spaces: dict[str, Space]) -> None:
    start = from_iterable([77, -5, 10**30])
    assert shrink(spaces["List"], start, lambda batch: [len(atoms(v)) >= 2 for v in batch]) == from_iterable([0, 0])
    assert shrink(spaces["List"], start, lambda batch: [len(set(atoms(v))) >= 2 for v in batch]) == from_iterable([0, 1])


def test_what_has_to_be_alike_shrinks_together(spaces: dict[str, Space]) -> None:
    """Two equal subtrees that hold a branch each; no change on one side alone still fails."""
    part = Value("Leaf")
    for label in range(6):
        part = Value("Branch", (label % 4, part, Value("Leaf")))
    start = Value("Branch", (0, part, part))

    def fails(value: Datum) -> bool:
        return size(value) > 3 and value.fields[1] == value.fields[2]

    small = Value("Branch", (0, Value("Leaf"), Value("Leaf")))
    reached = shrink(spaces["Tree"], start, lambda batch: [fails(v) for v in batch], most_calls=400)
    assert reached == Value("Branch", (0, small, small))


def test_parts_that_mirror_one_another_shrink_together(spaces: dict[str, Space]) -> None:
    """A perfect tree, and a predicate of symmetric shapes of 11 constructors or more: no change on one side alone keeps it."""

    def mirrored(value: Value) -> Value:
        return Value("Branch", (value.fields[0], mirrored(value.fields[2]), mirrored(value.fields[1]))) if value.fields else value

    def fails(value: Datum) -> bool:
        return size(value) >= 11 and mirrored(value.fields[1]) == value.fields[2]

    start = Value("Leaf")
    for _ in range(3):
        start = Value("Branch", (0, start, start))
    assert size(start) == 15
    assert size(shrink(spaces["Tree"], start, lambda batch: [fails(v) for v in batch], most_calls=400)) == 11
