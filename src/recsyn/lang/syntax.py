"""The syntax tree: what was written, with where it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from recsyn.lang.source import Span

KEYWORDS = frozenset("type fun and partial match with end let in if then else fn import example property when as".split())
"""The words that are no names."""

# Types


@dataclass(frozen=True, slots=True)
class TypeName:
    name: str
    arguments: tuple[TypeExpression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TypeVariableName:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class TupleTypeExpression:
    items: tuple[TypeExpression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ArrowTypeExpression:
    parameter: TypeExpression
    result: TypeExpression
    span: Span


TypeExpression: TypeAlias = TypeName | TypeVariableName | TupleTypeExpression | ArrowTypeExpression

# Patterns


@dataclass(frozen=True, slots=True)
class VariablePattern:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class WildcardPattern:
    span: Span


@dataclass(frozen=True, slots=True)
class LiteralPattern:
    """An integer or a character."""

    value: int | str
    span: Span


@dataclass(frozen=True, slots=True)
class ConstructorPattern:
    """A constructor with its fields; tuples, lists and strings are this too. ``name_span`` is the constructor's own."""

    constructor: str
    fields: tuple[PatternExpression, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class AliasPattern:
    pattern: PatternExpression
    name: str
    span: Span


PatternExpression: TypeAlias = VariablePattern | WildcardPattern | LiteralPattern | ConstructorPattern | AliasPattern

# Expressions


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or a function."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class ConstructorName:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    value: int | str
    span: Span


@dataclass(frozen=True, slots=True)
class StringExpression:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class ApplyExpression:
    function: Expression
    arguments: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FnExpression:
    parameters: tuple[PatternExpression, ...]
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class LetExpression:
    pattern: PatternExpression
    bound: Expression
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class IfExpression:
    condition: Expression
    consequent: Expression
    alternative: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ArmExpression:
    patterns: tuple[PatternExpression, ...]
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class MatchExpression:
    scrutinees: tuple[Expression, ...]
    arms: tuple[ArmExpression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TupleExpression:
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListExpression:
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class OperatorExpression:
    """A binary operator between two operands; unary minus has no left one."""

    operator: str
    left: Expression | None
    right: Expression
    span: Span
    operator_span: Span


@dataclass(frozen=True, slots=True)
class AnnotatedExpression:
    expression: Expression
    type: TypeExpression
    span: Span


Expression: TypeAlias = (
    Name
    | ConstructorName
    | LiteralExpression
    | StringExpression
    | ApplyExpression
    | FnExpression
    | LetExpression
    | IfExpression
    | MatchExpression
    | TupleExpression
    | ListExpression
    | OperatorExpression
    | AnnotatedExpression
)

# Declarations


@dataclass(frozen=True, slots=True)
class ConstructorDeclaration:
    name: str
    fields: tuple[TypeExpression, ...]
    token: str | None
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    name: str
    parameters: tuple[TypeVariableName, ...]
    constructors: tuple[ConstructorDeclaration, ...]
    span: Span
    name_span: Span
    documentation: str | None = None


@dataclass(frozen=True, slots=True)
class TypeGroup:
    types: tuple[TypeDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    pattern: PatternExpression
    type: TypeExpression | None
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionDeclaration:
    name: str
    parameters: tuple[Parameter, ...]
    result: TypeExpression | None
    body: Expression
    span: Span
    name_span: Span
    documentation: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionGroup:
    """Functions that see each other. ``partial`` waives the check that they end."""

    functions: tuple[FunctionDeclaration, ...]
    partial: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ExampleDeclaration:
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Guard:
    """``when condition``: which inputs a property speaks of."""

    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class PropertyDeclaration:
    name: str
    parameters: tuple[Parameter, ...]
    guard: Expression | None
    body: Expression
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class ModuleName:
    """A module of the standard library by its name, or, where ``file`` holds, a file by its path from the one that imports it."""

    name: str
    file: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ImportDeclaration:
    modules: tuple[ModuleName, ...]
    span: Span


Declaration: TypeAlias = ImportDeclaration | TypeGroup | FunctionGroup | ExampleDeclaration | PropertyDeclaration
