"""Expressions and patterns to core terms, with Hindley–Milner types found on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from recsyn.lang import core
from recsyn.lang import syntax as s
from recsyn.lang.diagnostics import Fault
from recsyn.lang.names import Names, Table
from recsyn.lang.source import Source, Span
from recsyn.lang.stackless import Deep
from recsyn.lang.types import (
    ARROW,
    BOOL,
    CHAR,
    INT,
    PRIMITIVE_TYPES,
    Constructor,
    Datatype,
    Scheme,
    TypeConstant,
    TypeVariable,
    arrow,
    list_of,
)
from recsyn.lang.unify import (
    Equality,
    OpenType,
    Unknown,
    instantiate,
    parts,
    replaced,
    require_equality,
    resolve,
    show_open,
    unify,
)
from recsyn.values import CONS, NIL, TUPLE

Typed = tuple[core.Term, OpenType]
Binding = tuple[str, str, OpenType, Span]
"""A variable of a pattern: as written, as made unique, its type, and where it is bound."""
Bindings = dict[str, Binding]
"""The variables of a pattern, in order, by the name that is written."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_ORDER = frozenset({"<", "<=", ">", ">="})
_EQUALITY = frozenset({"==", "!="})
_LOGIC = frozenset({"&&", "||"})
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def ordinal(index: int) -> str:
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


