"""Shapes: inputs without their integers and characters."""

from __future__ import annotations

from recsyn.values import Datum, Value, fold


class _Letter:
    """What stands in a shape for any integer or character."""

    def __str__(self) -> str:
        return "_"


LETTER = _Letter()


def shape_of(value: Datum) -> Datum:
    """The value with the same mark in place of every integer and character; it prints as ``Branch _ Leaf Leaf``."""
    if not isinstance(value, Value):
        return LETTER
    return fold(value, lambda node, fields: Value(node.constructor, tuple(f if isinstance(f, Value) else LETTER for f in fields)))
