"""The functions of the workloads as one writes them in Python on frozen dataclasses with ``match``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from recsyn.values import CONS, NIL, Datum, Value, fold


@dataclass(frozen=True, slots=True)
class One:
    pass


@dataclass(frozen=True, slots=True)
class XO:
    higher: Pos


@dataclass(frozen=True, slots=True)
class XI:
    higher: Pos


Pos: TypeAlias = One | XO | XI


@dataclass(frozen=True, slots=True)
class Nil:
    pass


@dataclass(frozen=True, slots=True)
class Cons:
    head: Any
    tail: List


List: TypeAlias = Nil | Cons


@dataclass(frozen=True, slots=True)
class Leaf:
    pass


@dataclass(frozen=True, slots=True)
class Branch:
    label: int
    left: Tree
    right: Tree


Tree: TypeAlias = Leaf | Branch


@dataclass(frozen=True, slots=True)
class Zero:
    pass


@dataclass(frozen=True, slots=True)
class Succ:
    predecessor: Nat


Nat: TypeAlias = Zero | Succ

CLASSES: Mapping[str, type] = {
    NIL: Nil,
    CONS: Cons,
    **{constructor.__name__: constructor for constructor in (One, XO, XI, Leaf, Branch, Zero, Succ)},
}


def built(value: Datum) -> Any:
    """A value as instances of these classes."""
    return fold(value, lambda node, fields: CLASSES[node.constructor](*fields)) if isinstance(value, Value) else value


def succ(n: Pos) -> Pos:
    match n:
        case One():
            return XO(One())
        case XO(b):
            return XI(b)
        case XI(b):
            return XO(succ(b))


def append(xs: List, ys: List) -> List:
    match xs:
        case Nil():
            return ys
        case Cons(x, rest):
            return Cons(x, append(rest, ys))


def preorder(t: Tree) -> List:
    match t:
        case Leaf():
            return Nil()
        case Branch(x, left, right):
            return Cons(x, append(preorder(left), preorder(right)))


def reverse(xs: List) -> List:
    match xs:
        case Nil():
            return Nil()
        case Cons(x, rest):
            return append(reverse(rest), Cons(x, Nil()))


def insert(x: int, xs: List) -> List:
    match xs:
        case Cons(y, rest) if x > y:
            return Cons(y, insert(x, rest))
        case _:
            return Cons(x, xs)


def sort(xs: List) -> List:
    match xs:
        case Nil():
            return Nil()
        case Cons(x, rest):
            return insert(x, sort(rest))


def at_most(m: Nat, n: Nat) -> bool:
    match m, n:
        case Zero(), _:
            return True
        case Succ(), Zero():
            return False
        case Succ(p), Succ(q):
            return at_most(p, q)
    raise AssertionError("these are all cases")


def insert_nat(x: Nat, xs: List) -> List:
    match xs:
        case Cons(y, rest) if not at_most(x, y):
            return Cons(y, insert_nat(x, rest))
        case _:
            return Cons(x, xs)


def sort_nats(xs: List) -> List:
    match xs:
        case Nil():
            return Nil()
        case Cons(x, rest):
            return insert_nat(x, sort_nats(rest))
