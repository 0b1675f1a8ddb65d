"""The operators on values. All are total: ``x / 0`` is 0 and ``x % 0`` is x."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recsyn.values import CONS, FALSE, TRUE, Datum, Value, boolean, equal, to_list


def append(left: Value, right: Value) -> Value:
    """The items of ``left``, then those of ``right``, which is shared."""
    result = right
    for item in reversed(to_list(left)):
        result = Value(CONS, (item, result))
    return result


BINARY: Mapping[str, Callable[[Any, Any], Datum]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b if b else 0,
    "%": lambda a, b: a % b if b else a,
    "++": append,
    "==": lambda a, b: boolean(equal(a, b)),
    "!=": lambda a, b: boolean(not equal(a, b)),
    "<": lambda a, b: boolean(a < b),
    "<=": lambda a, b: boolean(a <= b),
    ">": lambda a, b: boolean(a > b),
    ">=": lambda a, b: boolean(a >= b),
}
UNARY: Mapping[str, Callable[[Any], Datum]] = {
    "negate": lambda a: -a,
    "not": lambda a: FALSE if a.constructor == TRUE.constructor else TRUE,
}
