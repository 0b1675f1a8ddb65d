"""Strict positivity: no datatype occurs to the left of an arrow in its own definition, also through the parameter of another type.
Without it a function could call itself through a value, and evaluation would not be known to end."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import eq

from recsyn.lang.types import ARROW, Constructor, Datatype, Type, TypeConstant, TypeVariable

Negative = Mapping[str, frozenset[int]]
"""For each datatype, which of its parameters occur to the left of an arrow in it."""


def not_positive(group: Sequence[Datatype], negative: Negative) -> list[tuple[Constructor, Type, Type, str]]:
    """The constructors of a group of datatypes in which one of the group occurs to the left of an arrow: the field, the type that
    occurs there, and what has it there, an arrow or a datatype."""
    names = frozenset(datatype.name for datatype in group)

    def of_group(type: Type) -> bool:
        return isinstance(type, TypeConstant) and type.name in names

    found = []
    for constructor in (c for datatype in group for c in datatype.constructors):
        for field in constructor.fields:
            occurrence = _occurs_left(field, of_group, negative)
            if occurrence:
                found.append((constructor, field, *occurrence))
                break
    return found


def negative_parameters(group: Sequence[Datatype], known: dict[str, frozenset[int]]) -> Negative:
    """Which parameters of each datatype of a group are negative, given those of the earlier ones. The least solution: nothing is
    negative until a field shows it, and what one type shows may show another."""
    negative: Negative = dict.fromkeys((d.name for d in group), frozenset[int]())
    while True:
        found = {d.name: frozenset(_shown_negative(d, ChainMap(dict(negative), known))) for d in group}
        if found == negative:
            return negative
        negative = found


def _shown_negative(datatype: Datatype, negative: Negative) -> list[int]:
    fields = [field for constructor in datatype.constructors for field in constructor.fields]
    return [
        index
        for index, parameter in enumerate(datatype.parameters)
        if any(_occurs_left(field, partial(eq, TypeVariable(parameter)), negative) for field in fields)
    ]


def _occurs_left(type: Type, wanted: Callable[[Type], bool], negative: Negative) -> tuple[Type, str] | None:
    """A type that is wanted, to the left of an arrow in this one, and what has it there."""
    stack: list[tuple[Type, str | None]] = [(type, None)]
    while stack:
        at, turned = stack.pop()
        if turned and wanted(at):
            return at, turned
        if isinstance(at, TypeConstant):
            turning = frozenset({0}) if at.name == ARROW else negative.get(at.name, frozenset())
            stack.extend((inner, turned or (at.name if index in turning else None)) for index, inner in enumerate(at.arguments))
    return None
