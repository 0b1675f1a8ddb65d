"""The reference evaluator against Python: exhaustively where inputs can be counted, and at depths that no stack survives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import recsyn
from recsyn import Value
from recsyn.semantics.reference import Reference, StepLimit
from recsyn.values import TUPLE, boolean, from_iterable, postorder, to_list

ONE, LEAF = Value("One"), Value("Leaf")


def ones(digits: int) -> Value:
    """The number of so many digits, all 1."""
    value = ONE
    for _ in range(digits - 1):
        value = Value("XI", (value,))
    return value


def test_successor_of_every_number_of_16_bits(successor: recsyn.Program) -> None:
    numbers = [ONE, ONE]
    for number in range(2, 2**16 + 1):
        numbers.append(Value("XI" if number % 2 else "XO", (numbers[number // 2],)))
    assert successor["succ"].of_each(numbers[1:-1]) == numbers[2:]


@pytest.mark.parametrize("digits", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_carry(successor: recsyn.Program, digits: int) -> None:
    answer = successor["succ"](ones(digits))
    constructors = [node.constructor for node in postorder(answer)]
    assert constructors == ["One"] + ["XO"] * digits


Shape = tuple[Any, ...]


@cache
def shapes(branches: int) -> list[Shape]:
    """Every binary tree with so many branches."""
    if branches == 0:
        return [()]
    return [(left, right) for n in range(branches) for left in shapes(n) for right in shapes(branches - 1 - n)]


def labelled(shape: Shape, labels: Iterator[int]) -> Value:
    if not shape:
        return LEAF
    left = labelled(shape[0], labels)
    label = next(labels)
    return Value("Branch", (label, left, labelled(shape[1], labels)))


def python_preorder(tree: Value) -> list[int]:
    return [] if tree == LEAF else [tree.fields[0], *python_preorder(tree.fields[1]), *python_preorder(tree.fields[2])]


def python_inorder(tree: Value) -> list[int]:
    return [] if tree == LEAF else [*python_inorder(tree.fields[1]), tree.fields[0], *python_inorder(tree.fields[2])]


def test_traversals_of_every_shape(traversal: recsyn.Program) -> None:
    trees = [labelled(shape, iter(range(branches))) for branches in range(8) for shape in shapes(branches)]
    assert len(trees) == 1 + 1 + 2 + 5 + 14 + 42 + 132 + 429
    for tree in trees:
        assert to_list(traversal["preorder"](tree)) == python_preorder(tree)
        assert to_list(traversal["inorder"](tree)) == python_inorder(tree)
        assert python_inorder(tree) == sorted(python_inorder(tree))


def test_long_spines(traversal: recsyn.Program) -> None:
    right = LEAF
    for label in range(100_000):
        right = Value("Branch", (label, LEAF, right))
    down = list(range(99_999, -1, -1))
    assert to_list(traversal["preorder"](right)) == down
    assert to_list(traversal["inorder"](right)) == down


def test_calls_in_tail_position_leave_nothing_behind() -> None:
    source = "fun count n xs = match xs with [] => n | _ :: xs => if n == -1 then 0 else let m = n + 1 in count m xs end"
    count, items = recsyn.loads(source)["count"], from_iterable([0] * 20_000)
    tracemalloc.start()
    answer = count.reference.call("count", (0, items))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer == 20_000
    assert peak < 500_000, "a frame for each call takes megabytes"


def test_functions_as_deep_as_lists() -> None:
    """A continuation of 50,000 closures, each held by the next."""
    source = "fun append xs k = match xs with [] => k [] | x :: xs => append xs (fn ys => k (x :: ys)) end"
    program = recsyn.loads(source + "\nfun copy xs = append xs (fn x => x)")
    items = from_iterable(range(50_000))
    assert program["copy"](items) == items


# Operators

EMPTY = recsyn.loads("fun id x = x")
INTEGERS = st.integers(-9, 9) | st.integers()


@given(INTEGERS, INTEGERS)
@example(7, 0)
@example(-7, 2)
@example(7, -2)
@example(0, -3)
def test_arithmetic(a: int, b: int) -> None:
    quotient, rest = (a // b, a % b) if b else (0, a)
    expected = [a + b, a - b, a * b, quotient, rest, -a]
    expected += map(boolean, [a < b, a <= b, a > b, a >= b, a == b, a != b])
    operators = ["+", "-", "*", "/", "%"]
    text = [f"({a}) {o} ({b})" for o in operators] + [f"-({a})"]
    text += [f"({a}) {o} ({b})" for o in ("<", "<=", ">", ">=", "==", "!=")]
    assert [EMPTY.value(t) for t in text] == expected
    assert quotient * b + rest == a


CHARACTERS = st.characters(exclude_categories=["Cs"])


@given(st.lists(CHARACTERS), st.lists(CHARACTERS))
def test_lists_of_characters(a: list[str], b: list[str]) -> None:
    left, right = map(str, map(from_iterable, (a, b)))
    assert EMPTY.value(f"({left}) ++ ({right})") == from_iterable(a + b)
    assert EMPTY.value(f"({left}) == ({right})") == boolean(a == b)
    less = "(fn xs ys => match xs, ys with x :: _, y :: _ => x < y | [], y => y != [] | _, [] => False end)"
    assert EMPTY.value(f"{less} {left} {right}") == boolean(a[:1] < b[:1])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7 / 2, -7 / 2, 7 / -2, -7 / -2", (3, -4, -4, 3)),
        ("7 % 2, -7 % 2, 7 % -2, -7 % -2", (1, 1, -1, -1)),
        ("7 / 0, 7 % 0, 0 / 0, -7 % 0", (0, 7, 0, -7)),
        ("True && False, True || False, not True, not (not True)", (False, True, False, True)),
        ("(1, 'a') == (1, 'a'), [1] == [], [[1]] != [[1]], \"a\" == \"a\"", (True, False, False, True)),
        ("'a' < 'b', 'a' >= 'b', '😀' > 'é'", (True, False, True)),
        ("map (fn x => x * x) [1, 2, 3] == [1, 4, 9], map (add 10) [1] == [11]", (True, True)),
        ("twice (twice (fn x => x + 1)) 0, twice twice (add 2) 0", (4, 8)),
        ("pick True 1 2, (pick False 1) 2, pick (1 < 2) (add 1) (add 2) 3", (1, 2, 4)),
        ("adder 1 2, (adder 1) 2, map (adder 1) [1] == [2]", (3, 3, True)),
        ("(let n = 1 in let f = fn x => x + n in let n = 100 in f 1), let x = 1 in (let x = 2 in x) + x", (2, 3)),
        ("(let id = fn x => x in (id 1, id 'a') == (1, 'a')), even [1, 1], odd [1, 1]", (True, True, False)),
        ("(fn (x, y) z => x + y + z) (1, 2) 3, zip [1, 2] \"ab\" == [(1, 'a'), (2, 'b')]", (6, True)),
        ("kind 0, kind (-3), kind 5, spell 'x', spell 'y', greet \"hi\", greet \"ho\"", (1, 2, 3, 1, 2, 1, 2)),
        ("ends [1], ends [1, 2], ends [1, 2, 3], ends []", (1, 2, 3, 0)),
        ("alias [1, 2] == ([1, 2], [2]), nest 1 [2] == 3, nest 0 [2] == 2, nest 0 [] == 0", (True, True, True, True)),
        ("thirteen, length lots, (id id) 3, id (fn x => x) 4, compose id id 5", (13, 3, 3, 4, 5)),
        ("map (Pair 1) [2] == [Pair 1 2], (Pair 1) 2 == Pair 1 2", (True, True)),
    ],
)  # fmt: skip
def test_expressions(text: str, value: tuple[Any, ...]) -> None:
    expected = tuple(boolean(v) if isinstance(v, bool) else v for v in value)
    assert PROGRAM.value(f"({text})") == Value(TUPLE, expected)


PROGRAM = recsyn.loads(
    """
