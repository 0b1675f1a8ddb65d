"""Values: every operation on deep ones, sharing, immutability, and the notation that reads back."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recsyn
from recsyn import Value
from recsyn.values import (
    CONS,
    EMPTY_LIST,
    NIL,
    TUPLE,
    depth,
    digits_of,
    equal,
    fold,
    from_iterable,
    integer_of,
    postorder,
    preorder,
    show,
    size,
    to_list,
)

DEPTH = 50_000
"""Fifty times what the interpreter's stack takes; the slow tests go to a million."""
LEAF = Value("Leaf")

BOX = recsyn.loads(
    """
type Box = Box Int | Pair Box Box | Text (List Char) | Letters (List Int) | Both (Int, Char) | Empty
"""
)


def chain(length: int) -> Value:
    value = Value("One")
    for _ in range(length):
        value = Value("XI", (value,))
    return value


def left_spine(length: int) -> Value:
    value = LEAF
    for label in range(length):
        value = Value("Branch", (label, value, LEAF))
    return value


def right_spine(length: int) -> Value:
    value = LEAF
    for label in range(length):
        value = Value("Branch", (label, LEAF, value))
    return value


def doubled(levels: int) -> Value:
    """A tree of 2 ** levels - 1 branches in as many nodes as levels."""
    value = LEAF
    for _ in range(levels):
        value = Value("Branch", (1, value, value))
    return value


DEEP: dict[str, tuple[Callable[[int], Value], int]] = {
    # how to build it, and the constructors of each level, beside the one at the end
    "list": (lambda n: from_iterable(range(n)), 1),
    "chain": (chain, 1),
    "left spine": (left_spine, 2),
    "right spine": (right_spine, 2),
}


def all_operations(kind: str, length: int) -> None:
    build, constructors = DEEP[kind]
    one, other = build(length), build(length)
    assert one == other
    assert hash(one) == hash(other)
    assert one != build(length - 1)
    assert size(one) == constructors * length + 1
    assert depth(one) == length + 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert len(repr(one)) > length


@pytest.mark.parametrize("length", [DEPTH, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", DEEP)
def test_deep(kind: str, length: int) -> None:
    all_operations(kind, length)


def test_deep_on_a_small_stack() -> None:
    """The loops cost no stack, in a thread that has hardly any.

    What little there is, CPython wants: since 3.13 it frees nested objects in up to 10,000 calls, which take most of a megabyte.
    """
    done: list[str] = []

    def work() -> None:
        for kind in DEEP:
            all_operations(kind, DEPTH // 4)
            done.append(kind)

    before = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert done == list(DEEP)


def test_difference_at_the_bottom() -> None:
    assert from_iterable([*range(DEPTH), 1]) != from_iterable([*range(DEPTH), 2])


def test_long_list() -> None:
    assert to_list(from_iterable(range(DEPTH))) == list(range(DEPTH))


def test_no_list() -> None:
    with pytest.raises(TypeError, match="Leaf is not a constructor of lists"):
        to_list(LEAF)


def test_sharing_costs_nodes() -> None:
    """Unfolded, these trees have 2 ** 200 branches."""
    one, other = doubled(200), doubled(200)
    assert one == other
    assert hash(one) == hash(other)
    assert one != doubled(201)
    assert size(one) == 2 * 2**200 - 1
    assert depth(one) == 201
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert sum(1 for _ in postorder(again)) == 201


def test_orders() -> None:
    tree = Value("Branch", (2, Value("Branch", (1, LEAF, LEAF)), LEAF))
    assert [v.constructor if isinstance(v, Value) else v for v in preorder(tree)] == [
        "Branch", 2, "Branch", 1, "Leaf", "Leaf", "Leaf",
    ]  # fmt: skip
    assert [v.constructor for v in postorder(tree)] == ["Leaf", "Branch", "Branch"]
    assert fold(tree, lambda node, done: 1 + sum(done[1:]) if node.fields else 0) == 2


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Value("A", (1,)), Value("A", (True,))),
        (Value("A", (1,)), Value("B", (1,))),
        (Value("A", (1,)), Value("A", (1, 1))),
        (Value("A", ("1",)), Value("A", (1,))),
        (Value("A", (Value("B"),)), Value("A", (1,))),
        (Value("A"), "A"),
    ],
)
def test_unequal(left: Value, right: Any) -> None:
    assert left != right
    assert not equal(left, right)


