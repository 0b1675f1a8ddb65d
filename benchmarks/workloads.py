"""What is evaluated to see how fast: five functions, and inputs for them drawn from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import recsyn
from recsyn.benchmarks import on_dataclasses, on_tuples
from recsyn.data.space import Alphabet, space_of
from recsyn.semantics.function import Function
from recsyn.values import Datum, Value, from_iterable, size

_POSITIVE = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"

fun succ (n : Pos) : Pos =
  match n with
  | One  => XO One
  | XO b => XI b
  | XI b => XO (succ b)
  end
"""
_APPEND = """
fun append (xs : List Int) (ys : List Int) : List Int =
  match xs with
  | []      => ys
  | x :: xs => x :: append xs ys
  end
"""
_PREORDER = """
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)

fun preorder (t : Tree Int) : List Int =
  match t with
  | Leaf         => []
  | Branch v l r => v :: append (preorder l) (preorder r)
  end
"""
_REVERSE = """
fun rev (xs : List Int) : List Int =
  match xs with
  | []      => []
  | x :: xs => append (rev xs) [x]
  end
"""
_SORT = """
fun insert (x : Int) (xs : List Int) : List Int =
  match xs with
  | []      => [x]
  | y :: ys => if x <= y then x :: xs else y :: insert x ys
  end

fun isort (xs : List Int) : List Int =
  match xs with
  | []      => []
  | x :: xs => insert x (isort xs)
  end
"""
_SORT_NATS = """
type Nat = Zero | Succ Nat

fun atMost (m : Nat) (n : Nat) : Bool =
  match m, n with
  | Zero, _        => True
  | Succ _, Zero   => False
  | Succ m, Succ n => atMost m n
  end

fun insertP (x : Nat) (xs : List Nat) : List Nat =
  match xs with
  | []      => [x]
  | y :: ys => if atMost x y then x :: xs else y :: insertP x ys
  end

fun isortP (xs : List Nat) : List Nat =
  match xs with
  | []      => []
  | x :: xs => insertP x (isortP xs)
  end
"""
_ALL = """
fun all (n : Pos) (t : Tree Int) (xs : List Int) (ns : List Nat) : (Pos, List Int, List Int, List Int, List Nat) =
  (succ n, preorder t, rev xs, isort xs, isortP ns)
"""
ALL_FUNCTIONS = _POSITIVE + _APPEND + _PREORDER + _REVERSE + _SORT + _SORT_NATS + _ALL
"""The nine functions of all the workloads in one program, and a tenth, ``all``, that calls them."""


@dataclass(frozen=True)
class Workload:
    """A function of a program, inputs for it, and the same function in Python by hand, on tuples and on dataclasses.

    ``draw`` gives a maker of inputs, each from the chance it is handed; ``examples`` is how many are drawn to be evaluated in turn.
    """

    name: str
    what: str
    source: str
    function: str
    examples: int
    draw: Callable[[Function], Callable[[Random], Datum]]
    on_tuples: Callable[[Any], Any]
    on_dataclasses: Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A workload with inputs, and the outputs that the reference machine finds."""

    workload: Workload
    function: Function
    inputs: tuple[Datum, ...]
    outputs: tuple[Datum, ...]

    def middle(self) -> Case:
        """The same with one input alone, that of median size."""
        at = sorted(range(len(self.inputs)), key=lambda i: size(self.inputs[i]))[len(self.inputs) // 2]
        return replace(self, inputs=(self.inputs[at],), outputs=(self.outputs[at],))


def case_of(workload: Workload, inputs: Iterable[Datum]) -> Case:
    function = _function(workload)
    given = tuple(inputs)
    return Case(workload, function, given, tuple(function.compile("reference").of_each(given)))


def drawn(workload: Workload, examples: int) -> Case:
    """A workload with so many inputs, always the same."""
    chance, draw = Random(f"benchmark {workload.name}"), workload.draw(_function(workload))
    return case_of(workload, (draw(chance) for _ in range(examples)))


def _function(workload: Workload) -> Function:
    return recsyn.loads(workload.source, f"{workload.name}.rec")[workload.function]


def _numbers(_: Function) -> Callable[[Random], Datum]:
    def draw(chance: Random) -> Datum:
        number = Value("One")
        for _ in range(chance.randrange(19, 64)):
            number = Value(chance.choice(("XO", "XI")), (number,))
        return number

    return draw


def _trees(function: Function) -> Callable[[Random], Datum]:
    space = space_of(function.parameters[0], function.program.datatypes, Alphabet())

    def draw(chance: Random) -> Datum:
        nodes = 2 * chance.randrange(31, 128) + 1
        return space.grammar.value(space.type, nodes, chance.randrange(space.grammar.count(space.type, nodes)))

    return draw


def _integers(_: Function) -> Callable[[Random], Datum]:
    return lambda chance: from_iterable(chance.randrange(1_000) for _ in range(64))


def _nats(_: Function) -> Callable[[Random], Datum]:
    def nat(number: int) -> Datum:
        value = Value("Zero")
        for _ in range(number):
            value = Value("Succ", (value,))
        return value

    return lambda chance: from_iterable(nat(chance.randrange(32)) for _ in range(64))


WORKLOADS = (
    Workload(
        "W1",
        "successor of binary numbers of 20 to 64 digits",
        _POSITIVE,
        "succ",
        500,
        _numbers,
        on_tuples.succ,
        on_dataclasses.succ,
    ),
    Workload(
        "W2",
        "preorder with append, of trees of 31 to 127 branches, uniform by size",
        _APPEND + _PREORDER,
        "preorder",
        100,
        _trees,
        on_tuples.preorder,
        on_dataclasses.preorder,
    ),
    Workload(
        "rev",
        "naive reverse of 64 integers",
        _APPEND + _REVERSE,
        "rev",
        50,
        _integers,
        on_tuples.reverse,
        on_dataclasses.reverse,
    ),
    Workload("isort", "insertion sort of 64 integers", _SORT, "isort", 50, _integers, on_tuples.sort, on_dataclasses.sort),
    Workload(
        "isortP",
        "insertion sort of 64 Peano numbers below 32",
        _SORT_NATS,
        "isortP",
        20,
        _nats,
        on_tuples.sort_nats,
        on_dataclasses.sort_nats,
    ),
)
