"""Types with unknowns in them, and making two of them the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.lang.core import spelled
from recsyn.lang.types import ARROW, Scheme, Type, TypeConstant, TypeVariable, show_type

_TYPES_ELSEWHERE = {"int": "Int", "integer": "Int", "nat": "Nat", "bool": "Bool", "char": "Char", "string": "List Char"}
"""What other languages call types, and is a type variable here."""


class Unknown:
    """A type not known yet. ``level`` is the nesting of ``let`` at which it arose; those that ``equality`` marks may not become
    a type with functions in it."""

    __slots__ = ("equality", "level", "link")

    def __init__(self, level: int, equality: bool = False) -> None:
        self.level = level
        self.equality = equality
        self.link: OpenType | None = None


@dataclass
class Equality:
    """What ``==`` is asked of in a declaration. ``holding`` are the datatypes whose values have functions in them, which it cannot
    compare; ``variables`` gathers the rigid type variables whose values it compares."""

    holding: Collection[str] = ()
    variables: set[str] = field(default_factory=set)


OpenType: TypeAlias = TypeConstant | TypeVariable | Unknown
"""A type whose parts may be :class:`Unknown`. A :class:`TypeVariable` in one is rigid: it stands for any type, and equals only
itself."""


def resolve(type: OpenType) -> OpenType:
    while isinstance(type, Unknown) and type.link is not None:
        type = type.link
    return type


def parts(type: OpenType) -> Iterator[OpenType]:
    """The type and everything in it, resolved, from left to right."""
    stack = [type]
    while stack:
        at = resolve(stack.pop())
        yield at
        if isinstance(at, TypeConstant):
            stack.extend(reversed(at.arguments))


def unify(left: OpenType, right: OpenType, equality: Equality) -> str | None:
    """Make the two the same type. Returns why they cannot be, in words, or ``None``. Rigid variables that turn out to need
    equality are added to those that ``equality`` knows."""
    stack = [(left, right)]
    while stack:
        a, b = (resolve(t) for t in stack.pop())
        if a is b:
            continue
        if isinstance(b, Unknown) and not isinstance(a, Unknown):
            a, b = b, a
        if isinstance(a, Unknown):
            reason = _bind(a, b, equality)
            if reason:
                return reason
        elif isinstance(a, TypeConstant) and isinstance(b, TypeConstant):
            if a.name != b.name or len(a.arguments) != len(b.arguments):
                return "they differ"
            stack.extend(zip(a.arguments, b.arguments, strict=True))
        elif a != b:
            rigid = a if isinstance(a, TypeVariable) else b
            written = spelled(str(rigid))
            meant = _TYPES_ELSEWHERE.get(written)
            return (
                f"`{written}` stands for any type here{f', since it is a variable: the type is written `{meant}`' if meant else ''}"
            )
    return None


def _bind(unknown: Unknown, type: OpenType, equality: Equality) -> str | None:
    for part in parts(type):
        if part is unknown:
            return "a type would have to contain itself"
        if isinstance(part, Unknown):
            part.level = min(part.level, unknown.level)
    if unknown.equality:
        reason = require_equality(type, equality)
        if reason:
            return reason
    unknown.link = type
    return None


def require_equality(type: OpenType, equality: Equality) -> str | None:
    """Mark that values of this type are compared with ``==``. Returns why they cannot be, or ``None``."""
    for part in parts(type):
        if isinstance(part, Unknown):
            part.equality = True
        elif isinstance(part, TypeVariable):
            equality.variables.add(part.name)
        elif part.name == ARROW:
            return "functions cannot be compared"
        elif part.name in equality.holding:
            return "values that hold functions cannot be compared"
    return None


def instantiate(scheme: Scheme, level: int) -> OpenType:
    """The scheme's type with fresh unknowns for its variables."""
    if not scheme.variables:
        return scheme.type
    fresh: dict[str, OpenType] = {v: Unknown(level, v in scheme.equality) for v in scheme.variables}
    return replaced(scheme.type, fresh)


def replaced(type: OpenType, by: dict[str, OpenType]) -> OpenType:
    """The type, resolved throughout, with its variables replaced."""
    results: list[OpenType] = []
    stack: list[tuple[OpenType, bool]] = [(type, False)]
    while stack:
        raw, ready = stack.pop()
        at = resolve(raw)
        if isinstance(at, TypeVariable):
            results.append(by.get(at.name, at))
        elif isinstance(at, Unknown) or not at.arguments:
            results.append(at)
        elif not ready:
            stack.append((at, True))
            stack.extend((a, False) for a in reversed(at.arguments))
        else:
            count = len(at.arguments)
            arguments = tuple(results[-count:])
            del results[-count:]
            results.append(TypeConstant(at.name, arguments))  # type: ignore[arg-type]
    return results[0]


def generalise(type: OpenType, level: int, equality_variables: set[str]) -> Scheme:
    """Quantify the unknowns that arose deeper than ``level``, and the rigid variables, under names ``a``, ``b``, …"""
    rigid = list(dict.fromkeys(p.name for p in parts(type) if isinstance(p, TypeVariable)))
    taken = {spelled(name) for name in rigid}
    names = (n for n in _letters() if n not in taken)
    equality: set[str] = set()
    unknown = list(dict.fromkeys(p for p in parts(type) if isinstance(p, Unknown) and p.level > level))
    for part in unknown:
        variable = TypeVariable(next(names))
        rigid.append(variable.name)
        if part.equality:
            equality.add(variable.name)
        part.link = variable
    renamed: dict[str, OpenType] = {}
    given: set[str] = set()
    for name in rigid:
        short = spelled(name)
        while short in given:
            short = next(names)
        given.add(short)
        renamed[name] = TypeVariable(short)
    equality |= {renamed[n].name for n in rigid if n in equality_variables}  # type: ignore[union-attr]
    body = closed(replaced(type, renamed))
    for part in unknown:
        # Another function of the group may have it in its type too, and quantifies it under a name of its own.
        part.link = None
    return Scheme(tuple(v.name for v in renamed.values()), body, frozenset(equality))  # type: ignore[union-attr]


def closed(type: OpenType) -> Type:
    """The type with what is still unknown written as variables."""
    names = _letters()
    for part in list(parts(type)):
        part = resolve(part)
        if isinstance(part, Unknown):
            part.link = TypeVariable(next(names))
    return replaced(type, {})  # type: ignore[return-value]


def show_open(type: OpenType, spelling: Callable[[str], str]) -> str:
    """The type for a message in a file that spells datatypes so; what is unknown shows as ``_``, rigid variables as they were
    written."""
    stand_ins: dict[str, OpenType] = {}
    for part in parts(type):
        if isinstance(part, TypeVariable):
            stand_ins[part.name] = TypeVariable(spelled(part.name))
    shown = replaced(type, stand_ins)
    unknown = {id(p): p for p in parts(shown) if isinstance(p, Unknown)}
    for part in unknown.values():
        part.link = TypeVariable("_")
    try:
        return show_type(replaced(shown, {}), spelling)  # type: ignore[arg-type]
    finally:
        for part in unknown.values():
            part.link = None


def _letters() -> Iterator[str]:
    suffix = ""
    while True:
        for letter in "abcdefghijklmnopqrstuvwxyz":
            yield letter + suffix
        suffix = str(int(suffix or 0) + 1)
