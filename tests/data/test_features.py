"""Structural features against plain recursive definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data import features as features_module
from recsyn.data.codecs import codec_for
from recsyn.data.features import OfBatches, OfValues, features, recursion_of
from recsyn.data.generation import generate
from recsyn.data.space import Space
from recsyn.data.splits import splits_from_config
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.semantics.batch import Batch
from recsyn.testing.strategies import values
from recsyn.values import Datum, Value, from_iterable, size


def columns_of(task: Task, inputs: list[Datum]) -> dict[str, list[int]]:
    columns = task.features(inputs, task.function.of_each(inputs))
    assert all(column.dtype == np.int64 for column in columns.values())
    assert all(len(column) == len(inputs) for column in columns.values())
    return {name: column.tolist() for name, column in columns.items()}


def binary_facts(value: Value) -> dict[str, int]:
    digits = []
    while value.fields:
        digits.append(value.constructor)
        value = value.fields[0]
    carry = next((i for i, d in enumerate(digits) if d == "XO"), len(digits))
    length = len(digits) + 1
    return {
        "size": length,
        "depth": length,
        "recursion_depth": carry,
        "calls": carry,
        "rest": length - carry,
        "count_One": 1,
        "count_XO": digits.count("XO"),
        "count_XI": digits.count("XI"),
        "output_length": length + (carry == len(digits)),
        "growth": int(carry == len(digits)),
        "longer": int(carry == len(digits)),
    }


def test_features_of_every_small_number(task: Callable[..., Task]) -> None:
    made = task()
    everyone = [v for s in range(1, 11) for v in made.space.grammar.values(made.space.type, s)]
    expected = [binary_facts(v) for v in everyone]
    assert columns_of(made, everyone) == {name: [row[name] for row in expected] for name in expected[0]}


def nodes(t: Value) -> int:
    return 0 if t.constructor == "Leaf" else 1 + nodes(t.fields[1]) + nodes(t.fields[2])


def height(t: Value) -> int:
    return 0 if t.constructor == "Leaf" else 1 + max(height(t.fields[1]), height(t.fields[2]))


def labels(t: Value) -> list[int]:
    return [] if t.constructor == "Leaf" else [t.fields[0], *labels(t.fields[1]), *labels(t.fields[2])]


def run(t: Value, side: int) -> int:
    return 0 if t.constructor == "Leaf" else 1 + run(t.fields[side], side)


def imbalance(t: Value) -> int:
    if t.constructor == "Leaf":
        return 0
    _, left, right = t.fields
    return max(abs(height(left) - height(right)), imbalance(left), imbalance(right))


def forks(t: Value) -> int:
    if t.constructor == "Leaf":
        return 0
    _, left, right = t.fields
    return (nodes(left) > 0 < nodes(right)) + forks(left) + forks(right)


def tree_facts(t: Value) -> dict[str, int]:
    many = nodes(t)
    brackets = 4 * (many - 1) + 3 if many else 1
    written = brackets + (many + 1 - many) - 1 if not many else many + (many + 1) + 2 * (many - 1)
    return {
        "size": 2 * many + 1,
        "depth": height(t) + 1,
        "recursion_depth": height(t),
        "calls": 2 * many,
        "rest": 1,
        "count_Leaf": many + 1,
        "count_Branch": many,
        "spine_Branch_2": run(t, 1),
        "off_spine_Branch_2": many - run(t, 1),
        "spine_Branch_3": run(t, 2),
        "off_spine_Branch_3": many - run(t, 2),
        "forks": forks(t),
        "imbalance": imbalance(t),
        "balance": height(t.fields[2]) - height(t.fields[1]) if many else 0,
        "labels": many,
        "repeats": many - len(set(labels(t))),
        "output_length": many,
        "growth": many - written,
        "longer": int(many > written),
    }


@pytest.mark.parametrize("function", ["preorder", "inorder"])
def test_features_of_every_small_tree(function: str, task: Callable[..., Task]) -> None:
    made = task(function, integers=[0, 1])
    everyone = [v for s in range(1, 12) for v in made.space.grammar.values(made.space.type, s)]
    expected = [tree_facts(v) for v in everyone]
    assert columns_of(made, everyone) == {name: [row[name] for row in expected] for name in expected[0]}


def test_the_order_of_rows_does_not_change_which_columns_there_are(space: Callable[..., Space], types: Any) -> None:
    """Labels are a column of the type, whether or not the first row holds any."""
    here = space("List (List Int)")
    empty, full = from_iterable([from_iterable([])]), from_iterable([from_iterable([1, 0, 1])])
    codec = codec_for("prefix", here.type, here.datatypes, here.alphabet)
    for inputs in ([empty, full], [full, empty], [empty]):
        lengths = [len(codec.encode(v)) for v in inputs]
        columns = features(here, inputs, lengths, [0] * len(inputs))
        assert columns["labels"].tolist() == [3 if v is full else 0 for v in inputs]
        assert columns["repeats"].tolist() == [1 if v is full else 0 for v in inputs]


def test_types_without_letters_have_no_column_for_them(task: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    assert "labels" not in columns_of(task(), [pos("1")])


def test_no_inputs_have_no_rows(task: Callable[..., Task]) -> None:
    assert all(len(column) == 0 for column in task().features([], []).values())


def calls_in_python(t: Value) -> tuple[int, int]:
    """How deep and how often a traversal that Python runs calls itself."""
    if t.constructor == "Leaf":
        return 0, 0
    left, right = calls_in_python(t.fields[1]), calls_in_python(t.fields[2])
    return 1 + max(left[0], right[0]), 2 + left[1] + right[1]


@given(data=st.data())
def test_recursion_follows_the_calls_that_are_made(data: st.DataObject, task: Callable[..., Task]) -> None:
    made = task("inorder")
    assert made.space.shape is not None
    value = data.draw(values(made.space, max_size=61))
    recursion = recursion_of(made.space.shape, value)
    assert (recursion.depth, recursion.calls) == calls_in_python(value)


NESTED = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
fun pairs (n : Pos) : Int = match n with XI (XI b) => 1 + pairs b | XO (XI b) => pairs b | _ => 0 end
fun double (n : Pos) : Int = match n with One => 1 | XO b => double b + double b | XI b => double b end
"""