class Scope:
    """What names mean in one declaration while it is checked. A new one is made for each, so a fault leaves nothing behind.

    ``matches`` gathers, for the coverage check, the rows of patterns of every match and where it stands.
    """

    def __init__(
        self,
        datatypes: Mapping[str, Datatype],
        constructors: Mapping[str, Constructor],
        functions: Mapping[str, Scheme],
        names: Names,
        source: Source,
        holding: Collection[str],
    ) -> None:
        self.datatypes = datatypes
        self.constructors = constructors
        self.functions = functions
        self.names = names
        self.source = source
        self.modules_used: set[str] = set()
        self.orders: dict[Span, str] = {}
        """What each ``<`` and its like compares, by where it stands."""
        self.in_group: dict[str, OpenType] = {}
        self.annotated: dict[str, OpenType] = {}
        """Functions of the group being checked that are annotated in full, with their rigid variables."""
        self.locals: dict[str, tuple[str, Scheme | None, OpenType]] = {}
        self.level = 1
        self.matches: list[tuple[list[tuple[tuple[core.Pattern, ...], Span]], Span, str]] = []
        self.equality = Equality(holding)
        self.variables_stand_for: OpenType | None = None
        """What type variables in annotations stand for, if not for any type."""
        self._binders: dict[str, tuple[str, Span]] = {}
        self._mentioned: set[str] = set()
        self._being_bound: list[str] = []
        """The variables of the `let`s whose bound expression is being checked."""
        self._origins: dict[Unknown, tuple[Span, str | None]] = {}
        """Where each unknown became a type: the expression it was the type of and what was expected there, or, with ``None``, the
        expression whose type it had to be."""
        self._ordered: list[tuple[OpenType, Span]] = []
        self._stood_for: list[tuple[str, OpenType, Span]] = []
        self._rigid: dict[str, TypeVariable] = {}
        self._bound: dict[str, int] = {}
        self._quantified = 0
        self._owner = 0

    # Types

    def show(self, type: OpenType) -> str:
        """The type for a message, as the file would write it."""
        return show_open(type, self.names.type_spelling)

    def fresh(self) -> Unknown:
        return Unknown(self.level)

    def new_type_variables(self, owner: int) -> None:
        """Begin a declaration with type variables of its own."""
        self._rigid = {}
        self._owner = owner

    def type_of(self, written: s.TypeExpression) -> Deep[OpenType]:
        """The type that an annotation writes; its variables are rigid."""
        if isinstance(written, s.TypeVariableName):
            if self.variables_stand_for is not None:
                return self.variables_stand_for
            return self._rigid.setdefault(written.name, TypeVariable(f"{written.name}#{self._owner}"))
        if isinstance(written, s.ArrowTypeExpression):
            parameter = yield self.type_of(written.parameter)
            result = yield self.type_of(written.result)
            return arrow(parameter, result)
        items = written.items if isinstance(written, s.TupleTypeExpression) else written.arguments
        arguments = []
        for item in items:
            arguments.append((yield self.type_of(item)))
        if isinstance(written, s.TupleTypeExpression):
            return TypeConstant(TUPLE, tuple(arguments))
        return TypeConstant(self.type_name(written), tuple(arguments))

    def type_name(self, written: s.TypeName) -> str:
        """The type that a name in an annotation means. Raises :class:`Fault` where it has another number of parameters."""
        own = Span(written.span.start, written.span.start + len(written.name))
        name = self._meaning(self.names.types, written.name, own, "type")
        needed = len(self.datatypes[name].parameters) if name in self.datatypes else 0
        if needed != len(written.arguments):
            given = len(written.arguments)
            message = f"`{written.name}` takes {_count(needed, 'type')}, but {_given(given)} here"
            hint = "put what is meant as one type in parentheses" if needed else None
            if given < needed:
                hint = f"write `({' '.join([written.name, *self.datatypes[name].parameters])})`, or types in the place of variables"
            raise Fault("arity", message, written.span, hint)
        return name

    def _meaning(self, table: Table, written: str, span: Span, noun: str, also: Iterable[str] = ()) -> str:
        meaning = self.names.meaning(table, written, span, noun, also)
        if meaning.module is not None:
            self.modules_used.add(meaning.module)
        return meaning.name

    def expect(self, found: OpenType, expected: OpenType, span: Span, because: str, written: Any = None) -> None:
        """Make the type found at a place the expected one. ``because`` says whose type that is, up to its verb."""
        undecided, wanted = resolve(found), resolve(expected)
        reason = unify(found, expected, self.equality)
        if reason is None:
            if isinstance(undecided, Unknown):
                self._origins[undecided] = span, because
            elif isinstance(wanted, Unknown):
                self._origins[wanted] = span, None
            return
        missing = self._missing_fields(written, span)
        if missing:
            raise Fault(
                "arity",
                missing,
                span,
                "without all of its fields, a constructor is a function; with them it stands in parentheses as an argument",
            )
        message = f"this is of type `{self.show(found)}`, but {because} of type `{self.show(expected)}`"
        if reason == "they differ":
            reason = _wants_arguments(found, expected) or self._origin(expected) or self._origin(found)
        raise Fault("type-mismatch", message, span, reason)

    def _origin(self, type: OpenType) -> str | None:
        """Where a type that was found on the way comes from, for a hint."""
        origin = None
        shown = self.show(type)
        while isinstance(type, Unknown) and type.link is not None:
            origin = self._origins.get(type, origin)
            type = type.link
        if origin is None:
            return None
        span, because = origin
        line, _ = self.source.position(span.start)
        if because is not None:
            return f"on line {line}, {because} of type `{shown}`"
        return f"`{self.source.excerpt(span)}` on line {line} is of type `{shown}`"

    def _missing_fields(self, written: Any, span: Span) -> str | None:
        head, given = (written.function, len(written.arguments)) if isinstance(written, s.ApplyExpression) else (written, 0)
        if not isinstance(head, s.ConstructorName):
            return None
        needed = len(self.constructors[self._meaning(self.names.constructors, head.name, span, "constructor")].fields)
        return f"`{head.name}` has {_count(needed, 'field')}, but {_given(given)} here" if given < needed else None

    def settle_order(self, level: int = 0) -> None:
        """Decide the operands of ``<`` and its like, but for unknowns of ``level`` and outside: ``Int`` where nothing is known."""
        outside = []
        for type, span in self._ordered:
            at = resolve(type)
            if isinstance(at, Unknown):
                if at.level > level:
                    at.link = INT
                    self.orders[span] = INT.name
                else:
                    outside.append((type, span))
            elif not isinstance(at, TypeConstant) or at.name not in PRIMITIVE_TYPES:
                raise Fault("type-mismatch", f"only `Int` and `Char` are ordered, and these are of type `{self.show(at)}`", span)
            else:
                self.orders[span] = at.name
        self._ordered = outside

    def settle_equality(self) -> None:
        """Ask of each type that a function of the group was used at what its body has turned out to ask of its variables."""
        known = -1
        while known < len(self.equality.variables):
            known = len(self.equality.variables)
            for rigid, type, span in self._stood_for:
                reason = require_equality(type, self.equality) if rigid in self.equality.variables else None
                if reason:
                    shown = self.show(type)
                    raise Fault("type-mismatch", f"{reason}, and the function used here compares what is of type `{shown}`", span)

    # Names

    def unique(self, name: str) -> str:
        count = self._bound.get(name, 0)
        self._bound[name] = count + 1
        return f"{name}#{count}" if count or name == "" else name

    def bind(self, bindings: Iterable[Binding]) -> list[tuple[str, Any]]:
        """Bring variables into scope; what they hide is returned for :meth:`unbind`."""
        hidden = []
        for name, unique, type, _ in bindings:
            hidden.append((name, self.locals.get(name)))
            self.locals[name] = (unique, None, type)
        return hidden

    def unbind(self, hidden: Sequence[tuple[str, Any]]) -> None:
        for name, earlier in reversed(hidden):
            if earlier is None:
                self.locals.pop(name, None)
            else:
                self.locals[name] = earlier

    # Patterns

    def pattern(self, written: s.PatternExpression, type: OpenType, bindings: Bindings) -> Deep[core.Pattern]:
        """The pattern in core, its variables added to ``bindings``."""
        if isinstance(written, s.WildcardPattern):
            return core.Ignore()
        if isinstance(written, s.LiteralPattern):
            self.expect(CHAR if isinstance(written.value, str) else INT, type, written.span, "what it is matched against is")
            return core.Exactly(written.value)
        if isinstance(written, s.VariablePattern):
            return core.Bind(self._bind_once(written.name, type, written.span, bindings))
        if isinstance(written, s.AliasPattern):
            inner = yield self.pattern(written.pattern, type, bindings)
            own = Span(written.span.end - len(written.name), written.span.end)
            return core.Alias(inner, self._bind_once(written.name, type, own, bindings))
        name = TUPLE
        if written.constructor == TUPLE:
            at = resolve(type)
            known = isinstance(at, TypeConstant) and at.name == TUPLE and len(at.arguments) == len(written.fields)
            field_types: list[OpenType] = list(at.arguments) if known else [self.fresh() for _ in written.fields]  # type: ignore[union-attr]
            whole: OpenType = at if known else TypeConstant(TUPLE, tuple(field_types))  # type: ignore[arg-type]
        else:
            name, field_types, whole = self._constructor(written.constructor, written.name_span, type)
            if len(field_types) != len(written.fields):
                message = (
                    f"`{written.constructor}` has {_count(len(field_types), 'field')}, but this pattern has {len(written.fields)}"
                )
                hint = f"write `{' '.join([written.constructor, *('_' for _ in field_types)])}`"
                only = written.fields[0] if len(written.fields) == 1 else None
                if len(written.fields) > len(field_types) > 0:
                    hint = "put what is meant as one field in parentheses"
                elif isinstance(only, s.ConstructorPattern) and only.constructor == TUPLE and len(only.fields) == len(field_types):
                    fields_shown = " ".join(self.source.excerpt(f.span) for f in only.fields)
                    hint = f"fields stand side by side, without commas: `{written.constructor} {fields_shown}`"
                raise Fault("arity", message, written.span, hint)
        self.expect(whole, type, written.span, "what it is matched against is")
        fields = []
        for field, field_type in zip(written.fields, field_types, strict=True):
            fields.append((yield self.pattern(field, field_type, bindings)))
        return core.Built(name, tuple(fields))

    def _bind_once(self, name: str, type: OpenType, span: Span, bindings: Bindings) -> str:
        if name in bindings:
            hint = "give one of them another name; whether two values are the same, `==` tells"
            raise Fault("duplicate-name", f"`{name}` is bound twice here", span, hint)
        unique = self.unique(name)
        bindings[name] = name, unique, type, span
        self._binders[unique] = name, span
        return unique

    def unused(self) -> Iterator[tuple[str, Span]]:
        """The variables that nothing mentions, but for those that begin with ``_``, and where each is bound."""
        for unique, (name, span) in self._binders.items():
            if unique not in self._mentioned and not name.startswith("_"):
                yield name, span

    def _constructor(self, written: str, span: Span, of: OpenType | None = None) -> tuple[str, list[OpenType], OpenType]:
        """A constructor's own name, its fields and the type it builds: ``of`` itself where that is of its datatype already."""
        name = self._meaning(self.names.constructors, written, span, "constructor")
        constructor = self.constructors[name]
        parameters = self.datatypes[constructor.datatype].parameters
        at = resolve(of) if of is not None else None
        if isinstance(at, TypeConstant) and at.name == constructor.datatype:
            return name, [replaced(f, dict(zip(parameters, at.arguments, strict=True))) for f in constructor.fields], at
        fresh: dict[str, OpenType] = {p: self.fresh() for p in parameters}
        whole = TypeConstant(constructor.datatype, tuple(fresh.values()))  # type: ignore[arg-type]
        return name, [replaced(f, fresh) for f in constructor.fields], whole

    # Expressions

    def expression(self, written: s.Expression) -> Deep[Typed]:
        """The expression in core, and its type."""
        return _RULES[type(written)](self, written)

    def expression_of(self, written: s.Expression, expected: OpenType, because: str) -> Deep[core.Term]:
        """The expression in core, of the type that ``because`` expects; a branch that differs is blamed itself."""
        if isinstance(written, s.MatchExpression):
            return (yield self._match_of(written, expected, because))
        if isinstance(written, s.IfExpression):
            return (yield self._if_of(written, expected, because))
        if isinstance(written, s.LetExpression):
            return (yield self._let_of(written, expected, because))
        term, found = yield self.expression(written)
        self.expect(found, expected, written.span, because, written)
        return term

    def _name(self, written: s.Name) -> Deep[Typed]:
        yield from ()
        span = written.span
        local = self.locals.get(written.name)
        if local is not None:
            unique, scheme, type = local
            self._mentioned.add(unique)
            return core.Local(unique, span), instantiate(scheme, self.level) if scheme else type
        if written.name == "_":
            raise Fault("unknown-name", "`_` is a pattern, not a value", span)
        if written.name in self._being_bound and written.name not in self.names.values:
            hint = "a `let` does not see itself: define a function that calls itself by a `fun` of its own"
            raise Fault("unknown-name", f"there is no variable or function `{written.name}` yet", span, hint)
        if written.name == "not":
            argument = self.unique("x")
            body = core.Primitive("not", (core.Local(argument, span),), span)
            return core.Lambda((argument,), body, span), arrow(BOOL, BOOL)
        name = self._meaning(self.names.values, written.name, span, "variable or function", (*self.locals, "not"))
        if name in self.in_group:
            return core.Global(name, span), self.in_group[name]
        if name in self.annotated:
            return core.Global(name, span), self._polymorphic(name, span)
        return core.Global(name, span), instantiate(self.functions[name], self.level)

    def _polymorphic(self, name: str, span: Span) -> OpenType:
        whole = self.annotated[name]
        # At the level of the declaration: a `let` that generalised them would escape `settle_equality`.
        fresh: dict[str, OpenType] = {p.name: Unknown(1) for p in parts(whole) if isinstance(p, TypeVariable)}
        self._stood_for.extend((rigid, unknown, span) for rigid, unknown in fresh.items())
        return replaced(whole, fresh)

    def _constructor_name(self, written: s.ConstructorName) -> Deep[Typed]:
        return self._construct(written, ())

    def _construct(self, head: s.ConstructorName, arguments: tuple[s.Expression, ...], span: Span | None = None) -> Deep[Typed]:
        name, field_types, whole = self._constructor(head.name, head.span)
        span = span or head.span
        if len(arguments) > len(field_types):
            message = f"`{head.name}` has {_count(len(field_types), 'field')}, but {len(arguments)} are given here"
            raise Fault("arity", message, span, "put what is meant as one field in parentheses")
        fields = []
        for index, (argument, type) in enumerate(zip(arguments, field_types, strict=False)):
            if index == 0 and isinstance(type, Unknown):
                fields.append((yield self._new(argument, type)))
                continue
            fields.append((yield self.expression_of(argument, type, f"the {ordinal(index)} field of `{head.name}` must be")))
        rest = [self.unique("x") for _ in field_types[len(arguments) :]]
        term: core.Term = core.Construct(name, (*fields, *(core.Local(r, span) for r in rest)), span)
        if rest:
            term = core.Lambda(tuple(rest), term, span)
        for type in reversed(field_types[len(arguments) :]):
            whole = arrow(type, whole)  # type: ignore[arg-type]
        return term, whole

    def _apply(self, written: s.ApplyExpression) -> Deep[Typed]:
        head = written.function
        if isinstance(head, s.ConstructorName):
            return (yield self._construct(head, written.arguments, written.span))
        function, type = yield self.expression(head)
        callee = f"`{head.name}`" if isinstance(head, s.Name) else "this function"
        arguments = []
        for index, argument in enumerate(written.arguments):
            type = resolve(type)
            if isinstance(type, Unknown):
                parameter, result = self.fresh(), self.fresh()
                self.expect(type, arrow(parameter, result), head.span, "what is applied must be")  # type: ignore[arg-type]
            elif isinstance(type, TypeConstant) and type.name == ARROW:
                parameter, result = type.arguments  # type: ignore[assignment]
            elif index:
                message = f"{callee} is given {_count(len(written.arguments), 'argument')}, but takes {index}"
                raise Fault("type-mismatch", message, argument.span, f"with {index} it is of type `{self.show(type)}`")
            else:
                message = f"this is given {_count(len(written.arguments), 'argument')}, but is of type `{self.show(type)}`"
                raise Fault("type-mismatch", message, head.span, self._origin(type) or "only a function takes arguments")
            because = f"the {ordinal(index)} argument of {callee} must be"
            arguments.append((yield self.expression_of(argument, parameter, because)))
            type = result
        if isinstance(head, s.Name) and head.name == "not" and isinstance(function, core.Lambda) and len(arguments) == 1:
            return core.Primitive("not", tuple(arguments), written.span), BOOL
        return core.Apply(function, tuple(arguments), written.span), type

    def _new(self, written: s.Expression, unknown: Unknown) -> Deep[core.Term]:
        """The expression in core, of a type that is still as unknown as can be. Nothing contains it yet: to look for it would cost
        a list of lists of lists its square."""
        term, unknown.link = yield self.expression(written)
        self._origins[unknown] = written.span, None
        return term

    def _literal(self, written: s.LiteralExpression) -> Deep[Typed]:
        yield from ()
        return core.Literal(written.value, written.span), CHAR if isinstance(written.value, str) else INT

    def _string(self, written: s.StringExpression) -> Deep[Typed]:
        yield from ()
        return _list([core.Literal(c, written.span) for c in written.value], written.span), list_of(CHAR)

    def _list(self, written: s.ListExpression) -> Deep[Typed]:
        item_type = self.fresh()
        items = []
        if written.items:
            items.append((yield self._new(written.items[0], item_type)))
        for item in written.items[1:]:
            items.append((yield self.expression_of(item, item_type, "what comes before it in this list is")))
        return _list(items, written.span), list_of(item_type)  # type: ignore[arg-type]

    def _tuple(self, written: s.TupleExpression) -> Deep[Typed]:
        items, types = [], []
        for item in written.items:
            term, type = yield self.expression(item)
            items.append(term)
            types.append(type)
        return core.Construct(TUPLE, tuple(items), written.span), TypeConstant(TUPLE, tuple(types))

    def _annotated(self, written: s.AnnotatedExpression) -> Deep[Typed]:
        type = yield self.type_of(written.type)
        term = yield self.expression_of(written.expression, type, "it is annotated to be")
        return term, type

    def _fn(self, written: s.FnExpression) -> Deep[Typed]:
        types: list[OpenType] = [self.fresh() for _ in written.parameters]
        names, wrap, hidden = yield self.parameters(written.parameters, types)
        body, result = yield self.expression(written.body)
        self.unbind(hidden)
        for type in reversed(types):
            result = arrow(type, result)  # type: ignore[arg-type]
        return core.Lambda(tuple(names), wrap(body), written.span), result

    def parameters(
        self, written: Sequence[s.PatternExpression], types: Sequence[OpenType]
    ) -> Deep[tuple[list[str], Callable[[core.Term], core.Term], list[tuple[str, Any]]]]:
        """Bring parameters into scope: their names in core, what wraps the body to take patterns apart, what is hidden."""
        names: list[str] = []
        bindings: Bindings = {}
        taken_apart: list[tuple[core.Pattern, str, Span]] = []
        for parameter, type in zip(written, types, strict=True):
            pattern = yield self.pattern(parameter, type, bindings)
            if isinstance(pattern, core.Bind):
                names.append(pattern.name)
            else:
                names.append(self.unique(""))
                if not isinstance(pattern, core.Ignore):
                    taken_apart.append((pattern, names[-1], parameter.span))
                    self.matches.append(([((pattern,), parameter.span)], parameter.span, "this parameter"))

        def wrap(body: core.Term) -> core.Term:
            for pattern, name, span in reversed(taken_apart):
                body = core.Match((core.Local(name, span),), (core.Arm((pattern,), body, span),), span)
            return body

        return names, wrap, self.bind(bindings.values())

    def _let(self, written: s.LetExpression) -> Deep[Typed]:
        result = self.fresh()
        return (yield self._let_of(written, result, "this `let` is")), result

    def _let_of(self, written: s.LetExpression, expected: OpenType, because: str) -> Deep[core.Term]:
        # Only what a single variable stands for is generalised; the rest stays at the level of what is around.
        deeper = isinstance(written.pattern, s.VariablePattern)
        self.level += deeper
        self._being_bound += [written.pattern.name] if isinstance(written.pattern, s.VariablePattern) else []
        bound, type = yield self.expression(written.bound)
        del self._being_bound[len(self._being_bound) - deeper :]
        self.level -= deeper
        bindings: Bindings = {}
        pattern = yield self.pattern(written.pattern, type, bindings)
        hidden = self.bind(bindings.values())
        if isinstance(pattern, core.Bind):
            self.settle_order(self.level)
            scheme = self._generalise(type)
            self.locals[next(iter(bindings))] = (pattern.name, scheme, type)
        else:
            self.matches.append(([((pattern,), written.pattern.span)], written.pattern.span, "this `let`"))
        body = yield self.expression_of(written.body, expected, because)
        self.unbind(hidden)
        if isinstance(pattern, core.Bind):
            return core.Let(pattern.name, bound, body, written.span)
        return core.Match((bound,), (core.Arm((pattern,), body, written.span),), written.span)

    def _generalise(self, type: OpenType) -> Scheme | None:
        """The scheme of a ``let``-bound variable, or ``None`` where nothing in its type can be generalised."""
        free = list(dict.fromkeys(p for p in parts(type) if isinstance(p, Unknown) and p.level > self.level))
        if not free:
            return None
        for unknown in free:
            self._quantified += 1
            unknown.link = TypeVariable(f"let#{self._quantified}")
        names = [str(unknown.link) for unknown in free]
        equality = frozenset(n for n, u in zip(names, free, strict=True) if u.equality)
        return Scheme(tuple(names), replaced(type, {}), equality)  # type: ignore[arg-type]

    def _if(self, written: s.IfExpression) -> Deep[Typed]:
        result = self.fresh()
        return (yield self._if_of(written, result, "the other branch of this `if` is")), result

    def _if_of(self, written: s.IfExpression, expected: OpenType, because: str) -> Deep[core.Term]:
        condition = yield self.expression_of(written.condition, BOOL, "the condition of an `if` must be")
        consequent = yield self.expression_of(written.consequent, expected, because)
        alternative = yield self.expression_of(written.alternative, expected, because)
        return core.If(condition, consequent, alternative, written.span)

    def _match(self, written: s.MatchExpression) -> Deep[Typed]:
        result = self.fresh()
        return (yield self._match_of(written, result, "the case before it is")), result

    def _match_of(self, written: s.MatchExpression, expected: OpenType, because: str) -> Deep[core.Term]:
        scrutinees, types = [], []
        for scrutinee in written.scrutinees:
            term, type = yield self.expression(scrutinee)
            scrutinees.append(term)
            types.append(type)
        arms: list[core.Arm] = []
        for arm in written.arms:
            if len(arm.patterns) != len(scrutinees):
                values = f"{_count(len(scrutinees), 'value')} {'is' if len(scrutinees) == 1 else 'are'} matched"
                message = f"this case has {_count(len(arm.patterns), 'pattern')}, but {values}"
                span = Span(arm.patterns[0].span.start, arm.patterns[-1].span.end)
                raise Fault("arity", message, span, "a case has one pattern for each value, with commas between them")
            bindings: Bindings = {}
            patterns = []
            for pattern, type in zip(arm.patterns, types, strict=True):
                patterns.append((yield self.pattern(pattern, type, bindings)))
            hidden = self.bind(bindings.values())
            body = yield self.expression_of(arm.body, expected, because)
            self.unbind(hidden)
            arms.append(core.Arm(tuple(patterns), body, Span(arm.patterns[0].span.start, arm.patterns[-1].span.end)))
        self.matches.append(([(a.patterns, a.span) for a in arms], written.span, "this match"))
        return core.Match(tuple(scrutinees), tuple(arms), written.span)

    def _operator(self, written: s.OperatorExpression) -> Deep[Typed]:
        operator = written.operator
        if written.left is None:
            operand = yield self.expression_of(written.right, INT, "the operand of `-` must be")
            return core.Primitive("negate", (operand,), written.span), INT
        left, left_type = yield self.expression(written.left)
        function = resolve(left_type)
        if operator == "-" and isinstance(function, TypeConstant) and function.name == ARROW:
            shown, right = (self.source.excerpt(side.span) for side in (written.left, written.right))
            message = f"`-` subtracts here, and `{shown}` is a function"
            raise Fault(
                "type-mismatch", message, written.left.span, f"a negative argument stands in parentheses: `{shown} (-{right})`"
            )
        expected, result = self._operands(operator, left_type, written)
        self.expect(left_type, expected, written.left.span, f"the left operand of `{operator}` must be", written.left)
        right_expected = list_of(left_type) if operator == CONS else expected
        because = "what it is compared with is" if operator in _EQUALITY | _ORDER else f"the right operand of `{operator}` must be"
        right = yield self.expression_of(written.right, right_expected, because)
        if operator in _EQUALITY:
            reason = require_equality(left_type, self.equality)
            if reason:
                raise Fault("type-mismatch", f"{reason}, and these are of type `{self.show(left_type)}`", written.span)
        if operator == CONS:
            return core.Construct(CONS, (left, right), written.span), right_expected
        return core.Primitive(operator, (left, right), written.span), result

    def _operands(self, operator: str, left_type: OpenType, written: s.OperatorExpression) -> tuple[OpenType, OpenType]:
        if operator in _ARITHMETIC:
            return INT, INT
        if operator in _LOGIC:
            return BOOL, BOOL
        if operator == "++":
            type = list_of(self.fresh())  # type: ignore[arg-type]
            return type, type
        if operator in _ORDER:
            self._ordered.append((left_type, written.span))
        return left_type, BOOL


