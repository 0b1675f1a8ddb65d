"""The syntax tree of Gallina, built as the parser reduces: one method for each rule of the grammar, with the children it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from lark import Token, Transformer

from recsyn.lang.chains import grouped, span_of
from recsyn.lang.diagnostics import Fault
from recsyn.lang.source import Span

Children: TypeAlias = Sequence[Any]

# Terms, which are types too


@dataclass(frozen=True, slots=True)
class Identifier:
    """``explicit`` is the ``@`` before it."""

    name: str
    explicit: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Sort:
    """``Type``, ``Set`` or ``Prop``."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    digits: str
    span: Span


@dataclass(frozen=True, slots=True)
class NamedArgument:
    """``(A := nat)``"""

    name: str
    value: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Application:
    function: Term
    arguments: tuple[Term | NamedArgument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Binder:
    """Names of one type. ``implicit`` are those in braces or brackets; a binder may also be a pattern."""

    names: tuple[tuple[str, Span], ...]
    type: Term | None
    implicit: bool
    pattern: Pattern | None
    span: Span


@dataclass(frozen=True, slots=True)
class Abstraction:
    binders: tuple[Binder, ...]
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Product:
    """``forall``"""

    binders: tuple[Binder, ...]
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    pattern: Pattern
    type: Term | None
    bound: Term
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Term
    consequent: Term
    alternative: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Arm:
    """``| p, q | p', q' => e``"""

    rows: tuple[tuple[Pattern, ...], ...]
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Match:
    scrutinees: tuple[Term, ...]
    arms: tuple[Arm, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Operation:
    """A binary operator between two operands; unary minus has no left one."""

    operator: str
    left: Term | None
    right: Term
    span: Span
    operator_span: Span


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Cast:
    term: Term
    type: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Scoped:
    """``e%Z``"""

    term: Term
    scope: str
    span: Span


Term: TypeAlias = (
    Identifier
    | Sort
    | Number
    | Application
    | Abstraction
    | Product
    | Let
    | Conditional
    | Match
    | Operation
    | Tuple
    | ListOf
    | Cast
    | Scoped
)

# Patterns


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A variable, ``_``, or a constructor with its fields."""

    name: str
    fields: tuple[Pattern, ...]
    explicit: bool
    span: Span


@dataclass(frozen=True, slots=True)
class NumberPattern:
    digits: str
    scope: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class TuplePattern:
    items: tuple[Pattern, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListPattern:
    items: tuple[Pattern, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ConsPattern:
    head: Pattern
    tail: Pattern
    span: Span


@dataclass(frozen=True, slots=True)
class AliasPattern:
    pattern: Pattern
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class OrPattern:
    patterns: tuple[Pattern, ...]
    span: Span


Pattern: TypeAlias = NamePattern | NumberPattern | TuplePattern | ListPattern | ConsPattern | AliasPattern | OrPattern

# Sentences


@dataclass(frozen=True, slots=True)
class ConstructorDeclaration:
    name: str
    binders: tuple[Binder, ...]
    type: Term | None
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Datatype:
    name: str
    binders: tuple[Binder, ...]
    arity: Term | None
    constructors: tuple[ConstructorDeclaration, ...]
    name_span: Span


@dataclass(frozen=True, slots=True)
class Inductive:
    datatypes: tuple[Datatype, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """Also a member of a fixpoint, and an example, where ``type`` is what it states."""

    name: str
    binders: tuple[Binder, ...]
    type: Term | None
    body: Term | None
    name_span: Span


@dataclass(frozen=True, slots=True)
class Fixpoint:
    functions: tuple[Definition, ...]


# How tightly each operator binds, Coq's levels turned round; the arrow groups to the right too.
_LEVELS = {
    "->": 1,
    "<->": 2,
    "\\/": 3,
    "/\\": 4,
    **dict.fromkeys(("=", "<>", "=?", "<", "<=", ">", ">=", "<?", "<=?"), 5),
    "::": 6,
    "++": 6,
    "+": 7,
    "-": 7,
    "||": 7,
    "*": 8,
    "/": 8,
    "&&": 8,
    "^": 9,
}
_COMPARISON = 5
_RIGHT_GROUPING = frozenset({1, 3, 4, 6, 9})


def _nodes(children: Children) -> tuple[Any, ...]:
    return tuple(c for c in children if not isinstance(c, Token))


def _binders(children: Children) -> tuple[Binder, ...]:
    return tuple(c for c in children if isinstance(c, Binder))


def _after(children: Children, type: str) -> Any:
    """What follows the first token of a type, if it is there."""
    for token, following in pairwise(children):
        if isinstance(token, Token) and token.type == type:
            return following
    return None


class TreeBuilder(Transformer[Token, Any]):
    """Called by the parser at each reduction, never on a finished tree."""

    # Terms

    def name(self, c: Children) -> Identifier:
        return Identifier(str(c[0]), False, span_of(c))

    def explicit_name(self, c: Children) -> Identifier:
        return Identifier(str(c[1]), True, span_of(c))

    def number(self, c: Children) -> Number:
        return Number(str(c[0]), span_of(c))

    def sort(self, c: Children) -> Sort:
        return Sort(str(c[0]), span_of(c))

    def parenthesised(self, c: Children) -> Any:
        return replace(c[1], span=span_of(c))

    def tuple(self, c: Children) -> Tuple:
        return Tuple(_nodes(c), span_of(c))

    def cast(self, c: Children) -> Cast:
        return Cast(c[1], c[3], span_of(c))

    def list(self, c: Children) -> ListOf:
        return ListOf(_nodes(c), span_of(c))

    def scoped(self, c: Children) -> Scoped:
        return Scoped(c[0], str(c[2]), span_of(c))

    def named_argument(self, c: Children) -> NamedArgument:
        return NamedArgument(str(c[1]), c[3], span_of(c))

    def application(self, c: Children) -> Application:
        return Application(c[0], tuple(c[1:]), span_of(c))

    def explicit_application(self, c: Children) -> Application:
        return Application(Identifier(str(c[1]), True, span_of(c[:2])), tuple(c[2:]), span_of(c))

    def negative(self, c: Children) -> Operation:
        return Operation("-", None, c[1], span_of(c), span_of(c[:1]))

    def chain(self, c: Children) -> Any:
        return c[0] if len(c) == 1 else grouped(c, _binds_first, _operation)

    def fun(self, c: Children) -> Abstraction:
        return Abstraction(_open_binders(c), c[-1], span_of(c))

    def forall(self, c: Children) -> Product:
        return Product(_open_binders(c), c[-1], span_of(c))

    def let(self, c: Children) -> Let:
        binders, type, bound = _binders(c), _after(c, "COLON"), _after(c, "ASSIGN")
        if binders:
            bound = Abstraction(binders, bound if type is None else Cast(bound, type, bound.span), bound.span)
        pattern = NamePattern(str(c[1]), (), False, span_of(c[1:2]))
        return Let(pattern, None if binders else type, bound, c[-1], span_of(c))

    def let_pattern(self, c: Children) -> Let:
        return Let(c[2], None, c[4], c[-1], span_of(c))

    def let_tuple(self, c: Children) -> Let:
        names = [t for t in c if isinstance(t, Token) and t.type == "NAME"]
        pattern = TuplePattern(tuple(NamePattern(str(t), (), False, span_of([t])) for t in names), span_of(names))
        return Let(pattern, None, c[-3], c[-1], span_of(c))

    def if_(self, c: Children) -> Conditional:
        return Conditional(c[1], c[3], c[5], span_of(c))

    def row(self, c: Children) -> Any:
        return c

    def arm(self, c: Children) -> Arm:
        rows = [x for x in c[:-1] if not isinstance(x, Token)]
        return Arm(tuple(_nodes(row) for row in rows), c[-1], span_of([rows[0][0], c[-1]]))

    def match(self, c: Children) -> Match:
        nodes = _nodes(c)
        arms = tuple(n for n in nodes if isinstance(n, Arm))
        return Match(nodes[: len(nodes) - len(arms)], arms, span_of(c))

    # Binders

    def bare_binder(self, c: Children) -> Binder:
        return Binder(((str(c[0]), span_of(c)),), None, False, None, span_of(c))

    def binder(self, c: Children) -> Binder:
        names = tuple((str(t), span_of([t])) for t in c if isinstance(t, Token) and t.type == "NAME")
        return Binder(names, _after(c, "COLON"), c[0] != "(", None, span_of(c))

    def pattern_binder(self, c: Children) -> Binder:
        return Binder((), None, False, c[1], span_of(c))

    def structural(self, c: Children) -> Token:
        # Which argument decreases is found again.
        token: Token = c[1]
        return token

    # Patterns

    def name_pattern(self, c: Children) -> NamePattern:
        return NamePattern(str(c[0]), (), False, span_of(c))

    def constructor_pattern(self, c: Children) -> NamePattern:
        explicit = isinstance(c[0], Token) and c[0].type == "AT"
        return NamePattern(str(c[1 if explicit else 0]), _nodes(c), explicit, span_of(c))

    def number_pattern(self, c: Children) -> NumberPattern:
        return NumberPattern(str(c[0]), str(c[2]) if len(c) == 3 else None, span_of(c))

    def parenthesised_pattern(self, c: Children) -> Any:
        return replace(c[1], span=span_of(c))

    def or_pattern(self, c: Children) -> OrPattern:
        return OrPattern(_nodes(c), span_of(c))

    def tuple_pattern(self, c: Children) -> TuplePattern:
        return TuplePattern(_nodes(c), span_of(c))

    def list_pattern(self, c: Children) -> ListPattern:
        return ListPattern(_nodes(c), span_of(c))

    def cons_pattern(self, c: Children) -> ConsPattern:
        return ConsPattern(c[0], c[2], span_of(c))

    def alias_pattern(self, c: Children) -> AliasPattern:
        return AliasPattern(c[0], str(c[2]), span_of(c))

    # Sentences

    def constructor(self, c: Children) -> ConstructorDeclaration:
        return ConstructorDeclaration(str(c[0]), _binders(c), _after(c, "COLON"), span_of(c), span_of(c[:1]))

    def datatype(self, c: Children) -> Datatype:
        constructors = tuple(x for x in c if isinstance(x, ConstructorDeclaration))
        return Datatype(str(c[0]), _binders(c), _after(c, "COLON"), constructors, span_of(c[:1]))

    def inductive(self, c: Children) -> Inductive:
        return Inductive(_nodes(c))

    def definition(self, c: Children) -> Definition:
        return Definition(str(c[0]), _binders(c), _after(c, "COLON"), _after(c, "ASSIGN"), span_of(c[:1]))

    def fixpoint(self, c: Children) -> Fixpoint:
        return Fixpoint(_nodes(c))


setattr(TreeBuilder, "if", TreeBuilder.if_)


def _open_binders(c: Children) -> tuple[Binder, ...]:
    """The binders of ``fun x y : T => …``."""
    binders, type = _binders(c), _after(c, "COLON")
    if type is None:
        return binders
    for binder in binders:
        if binder.type is not None or binder.pattern is not None or binder.implicit:
            raise Fault("syntax", "these names are followed by two types", binder.span, "each group stands in parentheses")
    return tuple(replace(b, type=type) for b in binders)


def _plain(operator: Token) -> str:
    return "->" if operator == "→" else str(operator)


def _operation(operator: Token, left: Any, right: Any) -> Operation:
    return Operation(_plain(operator), left, right, span_of([left, right]), span_of([operator]))


def _binds_first(waiting: Token, coming: Token) -> bool:
    before, level = _LEVELS[_plain(waiting)], _LEVELS[_plain(coming)]
    if before != level:
        return before > level
    if level == _COMPARISON:
        raise Fault("syntax", f"`{waiting}` and `{coming}` do not chain", span_of([coming]), "put one of them in parentheses")
    return level not in _RIGHT_GROUPING


def children_of(node: Any) -> Iterator[Any]:
    """The terms, patterns, binders and arms right below a node."""
    for field in node.__slots__:
        value = getattr(node, field)
        stack = [value]
        while stack:
            part = stack.pop()
            if isinstance(part, tuple):
                stack.extend(reversed(part))
            elif hasattr(part, "span"):
                yield part