def test_recursion_that_looks_several_constructors_deep(task: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    made = task("pairs", codecs=("prefix", "prefix"), source=NESTED, program="n.rec")
    columns = columns_of(made, [pos("1101110"), pos("1"), pos("11"), pos("")])
    assert columns["recursion_depth"] == [3, 0, 1, 0]
    assert columns["rest"] == [2, 2, 1, 1]
    twice = task("double", codecs=("prefix", "prefix"), source=NESTED, program="n.rec")
    assert columns_of(twice, [pos("000"), pos("010")])["calls"] == [14, 8]


def test_shapes_of_other_parameters_say_nothing_of_the_input(task: Callable[..., Task]) -> None:
    source = "type N = Z | S N\nfun two (p : (N, N)) : N = match p with (a, b) => b end"
    made = task("two", codecs=("prefix", "prefix"), source=source, program="n.rec")
    zero = Value("Z")
    assert "recursion_depth" not in columns_of(made, [Value("(,)", (zero, zero))])


# Many at once

MANY = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)
type Rose a = Rose a (List (Rose a))
type Expr = Num Int | Neg Expr | Add Expr Expr | Mul Expr Expr
type Three = End | One3 Char Three | Three Three Int Three Three
type Box = Box Int (List Box)

fun succ (n : Pos) : Pos = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end
fun pairs (n : Pos) : Int = match n with XI (XI b) => 1 + pairs b | XO (XI b) => pairs b | _ => 0 end
fun double (n : Pos) : Int = match n with One => 1 | XO b => double b + double b | XI b => double b end
fun nodes (t : Tree Int) : Int = match t with Leaf => 0 | Branch _ l r => 1 + nodes l + nodes r end
fun left (t : Tree Char) : Int = match t with Branch _ (Branch _ l _) (Branch _ _ r) => left l + left r | _ => 0 end
fun label (r : Rose Int) : Int = match r with Rose x _ => x end
fun eval (e : Expr) : Int =
  match e with Num n => n | Neg a => 0 - eval a | Add a b => eval a + eval b | Mul a b => eval a * eval b end
