"""Types, datatypes and their constructors, as a checked program knows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from recsyn.lang.core import spelled
from recsyn.values import CONS, NIL, TUPLE

ARROW = "->"


@dataclass(frozen=True, slots=True)
class TypeConstant:
    """A datatype, ``Int``, ``Char``, a tuple ``(,)`` or an arrow ``->``, with its arguments."""

    name: str
    arguments: tuple[Type, ...] = ()

    def __str__(self) -> str:
        return show_type(self)


@dataclass(frozen=True, slots=True)
class TypeVariable:
    name: str

    def __str__(self) -> str:
        return self.name


Type: TypeAlias = TypeConstant | TypeVariable

INT = TypeConstant("Int")
CHAR = TypeConstant("Char")
BOOL = TypeConstant("Bool")


def list_of(item: Type) -> TypeConstant:
    return TypeConstant("List", (item,))


def arrow(parameter: Type, result: Type) -> TypeConstant:
    return TypeConstant(ARROW, (parameter, result))


@dataclass(frozen=True)
class Constructor:
    """One constructor of a datatype. ``token`` writes it in sequences; ``fields`` are types over the datatype's parameters."""

    name: str
    token: str
    fields: tuple[Type, ...]
    datatype: str


@dataclass(frozen=True)
class Datatype:
    name: str
    parameters: tuple[str, ...]
    constructors: tuple[Constructor, ...]
    documentation: str | None = None


@dataclass(frozen=True)
class Scheme:
    """A polymorphic type: ``variables`` are quantified, those in ``equality`` range over types without functions in them."""

    variables: tuple[str, ...]
    type: Type
    equality: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return show_type(self.type)


def _builtin(name: str, parameters: tuple[str, ...], *constructors: tuple[str, tuple[Type, ...]]) -> Datatype:
    return Datatype(name, parameters, tuple(Constructor(c, c, fields, name) for c, fields in constructors))


_A = TypeVariable("a")
BUILTIN_DATATYPES: Mapping[str, Datatype] = {
    "Bool": _builtin("Bool", (), ("False", ()), ("True", ())),
    "List": _builtin("List", ("a",), (NIL, ()), (CONS, (_A, list_of(_A)))),
}
PRIMITIVE_TYPES = frozenset({"Int", "Char"})


def constructors_of(type: Type, datatypes: Mapping[str, Datatype]) -> tuple[Constructor, ...]:
    """The constructors of a datatype with its parameters filled in; of a tuple, its one; of ``Int``, ``Char``, a function
    type or a variable, none."""
    if not isinstance(type, TypeConstant):
        return ()
    if type.name == TUPLE:
        return (Constructor(TUPLE, TUPLE, type.arguments, TUPLE),)
    datatype = datatypes.get(type.name)
    if datatype is None:
        return ()
    if not datatype.parameters:
        return datatype.constructors
    filled = dict(zip(datatype.parameters, type.arguments, strict=True))
    return tuple(
        Constructor(c.name, c.token, tuple(substitute(f, filled) for f in c.fields), c.datatype) for c in datatype.constructors
    )


def substitute(type: Type, filled: Mapping[str, Type]) -> Type:
    """The type with its variables replaced."""
    results: list[Type] = []
    stack: list[tuple[Type, bool]] = [(type, False)]
    while stack:
        at, ready = stack.pop()
        if isinstance(at, TypeVariable):
            results.append(filled.get(at.name, at))
        elif not at.arguments:
            results.append(at)
        elif not ready:
            stack.append((at, True))
            stack.extend((a, False) for a in reversed(at.arguments))
        else:
            first = len(results) - len(at.arguments)
            results[first:] = [TypeConstant(at.name, tuple(results[first:]))]
    return results[0]


def instance(general: Iterable[Type], special: Iterable[Type]) -> dict[str, Type] | None:
    """What the variables of some types stand for where others are instances of them; ``None`` where they are not."""
    found: dict[str, Type] = {}
    stack = list(zip(general, special, strict=True))
    while stack:
        pattern, type = stack.pop()
        if isinstance(pattern, TypeVariable):
            if found.setdefault(pattern.name, type) != type:
                return None
        elif not isinstance(type, TypeConstant) or pattern.name != type.name:
            return None
        else:
            stack.extend(zip(pattern.arguments, type.arguments, strict=True))
    return found


def variables_of(type: Type) -> Iterator[str]:
    """The names of the variables in a type, in order of appearance, each as often as it appears."""
    stack: list[Type] = [type]
    while stack:
        at = stack.pop()
        if isinstance(at, TypeVariable):
            yield at.name
        else:
            stack.extend(reversed(at.arguments))


def type_names(types: Iterable[Type]) -> Iterator[str]:
    """The names of the datatypes, tuples and arrows in types, each as often as it appears."""
    stack = list(types)
    while stack:
        at = stack.pop()
        if isinstance(at, TypeConstant):
            if at.name not in PRIMITIVE_TYPES:
                yield at.name
            stack.extend(at.arguments)


def holding_functions(datatypes: Iterable[Datatype], others: Collection[str] = ()) -> frozenset[str]:
    """Those of some datatypes, and those named as such already, whose values have functions in them, whatever their parameters
    stand for."""
    mentioned = {d.name: set(type_names(f for c in d.constructors for f in c.fields)) for d in datatypes}
    holding = {ARROW, *others}
    while found := [name for name, inside in mentioned.items() if name not in holding and not holding.isdisjoint(inside)]:
        holding.update(found)
    return frozenset(holding - {ARROW})


def show_datatype(datatype: Datatype) -> str:
    """A datatype as it is declared in a source file."""
    cases = []
    for c in datatype.constructors:
        fields = [show_type(TypeConstant("", (field,)))[1:] for field in c.fields]
        token = [f'as "{c.token}"'] if c.token != spelled(c.name) else []
        cases.append(" ".join([spelled(c.name), *fields, *token]))
    return f"type {' '.join([spelled(datatype.name), *datatype.parameters])} = {' | '.join(cases)}"


def show_type(type: Type, spelling: Callable[[str], str] = str) -> str:
    """The type as it is written in a source file, which spells datatypes so."""
    out: list[str] = []
    stack: list[tuple[Type, int] | str] = [(type, 0)]
    while stack:
        task = stack.pop()
        if isinstance(task, str):
            out.append(task)
            continue
        at, level = task
        if isinstance(at, TypeVariable) or not at.arguments:
            out.append(at.name if isinstance(at, TypeVariable) else spelling(at.name))
        elif at.name == TUPLE:
            stack.append(")")
            for position, item in reversed(list(enumerate(at.arguments))):
                stack.append((item, 0))
                stack.append(", " if position else "(")
        elif at.name == ARROW:
            parameter, result = at.arguments
            opening, closing = ("(", ")") if level > 0 else ("", "")
            stack.extend([closing, (result, 0), " -> ", (parameter, 1), opening])
        else:
            opening, closing = ("(", ")") if level > 1 else ("", "")
            stack.append(closing)
            for item in reversed(at.arguments):
                stack.append((item, 2))
                stack.append(" ")
            stack.append(opening + spelling(at.name))
    return "".join(out)
