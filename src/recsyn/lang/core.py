"""The core: what a checked program is made of. Every name is resolved, every constructor has all its fields, lists, strings and
tuples are constructors, and every binder in a definition is unique."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from recsyn.lang.source import Span
from recsyn.values import Datum

# Patterns


@dataclass(frozen=True, slots=True)
class Bind:
    """A variable, which matches everything."""

    name: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """``_``."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """An integer or a character."""

    value: int | str


@dataclass(frozen=True, slots=True)
class Built:
    """A constructor and patterns for all of its fields."""

    constructor: str
    fields: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """``pattern as name``."""

    pattern: Pattern
    name: str


Pattern: TypeAlias = Bind | Ignore | Exactly | Built | Alias

# Terms


@dataclass(frozen=True, slots=True)
class Local:
    """A variable bound in the same definition."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Global:
    """A function or constant of the program."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A datum: an integer or a character in a program, any closed value in the middle of a reduction."""

    value: Datum
    span: Span


@dataclass(frozen=True, slots=True)
class Construct:
    constructor: str
    fields: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Apply:
    function: Term
    arguments: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Lambda:
    parameters: tuple[str, ...]
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    bound: Term
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    condition: Term
    consequent: Term
    alternative: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Arm:
    patterns: tuple[Pattern, ...]
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Match:
    scrutinees: tuple[Term, ...]
    arms: tuple[Arm, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Primitive:
    """An operator applied to its operands: one for ``not`` and unary ``-`` (written ``negate``), else two. ``&&`` and ``||``
    evaluate their second operand only where it is needed."""

    operator: str
    operands: tuple[Term, ...]
    span: Span


Term: TypeAlias = Local | Global | Literal | Construct | Apply | Lambda | Let | If | Match | Primitive


def spelled(name: str) -> str:
    """A binder as its author wrote it: the checker appends ``#`` and a number to tell apart those that share a name."""
    return name.partition("#")[0] or "_"


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly inside a term, in order of evaluation."""
    if isinstance(term, Construct):
        return term.fields
    if isinstance(term, Apply):
        return (term.function, *term.arguments)
    if isinstance(term, Primitive):
        return term.operands
    if isinstance(term, Lambda):
        return (term.body,)
    if isinstance(term, Let):
        return (term.bound, term.body)
    if isinstance(term, If):
        return (term.condition, term.consequent, term.alternative)
    if isinstance(term, Match):
        return (*term.scrutinees, *(arm.body for arm in term.arms))
    return ()


def with_children(term: Term, parts: tuple[Term, ...]) -> Term:
    """The term with others in the place of its :func:`children`."""
    if isinstance(term, Construct):
        return Construct(term.constructor, parts, term.span)
    if isinstance(term, Apply):
        return Apply(parts[0], parts[1:], term.span)
    if isinstance(term, Primitive):
        return Primitive(term.operator, parts, term.span)
    if isinstance(term, Lambda):
        return Lambda(term.parameters, parts[0], term.span)
    if isinstance(term, Let):
        return Let(term.name, parts[0], parts[1], term.span)
    if isinstance(term, If):
        return If(parts[0], parts[1], parts[2], term.span)
    if isinstance(term, Match):
        count = len(term.scrutinees)
        arms = (Arm(arm.patterns, body, arm.span) for arm, body in zip(term.arms, parts[count:], strict=True))
        return Match(parts[:count], tuple(arms), term.span)
    return term


def terms_in(*terms: Term) -> Iterator[Term]:
    """The terms and all that is inside them, each before its parts."""
    stack = list(reversed(terms))
    while stack:
        at = stack.pop()
        yield at
        stack.extend(reversed(children(at)))


def bound_in_children(term: Term) -> tuple[frozenset[str], ...]:
    """For each of the :func:`children`, the variables that the term binds in it."""
    nothing: frozenset[str] = frozenset()
    if isinstance(term, Lambda):
        return (frozenset(term.parameters),)
    if isinstance(term, Let):
        return (nothing, frozenset((term.name,)))
    if isinstance(term, Match):
        arms = (frozenset(name for pattern in arm.patterns for name in binders(pattern)) for arm in term.arms)
        return (*(nothing for _ in term.scrutinees), *arms)
    return tuple(nothing for _ in children(term))


def free_in(term: Term) -> set[str]:
    """The variables that a term mentions and does not bind itself."""
    found: set[str] = set()
    stack: list[tuple[Term, frozenset[str]]] = [(term, frozenset())]
    while stack:
        at, bound = stack.pop()
        if isinstance(at, Local):
            if at.name not in bound:
                found.add(at.name)
            continue
        stack.extend(
            (part, bound | names if names else bound) for part, names in zip(children(at), bound_in_children(at), strict=True)
        )
    return found


def binders(pattern: Pattern) -> list[str]:
    """The variables that a pattern binds, from left to right."""
    found: list[str] = []
    stack = [pattern]
    while stack:
        at = stack.pop()
        if isinstance(at, Bind):
            found.append(at.name)
        elif isinstance(at, Alias):
            found.append(at.name)
            stack.append(at.pattern)
        elif isinstance(at, Built):
            stack.extend(reversed(at.fields))
    return found
