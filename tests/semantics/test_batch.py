"""Batches hold the values that went in, refuse arrays that hold none, and are evaluated row by row as values are one by one."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.semantics.backends import BACKENDS
from recsyn.semantics.batch import Batch, InvalidBatch
from recsyn.semantics.compiled.words import INTEGERS
from recsyn.semantics.function import InvalidValue
from recsyn.values import Value, from_iterable, to_list

EVERY = pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "native" or find_spec("llvmlite")])
PROGRAM = recsyn.loads(
    """
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Note = Rest | Note Char Int
fun mirror t = match t with Leaf => Leaf | Branch x l r => Branch x (mirror r) (mirror l) end
fun append xs ys = match xs with [] => ys | x :: xs => x :: append xs ys end
fun squares (xs : List Int) : List Int = match xs with [] => [] | x :: xs => x * x :: squares xs end
fun same (xs : List Int) : List Int = match xs with [] => [] | x :: xs => (x * x * x - x * x * x + x) :: same xs end
fun raised (xs : List Note) : List Note =
  match xs with [] => [] | Rest :: xs => raised xs | Note c n :: xs => Note c (n + 1) :: raised xs end
fun partly n = fn m => n + m
partial fun down (n : Int) : Int = if n <= 0 then 0 else down (n - 1)
"""
)
TREES = PROGRAM.strategy("Tree Int", max_size=12, integers=st.integers(INTEGERS[0], INTEGERS[-1]))
NOTES = st.lists(st.just(Value("Rest")) | st.builds(lambda c, n: Value("Note", (c, n)), st.characters(), st.integers(-9, 9)))


@given(st.lists(TREES))
def test_what_went_in_comes_out(trees: list[Value]) -> None:
    batch = PROGRAM.batch("Tree Int", trees)
    assert len(batch) == len(trees)
    assert list(batch) == trees
    again = Batch.from_arrays(PROGRAM.checked, batch.type, batch.words.tolist(), batch.starts.tolist())
    assert list(again) == trees


@given(st.lists(NOTES), st.slices(6), st.integers(-8, 8))
def test_parts(notes: list[list[Value]], part: slice, place: int) -> None:
    values = [from_iterable(row) for row in notes]
    batch = PROGRAM.batch("List Note", values)
    assert list(batch[part]) == values[part]
    if place in range(-len(values), len(values)):
        assert batch[place] == values[place]
    else:
        with pytest.raises(IndexError):
            batch[place]


@EVERY
@given(trees=st.lists(TREES, max_size=5), notes=st.lists(NOTES, max_size=5))
@settings(max_examples=30)
def test_rows_are_evaluated_as_values_are(backend: str, trees: list[Value], notes: list[list[Value]]) -> None:
    mirror, raised = PROGRAM["mirror"], PROGRAM["raised"]
    assert list(mirror.batch(PROGRAM.batch("Tree Int", trees), backend=backend)) == [mirror(t) for t in trees]
    lists = [from_iterable(row) for row in notes]
    assert list(raised.batch(PROGRAM.batch("List Note", lists), backend=backend)) == [raised(x) for x in lists]


@EVERY
def test_several_parameters(backend: str) -> None:
    left, right = PROGRAM.batch("List Int", [from_iterable([1, 2]), from_iterable([])]), [from_iterable([3]), from_iterable([4])]
    joined = PROGRAM["append"].batch(left, PROGRAM.batch("List Int", right), backend=backend)
    assert str(joined.type) == "List Int"
    assert [to_list(x) for x in joined] == [[1, 2, 3], [4]]


@EVERY
def test_integers_that_need_more_bits_on_the_way(backend: str) -> None:
    rows = [[1, -2], [2**31, -(2**31)], [INTEGERS[0]], [3], [2**40]]
    batch = PROGRAM.batch("List Int", map(from_iterable, rows))
    assert [to_list(x) for x in PROGRAM["same"].batch(batch, backend=backend)] == rows
    with pytest.raises(InvalidBatch, match="value 1 of a batch: an integer takes more than 63 bits"):
        PROGRAM["squares"].batch(batch, backend=backend)


@EVERY
@pytest.mark.parametrize("limit", [10, 11])
def test_each_row_has_the_limit(backend: str, limit: int) -> None:
    down, tens = PROGRAM["down"], PROGRAM.batch("Int", [10, 11, 10])
    if limit == 11:
        assert list(down.batch(tens, backend=backend, limit=limit)) == [0, 0, 0]
    else:
        with pytest.raises(recsyn.RecsynError, match="no value after 10 calls"):
            down.batch(tens, backend=backend, limit=limit)


@given(st.data())
def test_arrays_that_hold_no_values(data: st.DataObject) -> None:
    """Whatever is changed, what is taken is read back as values of the type that have these words."""
    batch = PROGRAM.batch("List Note", [from_iterable([Value("Note", ("a", 1)), Value("Rest")]), from_iterable([])])
    words, starts = batch.words.copy(), batch.starts.copy()
    changed = data.draw(st.sampled_from([words, starts]))
    known = st.sampled_from([*batch.words.tolist(), *batch.starts.tolist()])
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(known | st.integers(-(2**63), 2**63 - 1))
    try:
        taken = Batch.from_arrays(PROGRAM.checked, batch.type, words, starts)
    except InvalidBatch:
        return
    again = PROGRAM.batch("List Note", list(taken))
    assert np.array_equal(again.words, words)
    assert np.array_equal(again.starts, starts)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PROGRAM.batch("Int", [0, "a"]), "value 1 of a batch of Int"),
        (lambda: PROGRAM.batch("Int", [INTEGERS[-1] + 1]), "value 0 of a batch: an integer takes more than 63 bits"),
        (lambda: PROGRAM.batch("Int -> Int", []), "a batch holds no functions"),
        (lambda: arrays([1.5], [0, 1]), "begins no|integers of 64 bits"),
        (lambda: arrays([], []), "arrays of one dimension"),
        (lambda: arrays([[1]], [0, 1]), "arrays of one dimension"),
        (lambda: arrays([3, 5], [0, 1]), "starts has to rise from 0 to 2"),
        (lambda: arrays([3, 5], [0, 2]), "word 1: value 0 is complete before its end"),
        (lambda: arrays([34], [0, 1]), "word 0, in value 0: 34 begins no Int"),
        (lambda: PROGRAM["squares"].batch(PROGRAM.batch("Int", [1])), "List Int"),
        (lambda: PROGRAM["append"].batch(PROGRAM.batch("List Int", [])), "append takes 2"),
        (lambda: PROGRAM["partly"].batch(PROGRAM.batch("Int", [1])), "functions"),
    ],
)
def test_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((InvalidBatch, InvalidValue), match=message):
        make()


def arrays(words: list[Any], starts: list[int]) -> Batch:
    return Batch.from_arrays(PROGRAM.checked, PROGRAM["down"].result, words, starts)


def test_lengths_that_differ() -> None:
    with pytest.raises(InvalidValue, match="2"):
        PROGRAM["append"].batch(PROGRAM.batch("List Int", []), PROGRAM.batch("List Int", [from_iterable([])] * 2))
