"""Recursion that does not use the host's stack.

A pass over syntax is written as a generator method that yields the recursive calls it needs and receives their results:
``left = yield self.expression(node.left)``. :func:`run` drives it with a list for a stack, so the depth of a program is bounded
by memory alone.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Deep: TypeAlias = Generator["Deep[Any]", Any, T]


def run(call: Deep[T]) -> T:
    """The result of a generator that yields its recursive calls."""
    stack: list[Deep[Any]] = [call]
    result: Any = None
    while True:
        try:
            callee = stack[-1].send(result)
        except StopIteration as stop:
            stack.pop()
            result = stop.value
            if not stack:
                value: T = result
                return value
        else:
            stack.append(callee)
            result = None
