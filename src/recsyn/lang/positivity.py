"""Strict positivity: no datatype occurs to the left of an arrow in its own definition, also through the parameter of another type.
Without it a function could call itself through a value, and evaluation would not be known to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import eq

from recsyn.lang.types import ARROW, Constructor, Datatype, Type, TypeConstant, TypeVariable

Negative = Mapping[str, frozenset[int]]
"""For each datatype, which of its parameters occur to the left of an arrow in it."""


def not_positive(group: frozenset[str], datatypes: Mapping[str, Datatype]) -> list[Constructor]:
    """The constructors of a group of datatypes in which one of the group occurs to the left of an arrow."""
    negative = _negative_parameters(datatypes)

    def of_group(type: Type) -> bool:
        return isinstance(type, TypeConstant) and type.name in group

    return [
        constructor
        for name in sorted(group)
        for constructor in datatypes[name].constructors
        if any(_occurs_left(field, of_group, negative) for field in constructor.fields)
    ]


def _negative_parameters(datatypes: Mapping[str, Datatype]) -> Negative:
    """The least solution: nothing is negative until a field shows it, and what one type shows may show another."""
    negative: Negative = dict.fromkeys(datatypes, frozenset[int]())
    while True:
        found = {name: frozenset(_shown_negative(datatype, negative)) for name, datatype in datatypes.items()}
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


def _occurs_left(type: Type, wanted: Callable[[Type], bool], negative: Negative) -> bool:
    stack = [(type, False)]
    while stack:
        at, left = stack.pop()
        if left and wanted(at):
            return True
        if isinstance(at, TypeConstant):
            turning = frozenset({0}) if at.name == ARROW else negative.get(at.name, frozenset())
            stack.extend((argument, left or index in turning) for index, argument in enumerate(at.arguments))
    return False
