"""What of a program has to be defined together because it mentions each other: the strongly connected components of its definitions
and of its datatypes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from recsyn.lang import core
from recsyn.lang.components import components
from recsyn.lang.program import Definition, Program
from recsyn.lang.types import BUILTIN_DATATYPES, Datatype, Type, TypeConstant, TypeVariable, type_names


def definition_components(program: Program) -> list[tuple[tuple[Definition, ...], bool]]:
    """The definitions that call each other, each group after all that it calls, and whether it calls itself."""
    called = {
        name: dict.fromkeys(at.name for at in core.terms_in(definition.body) if isinstance(at, core.Global))
        for name, definition in program.definitions.items()
    }
    return [
        (tuple(program.definitions[n] for n in names), len(names) > 1 or names[0] in called[names[0]])
        for names in components({name: tuple(others) for name, others in called.items()})
    ]


def datatype_components(program: Program) -> list[tuple[Datatype, ...]]:
    """The datatypes that a program defines: those that mention each other together, after all that they mention."""
    mentioned = {
        name: tuple(dict.fromkeys(type_names(field for c in datatype.constructors for field in c.fields)))
        for name, datatype in program.datatypes.items()
        if name not in BUILTIN_DATATYPES
    }
    return [tuple(program.datatypes[n] for n in names) for names in components(mentioned)]


def is_uniform(datatypes: Sequence[Datatype]) -> bool:
    """Whether datatypes defined together have as many parameters each, and mention each other only at these, in their order."""
    names = {datatype.name for datatype in datatypes}
    for datatype in datatypes:
        if len(datatype.parameters) != len(datatypes[0].parameters):
            return False
        own = tuple(TypeVariable(p) for p in datatype.parameters)
        for at in types_in(field for c in datatype.constructors for field in c.fields):
            if isinstance(at, TypeConstant) and at.name in names and at.arguments != own:
                return False
    return True


def types_in(types: Iterable[Type]) -> Iterator[Type]:
    """The types and all that is inside them."""
    stack = list(types)
    while stack:
        at = stack.pop()
        yield at
        if isinstance(at, TypeConstant):
            stack.extend(at.arguments)
