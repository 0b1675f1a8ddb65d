"""Types as text. Each language says what stands around the parts of a type; the loop over them is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from recsyn.lang.types import ARROW, Type, TypeConstant, TypeVariable
from recsyn.values import TUPLE

Part: TypeAlias = tuple[Type, int] | str
"""Text, or a type and how tightly what is written for it has to bind."""


def type_text(type: Type, level: int, variables: Mapping[str, str], parts: Callable[[TypeConstant, int], Sequence[Part]]) -> str:
    """A type, its variables under their names there. ``parts`` says what a type is made of where it has to bind so tightly."""
    out: list[str] = []
    stack: list[Part] = [(type, level)]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part[0], TypeVariable):
            out.append(variables[part[0].name])
        else:
            stack.extend(reversed(parts(part[0], part[1])))
    return "".join(out)


def between(types: Sequence[Type], separator: str, level: int) -> list[Part]:
    """Types with something between them."""
    parts: list[Part] = []
    for index, type in enumerate(types):
        parts += [separator, (type, level)] if index else [(type, level)]
    return parts


def in_parentheses(parts: Sequence[Part], needed: bool) -> list[Part]:
    return ["(", *parts, ")"] if needed else [*parts]


def operator_parts(
    type: TypeConstant, wanted: int, arrow: str, product: str, applied: Callable[[TypeConstant], Sequence[Part]]
) -> list[Part]:
    """The parts of a type where functions and tuples are written with operators, and all else as ``applied`` says: level 1 asks for
    the parameter of an arrow, 2 for an item of a product, 3 for an argument."""
    if type.name == ARROW:
        return in_parentheses([(type.arguments[0], 1), arrow, (type.arguments[1], 0)], wanted > 0)
    if type.name == TUPLE:
        return in_parentheses(between(type.arguments, product, 2), wanted > 1)
    parts = applied(type)
    return in_parentheses(parts, wanted > 2 and len(parts) > 1)
