"""What generators ask of terms besides their sugar: the ends of lists, operators in a row, the characters of a whole program."""

from __future__ import annotations

from collections.abc import Iterator

from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.lang.targets.components import types_in
from recsyn.lang.types import Type
from recsyn.values import CONS

_ASSOCIATIVE = frozenset({"&&", "||", "++"})


def end_of_list(at: core.Term) -> core.Term:
    """What follows the items at the front of a list."""
    while isinstance(at, core.Construct) and at.constructor == CONS:
        at = at.fields[1]
    return at


def operands_in_a_row(at: core.Primitive) -> list[core.Term]:
    """The operands of an operator; of one that may be grouped either way, all that stand in a row."""
    if at.operator not in _ASSOCIATIVE:
        return list(at.operands)
    operands: list[core.Term] = []
    rest: core.Term = at
    while isinstance(rest, core.Primitive) and rest.operator == at.operator:
        operands.append(rest.operands[0])
        rest = rest.operands[1]
    return [*operands, rest]


def types_of(program: Program) -> Iterator[Type]:
    """The types that fields and definitions have, and all that is inside them."""
    fields = [f for d in program.datatypes.values() for c in d.constructors for f in c.fields]
    return types_in([*fields, *(d.scheme.type for d in program.definitions.values())])


def characters_in(program: Program) -> Iterator[str]:
    """The characters that a program writes, in patterns too."""
    sides = [side for example in program.examples for side in (example.left, example.right)]
    for at in core.terms_in(*(d.body for d in program.definitions.values()), *sides):
        if isinstance(at, core.Literal) and isinstance(at.value, str):
            yield at.value
        elif isinstance(at, core.Match):
            stack = [pattern for arm in at.arms for pattern in arm.patterns]
            while stack:
                pattern = stack.pop()
                if isinstance(pattern, core.Alias):
                    stack.append(pattern.pattern)
                elif isinstance(pattern, core.Built):
                    stack.extend(pattern.fields)
                elif isinstance(pattern, core.Exactly) and isinstance(pattern.value, str):
                    yield pattern.value