fun third (t : Three) : Int = match t with End => 0 | One3 _ t => third t | Three a _ _ c => third a + third c end
fun count (xs : List (List Int)) : Int = match xs with [] => 0 | _ :: xs => 1 + count xs end
fun swap (p : (Int, Tree Int)) : Int = match p with (a, b) => a end
fun unbox (b : Box) : Int = match b with Box n bs => n end
"""
FUNCTIONS = ("succ", "pairs", "double", "nodes", "left", "label", "eval", "third", "count", "swap", "unbox")


def task_of(function: str) -> Task:
    output = "prefix" if function == "succ" else "digits"
    return task_from_config(
        {"source": MANY, "function": function, "output": output, "distribution": {"kind": "uniform", "sizes": [1, 25]}}
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_machine_code_measures_what_python_does(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = task_of(function)
    rows = generate(made, 300, 0)
    assert isinstance(rows.inputs, Batch)
    lengths = (rows.source.lengths - 1, rows.target.lengths - 2)
    columns = features(made.space, rows.inputs, *lengths)
    values = list(rows.inputs)
    assert {name: column.tolist() for name, column in columns.items()} == columns_of(made, values)
    monkeypatch.setattr(features_module, "machine", lambda: None)
    expected = features(made.space, values, *lengths)
    assert list(columns) == list(expected)
    for name, column in expected.items():
        assert columns[name].tolist() == column.tolist(), name
        assert columns[name].dtype == column.dtype == np.int64


@given(data=st.data())
@settings(max_examples=30)
def test_machine_code_measures_any_values(data: st.DataObject) -> None:
    """Values of all shapes, with integers that are in no alphabet."""
    made = task_of(data.draw(st.sampled_from(FUNCTIONS)))
    whole = st.integers(-(2**62), 2**62 - 1)
    inputs = data.draw(st.lists(values(made.space, max_size=40, integers=whole | st.integers(0, 2)), min_size=1, max_size=8))
    batch = Batch.of(made.function.program, made.space.type, inputs)
    zeros = [0] * len(inputs)
    columns, expected = features(made.space, batch, zeros, zeros), features(made.space, inputs, zeros, zeros)
    assert {name: column.tolist() for name, column in columns.items()} == {
        name: column.tolist() for name, column in expected.items()
    }


def test_calls_are_counted_up_to_a_limit() -> None:
    """They double with every digit."""
    made, number = task_of("double"), Value("One")
    for _ in range(200):
        number = Value("XO", (number,))
    batch = Batch.of(made.function.program, made.space.type, [number])
    for inputs in (batch, [number]):
        assert features(made.space, inputs, [0], [0])["calls"].tolist() == [2**62]


# Features of one's own


@pytest.mark.parametrize("n", [5, 100])
def test_a_feature_of_ones_own_is_a_column(n: int, task: Callable[..., Task]) -> None:
    own = (OfValues("doubled", lambda value: 2 * size(value)), OfBatches("words", lambda batch: batch.lengths))
    made = replace(task(), own_features=own)
    rows = generate(made, n, 0)
    for inputs in (rows.inputs, list(rows.inputs)):
        columns = made.features(inputs, rows.outputs)
        assert columns["doubled"].tolist() == (2 * columns["size"]).tolist()
        assert columns["words"].tolist() == columns["size"].tolist()


def test_groups_may_go_by_a_feature_of_ones_own(task: Callable[..., Task]) -> None:
    even = OfValues("even", lambda value: int(size(value) % 2 == 0))
    plain = task()
    made = replace(plain, own_features=(even,), splits=splits_from_config({"groups": {"even": "even = 1"}}))
    for n in (5, 100):
        assert {size(value) % 2 for value in generate(made, n, 0, "even").inputs} == {0}
        assert {size(value) % 2 for value in generate(made, n, 0, "train").inputs} == {1}


def test_a_feature_that_is_none_is_refused(task: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    taken, short = OfValues("size", size), OfBatches("short", lambda batch: batch.lengths[:-1])
    with pytest.raises(RecsynError, match="a feature 'size' already"):
        columns_of(replace(task(), own_features=(taken,)), [pos("1")])
    with pytest.raises(RecsynError, match="'short' of 1 inputs"):
        columns_of(replace(task(), own_features=(short,)), [pos("1")])
    assert columns_of(replace(task(), own_features=(OfValues("one", lambda value: True),)), [pos("1")])["one"] == [1]


@pytest.mark.parametrize("given", [0.5, None, "a", 2**70, [1, 2], float("nan")])
def test_what_is_no_whole_number_is_no_feature(given: Any, task: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    for own in (OfValues("mine", lambda value: given), OfBatches("mine", lambda batch: [given] * len(batch))):
        with pytest.raises(RecsynError, match="'mine'"):
            columns_of(replace(task(), own_features=(own,)), [pos("1"), pos("11")])
    with pytest.raises(RecsynError, match="no word"):
        columns_of(replace(task(), own_features=(OfValues("not a word", size),)), [pos("1")])


def test_few_large_values_are_measured_as_many_are(task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    """In machine code, which is taken for one of 5,001 constructors too."""
    pytest.importorskip("llvmlite")
    made = task("inorder", {"kind": "uniform", "sizes": [5_001, 5_001]})
    rows = generate(made, 1, 0)
    columns = columns_of(made, list(rows.inputs))
    monkeypatch.setattr(features_module, "_row", lambda *_: pytest.fail("value by value"))
    assert columns_of(made, list(rows.inputs)) == columns