type Pair = Pair Int Int
fun id x = x
fun add x y = x + y
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun twice f x = f (f x)
fun compose f g x = f (g x)
fun pick b = if b then fn x _ => x else fn _ y => y
fun adder n = let m = n in fn x => let k = x in m + k
fun even xs = match xs with [] => True | _ :: xs => odd xs end
and odd xs = match xs with [] => False | _ :: xs => even xs end
fun zip xs ys = match xs, ys with x :: xs, y :: ys => (x, y) :: zip xs ys | _, _ => [] end
fun kind n = match n with 0 => 1 | -3 => 2 | _ => 3 end
fun spell c = match c with 'x' => 1 | _ => 2 end
fun greet s = match s with "hi" => 1 | _ => 2 end
fun ends xs = match xs with [_] => 1 | [_, _] => 2 | _ :: _ :: _ :: _ => 3 | [] => 0 end
fun alias xs = match xs with [] as e => (e, e) | (_ :: rest) as all => (all, rest) end
fun nest b xs = match b with 1 => match xs with [] => 1 | x :: _ => x + b end | _ => match xs with x :: _ => x | [] => b end end
fun thirteen = 6 * 2 + 1
fun lots = [thirteen, thirteen, thirteen]
fun length xs = match xs with [] => 0 | _ :: xs => 1 + length xs end
"""
)


def test_only_calls_of_partial_functions_are_counted() -> None:
    program = recsyn.loads(
        """
partial fun other n = if n <= 0 then 0 else other (n - 1)
fun sum xs = match xs with [] => 0 | x :: xs => x + sum xs end
partial fun down n = if n <= 0 then [] else n :: down (n - 1)
partial fun for_ever n = sum [n, n] + for_ever (n + 1)
"""
    )
    reference = Reference(program.checked, 100)
    ten = reference.call("down", (10,))
    assert reference.call("sum", (from_iterable(range(1_000)),)) == 499_500
    assert reference.call("sum", (ten,)) == 55
    for stopped in ("down", "other", "for_ever"):
        with pytest.raises(StepLimit):
            reference.call(stopped, (200,))
