"""Functions called from Python: what they take, what they refuse, and the examples of a file."""

from __future__ import annotations

from typing import Any

import pytest

import recsyn
from recsyn import Value
from recsyn.semantics.conformance import misfit
from recsyn.semantics.function import InvalidValue
from recsyn.values import TUPLE, from_iterable

PROGRAM = recsyn.loads(
    """
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Deep a = End | Deep (Deep (a, a))
fun id x = x
fun sum (t : Tree Int) : Int = match t with Leaf => 0 | Branch v l r => v + sum l + sum r end
fun swap (p : (Int, Char)) : (Char, Int) = match p with (n, c) => (c, n) end
fun apply (f : Int -> Int) (x : Int) : Int = f x
fun deep (d : Deep Int) : Int = match d with End => 0 | Deep _ => 1 end
fun four = 4
"""
)
LEAF = Value("Leaf")


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("sum", (), "sum takes 1 argument, not 0"),
        ("apply", (1,), "apply takes 2 arguments, not 1"),
        ("four", (1,), "four takes 0 arguments, not 1"),
        ("sum", (3,), "sum takes a Tree Int, and 3 is no Tree Int"),
        ("sum", ("Leaf",), "'Leaf' is no Tree Int"),
        ("sum", (Value("Pine"),), "Pine is no Tree Int"),
        ("sum", (Value("Branch", ("a", LEAF, LEAF)),), "'a' is no Int"),
        ("sum", (Value("Branch", (True, LEAF, LEAF)),), "True is no Int"),
        ("sum", (Value("Branch", (1, LEAF)),), "Branch has 3 fields, not 2"),
        ("sum", (Value("Branch", (1, LEAF, Value("Branch", (1, LEAF, 1)))),), "1 is no Tree Int"),
        ("swap", (Value(TUPLE, (1, "ab")),), "'ab' is no Char"),
        ("swap", (Value(TUPLE, (1, "a", 2)),), "(,) has 2 fields, not 3"),
    ],
)
def test_refused(name: str, arguments: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        PROGRAM[name](*arguments)
    assert reason in str(caught.value)
    assert isinstance(caught.value, TypeError)
    with pytest.raises(InvalidValue):
        PROGRAM[name].trace(*arguments)


def test_taken() -> None:
    assert PROGRAM["sum"](Value("Branch", (1, LEAF, Value("Branch", (2, LEAF, LEAF))))) == 3
    assert PROGRAM["swap"](Value(TUPLE, (1, "a"))) == Value(TUPLE, ("a", 1))
    assert PROGRAM["apply"](PROGRAM.value("fn x => x + 1"), 2) == 3
    assert PROGRAM["four"]() == 4
    assert PROGRAM["id"]("a") == "a"
    assert str(PROGRAM["sum"]) == "<function sum : Tree Int -> Int>"


def test_a_shared_value_is_checked_once() -> None:
    """Unfolded, it has 2 ** 200 branches."""
    tree = LEAF
    for _ in range(200):
        tree = Value("Branch", (1, tree, tree))
    assert misfit(tree, PROGRAM["sum"].parameters[0], PROGRAM.checked.datatypes) is None


def test_a_shared_value_is_checked_at_each_of_its_types() -> None:
    types = recsyn.loads("type T = T (List Int) (List Char) (List Int)\nfun f (t : T) = t")
    for items, good in [(from_iterable([]), True), (from_iterable([1]), False), (from_iterable("a"), False)]:
        found = misfit(Value("T", (items, items, items)), types["f"].parameters[0], types.checked.datatypes)
        assert (found is None) == good


def test_parameters_of_a_type_are_filled_in_order() -> None:
    program = recsyn.loads("type P a b = P (b, List a) a\nfun f (p : P Int Char) = p")
    assert str(program["f"](program.value("P ('x', [1]) 2"))) == "P ('x', [1]) 2"
    with pytest.raises(InvalidValue, match="'y' is no Int"):
        program["f"](program.value("P (1, ['x']) 'y'"))


def test_types_that_grow_with_the_value() -> None:
    """At depth 100, the type has 2 ** 100 parts."""
    value = Value("End")
    for _ in range(100):
        value = Value("Deep", (value,))
    assert PROGRAM["deep"](value) == 1


def test_types_of_any_depth() -> None:
    depth = 2_000
    program = recsyn.loads(f"type T a = T {'(List ' * depth}a{')' * depth}\nfun f (t : T Int) : T Int = t")
    assert str(program["f"](program.value("T [[]]"))) == "T [[]]"


def test_examples() -> None:
    program = recsyn.loads("fun double x = x + x\nexample double 2 = 4\nexample double 3 = 5\nexample [double 1] = []")
    assert [d.message for d in program.failed_examples()] == [
        "the left side is `6`, the right side `5`",
        "the left side is `[2]`, the right side `[]`",
    ]
    assert {d.code for d in program.failed_examples()} == {"failed-example"}


def test_functions_are_no_examples() -> None:
    with pytest.raises(recsyn.LanguageError, match="functions cannot be compared, and the sides of this example"):
        recsyn.loads("fun id x = x\nexample id = id")


def test_unknown_function() -> None:
    with pytest.raises(recsyn.RecsynError, match=r"defines no function `sun`[\s\S]*did you mean `sum`"):
        PROGRAM["sun"]
