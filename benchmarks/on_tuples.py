"""The functions of the workloads as one writes them in Python on tuples: a constructor's name, then its fields."""

from __future__ import annotations

from typing import Any

from recsyn.values import CONS, NIL, Datum, Value, fold

Tuple = tuple[Any, ...]


def built(value: Datum) -> Any:
    """A value as tuples."""
    return fold(value, lambda node, fields: (node.constructor, *fields)) if isinstance(value, Value) else value


def succ(n: Tuple) -> Tuple:
    if n[0] == "One":
        return ("XO", n)
    if n[0] == "XO":
        return ("XI", n[1])
    return ("XO", succ(n[1]))


def append(xs: Tuple, ys: Tuple) -> Tuple:
    if xs[0] == NIL:
        return ys
    return (CONS, xs[1], append(xs[2], ys))


def preorder(t: Tuple) -> Tuple:
    if t[0] == "Leaf":
        return (NIL,)
    return (CONS, t[1], append(preorder(t[2]), preorder(t[3])))


def reverse(xs: Tuple) -> Tuple:
    if xs[0] == NIL:
        return xs
    return append(reverse(xs[2]), (CONS, xs[1], (NIL,)))


def insert(x: int, xs: Tuple) -> Tuple:
    if xs[0] == NIL or x <= xs[1]:
        return (CONS, x, xs)
    return (CONS, xs[1], insert(x, xs[2]))


def sort(xs: Tuple) -> Tuple:
    if xs[0] == NIL:
        return xs
    return insert(xs[1], sort(xs[2]))


def at_most(m: Tuple, n: Tuple) -> bool:
    if m[0] == "Zero":
        return True
    if n[0] == "Zero":
        return False
    return at_most(m[1], n[1])


def insert_nat(x: Tuple, xs: Tuple) -> Tuple:
    if xs[0] == NIL or at_most(x, xs[1]):
        return (CONS, x, xs)
    return (CONS, xs[1], insert_nat(x, xs[2]))


def sort_nats(xs: Tuple) -> Tuple:
    if xs[0] == NIL:
        return xs
    return insert_nat(xs[1], sort_nats(xs[2]))
