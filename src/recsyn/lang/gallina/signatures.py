"""What binders and types say: the parameters of what is defined, and its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from recsyn.lang.diagnostics import Fault
from recsyn.lang.gallina import tree as t
from recsyn.lang.source import Span

DEPENDENT = "types may have types as parameters, and nothing else"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name of a binder, or a pattern."""

    name: str
    type: t.Term | None
    implicit: bool
    pattern: t.Pattern | None
    span: Span


def implicit_value(parameter: Parameter) -> Fault:
    message = f"`{parameter.name}` is a value that is left out of calls"
    return Fault("syntax", message, parameter.span, "write it in parentheses, and in every call")


def head_of(span: Span, length: int) -> Span:
    return Span(span.start, min(span.end, span.start + length))


def parameters_of(binders: Iterable[t.Binder]) -> Iterator[Parameter]:
    for binder in binders:
        if binder.pattern is not None:
            yield Parameter("", None, False, binder.pattern, binder.span)
        for name, span in binder.names:
            yield Parameter(name, binder.type, binder.implicit, None, span)


def binder_of(parameter: Parameter) -> t.Binder:
    names = ((parameter.name, parameter.span),) if parameter.pattern is None else ()
    return t.Binder(names, parameter.type, parameter.implicit, parameter.pattern, parameter.span)


def result_of(constructor: t.ConstructorDeclaration) -> tuple[t.Term | None, list[Parameter]]:
    """What a constructor makes, where it says so, and what it takes."""
    quantified = list(parameters_of(constructor.binders))
    type = constructor.type
    while True:
        if isinstance(type, t.Product):
            quantified += parameters_of(type.binders)
            type = type.body
        elif isinstance(type, t.Operation) and type.operator == "->" and type.left is not None:
            quantified.append(Parameter("", type.left, False, None, type.left.span))
            type = type.right
        else:
            return type, quantified


def applied(term: t.Term) -> tuple[t.Term, list[Any]]:
    """What is applied, and to what, also where it has been applied in steps."""
    steps: list[Sequence[Any]] = []
    while isinstance(term, t.Application):
        steps.append(term.arguments)
        term = term.function
    return term, [argument for step in reversed(steps) for argument in step]


def is_type_of_types(type: t.Term | None) -> bool:
    return isinstance(type, t.Sort) and type.name in ("Type", "Set")


def identifiers_in(term: t.Term) -> Iterator[t.Identifier]:
    stack: list[Any] = [term]
    while stack:
        node = stack.pop()
        if isinstance(node, t.Identifier):
            yield node
        stack.extend(t.children_of(node))


def has_hole(type: t.Term) -> bool:
    return any(n.name == "_" for n in identifiers_in(type))