_RULES: dict[type, Callable[[Scope, Any], Deep[Typed]]] = {
    s.Name: Scope._name,
    s.ConstructorName: Scope._constructor_name,
    s.LiteralExpression: Scope._literal,
    s.StringExpression: Scope._string,
    s.ApplyExpression: Scope._apply,
    s.FnExpression: Scope._fn,
    s.LetExpression: Scope._let,
    s.IfExpression: Scope._if,
    s.MatchExpression: Scope._match,
    s.TupleExpression: Scope._tuple,
    s.ListExpression: Scope._list,
    s.OperatorExpression: Scope._operator,
    s.AnnotatedExpression: Scope._annotated,
}


def _list(items: Sequence[core.Term], span: Span) -> core.Term:
    result: core.Term = core.Construct(NIL, (), span)
    for item in reversed(items):
        result = core.Construct(CONS, (item, result), span)
    return result


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _given(number: int) -> str:
    return f"{number or 'none'} {'are' if number > 1 else 'is'} given"


def _wants_arguments(found: OpenType, expected: OpenType) -> str | None:
    """A hint where a function stands in the place of what it would give."""
    wanted, at = 0, resolve(found)
    while isinstance(at, TypeConstant) and at.name == ARROW:
        wanted, at = wanted + 1, resolve(at.arguments[1])
    expected = resolve(expected)
    if not wanted or not isinstance(expected, TypeConstant) or expected.name == ARROW:
        return None
    return f"this is a function that still wants {_count(wanted, 'argument')}"
