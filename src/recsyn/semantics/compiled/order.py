"""The order in which the parts of a value can be made: each after what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from recsyn.semantics.reference import FunctionValue
from recsyn.values import Datum, Value

T = TypeVar("T")


def parts_first(root: Datum) -> list[Datum]:
    """Every value and function value in a datum, each once and after what is in it."""
    if not isinstance(root, Value | FunctionValue):
        return []
    # Backwards, the order in which things are met has what is in a thing before it, unless something is met twice.
    order: list[Datum] = [root]
    seen, twice = {id(root)}, False
    for at in order:
        for part in at.fields if at.__class__ is Value else at.held:
            if part.__class__ is Value or part.__class__ is FunctionValue:
                if id(part) not in seen:
                    seen.add(id(part))
                    order.append(part)
                elif part.__class__ is not Value or part.fields:
                    twice = True
                else:
                    # A constructor without fields may stand anywhere before what it is in.
                    order.append(part)
    if twice:
        return inside_out(root, _parts, id)
    order.reverse()
    return order


def inside_out(root: T, parts: Callable[[T], Iterable[T]], identity: Callable[[T], int] = hash) -> list[T]:
    """Everything under a root, each thing once and after what is in it."""
    done: set[int] = set()
    settled: list[T] = []
    stack = [(root, False)]
    while stack:
        at, ready = stack.pop()
        if ready:
            settled.append(at)
        elif identity(at) not in done:
            done.add(identity(at))
            stack.append((at, True))
            stack.extend((part, False) for part in parts(at) if identity(part) not in done)
    return settled


def _parts(datum: Datum) -> Iterable[Datum]:
    """The values and function values directly in one."""
    fields = datum.fields if datum.__class__ is Value else datum.held
    return [part for part in fields if part.__class__ is Value or part.__class__ is FunctionValue]