def test_immutable() -> None:
    value = Value("A", (1,))
    for change in (
        lambda: setattr(value, "constructor", "B"),
        lambda: setattr(value, "other", "B"),
        lambda: delattr(value, "fields"),
    ):
        with pytest.raises(AttributeError, match="immutable"):
            change()
    assert copy.copy(value) is value
    assert value == Value("A", (1,))


# The notation


integers = st.integers() | st.integers(min_value=-(10**2000), max_value=10**2000)
characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"\\\n{}-\u2028😀")


def boxes() -> st.SearchStrategy[Value]:
    leaves = st.one_of(
        st.just(Value("Empty")),
        integers.map(lambda n: Value("Box", (n,))),
        st.text(characters).map(lambda text: Value("Text", (from_iterable(text),))),
        st.lists(integers).map(lambda items: Value("Letters", (from_iterable(items),))),
        st.tuples(integers, characters).map(lambda pair: Value("Both", (Value(TUPLE, pair),))),
    )
    return st.recursive(leaves, lambda inner: st.tuples(inner, inner).map(lambda both: Value("Pair", both)), max_leaves=8)


@given(boxes() | integers | characters | st.text(characters).map(from_iterable) | st.lists(boxes()).map(from_iterable))
def test_what_is_shown_reads_back(datum: Any) -> None:
    assert equal(BOX.value(show(datum)), datum)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-3, "-3"),
        ("'", r"'\''"),
        ('"', "'\"'"),
        (Value("S", (-3,)), "S (-3)"),
        (Value("S", (Value("S", (Value("Z"),)),)), "S (S Z)"),
        (from_iterable([-1, 2]), "[-1, 2]"),
        (from_iterable("a\"'\n\u2028"), r'"a\"' + r"'\n\u{2028}" + '"'),
        (EMPTY_LIST, "[]"),
        (Value(TUPLE, (1, Value("S", (Value("Z"),)))), "(1, S Z)"),
        (Value("S", (Value(TUPLE, (1, -2)),)), "S (1, -2)"),
        (Value("S", (from_iterable("x"),)), 'S "x"'),
        (Value("S", (from_iterable([EMPTY_LIST]),)), "S [[]]"),
    ],
)
def test_notation(value: Any, text: str) -> None:
    assert show(value) == text


def test_lists_are_conses() -> None:
    assert from_iterable([1]) == Value(CONS, (1, Value(NIL)))


@pytest.fixture
def _smallest_limit() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    yield
    sys.set_int_max_str_digits(before)


@pytest.fixture
def _no_limit() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(before)


EDGES = [n for width in (599, 600, 601, 1199, 1200, 1201, 2400, 5000) for n in (10**width - 1, 10**width, 10**width + 1)]


@pytest.mark.usefixtures("_no_limit")
def test_digits_against_python() -> None:
    for number in [0, 1, *EDGES, 7**120_000]:
        assert digits_of(number) == str(number)
        assert digits_of(-number) == str(-number)
        assert integer_of(str(number)) == number


@given(st.integers(min_value=-(10**3000), max_value=10**3000))
def test_digits_read_back(number: int) -> None:
    digits = digits_of(number)
    assert integer_of(digits.removeprefix("-")) == abs(number)
    assert digits.startswith("-") == (number < 0)


@pytest.mark.usefixtures("_smallest_limit")
def test_a_hundred_thousand_digits_at_the_smallest_limit() -> None:
    number = 3**209_590
    digits = digits_of(number)
    assert len(digits) == 100_000
    assert integer_of(digits) == number
    assert BOX.value(f"Box (-{digits})") == Value("Box", (-number,))
    assert show(BOX.value(f"Box (-{digits})")) == f"Box (-{digits})"
