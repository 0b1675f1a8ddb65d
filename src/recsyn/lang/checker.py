"""A source file to a checked program: declarations in order, every error of every declaration gathered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recsyn.lang import core
from recsyn.lang import syntax as s
from recsyn.lang.coverage import Coverage, show_patterns
from recsyn.lang.diagnostics import Diagnostic, Fault, LanguageError
from recsyn.lang.inference import Scope, check_type_name
from recsyn.lang.parser import parse_expression, parse_program, parse_type
from recsyn.lang.positivity import not_positive
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.source import Source, read_source
from recsyn.lang.stackless import Deep, run
from recsyn.lang.termination import check_termination
from recsyn.lang.types import (
    BUILTIN_DATATYPES,
    PRIMITIVE_TYPES,
    Constructor,
    Datatype,
    Scheme,
    Type,
    TypeConstant,
    TypeVariable,
    arrow,
)
from recsyn.lang.unify import OpenType, closed, generalise, require_equality, show_open
from recsyn.values import TUPLE


def load_program(path: str | Path) -> Program:
    """Read and check a source file. Raises :class:`RecsynError` if it cannot be read, :class:`LanguageError` if it is refused."""
    return check(read_source(path))


def check(source: Source) -> Program:
    """Check a source. Raises :class:`LanguageError` with every error found."""
    checker = _Checker(source)
    declarations, errors = parse_program(source)
    checker.errors.extend(errors)
    for declaration in declarations:
        try:
            checker.declare(declaration)
        except Fault as fault:
            if fault.code != "unknown-name" or source.text[fault.span.start : fault.span.end] not in checker.broken:
                checker.errors.append(fault.diagnostic(source))
    # A name that a part with a syntax error was to define is not unknown; say so only once that part parses.
    found = [e for e in checker.errors if not errors or e.code != "unknown-name"]
    if found:
        raise LanguageError([*found, *checker.warnings])
    return Program(source, checker.datatypes, checker.definitions, tuple(checker.examples), tuple(checker.warnings))


def check_expression(program: Program, source: Source) -> tuple[core.Term, Type]:
    """An expression in the scope of a program, in core, and its type. Raises :class:`LanguageError`."""
    written = parse_expression(source)
    checker = _Checker(source, program)
    try:
        scope = checker.scope()
        term, type = run(scope.expression(written))
        scope.settle_order()
        checker.cover(scope)
    except Fault as fault:
        raise LanguageError([fault.diagnostic(source)]) from None
    if checker.errors:
        raise LanguageError(checker.errors)
    return term, generalise(type, 0, set()).type


def check_type(program: Program, source: Source) -> Type:
    """A type in the scope of a program. Raises :class:`LanguageError`."""
    written = parse_type(source)
    checker = _Checker(source, program)
    try:
        type = run(checker.scope().type_of(written))
    except Fault as fault:
        raise LanguageError([fault.diagnostic(source)]) from None
    return generalise(type, 0, set()).type


class _Checker:
    """What has been declared so far, and what was found wrong."""

    def __init__(self, source: Source, program: Program | None = None) -> None:
        self.source = source
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self.datatypes: dict[str, Datatype] = dict(program.datatypes if program else BUILTIN_DATATYPES)
        self.constructors: dict[str, Constructor] = {c.name: c for d in self.datatypes.values() for c in d.constructors}
        self.definitions: dict[str, Definition] = dict(program.definitions) if program else {}
        self.schemes: dict[str, Scheme] = {d.name: d.scheme for d in self.definitions.values()}
        self.examples: list[Example] = []
        self.broken: set[str] = set()
        """Constructors of types that were refused."""

    def scope(self) -> Scope:
        return Scope(self.datatypes, self.constructors, self.schemes)

    def declare(self, declaration: s.Declaration) -> None:
        if isinstance(declaration, s.TypeGroup):
            self._types(declaration)
        elif isinstance(declaration, s.FunctionGroup):
            self._functions(declaration)
        else:
            self._example(declaration)

    # Types

    def _types(self, group: s.TypeGroup) -> None:
        datatypes, constructors = dict(self.datatypes), dict(self.constructors)
        empty = {d.name: Datatype(d.name, tuple(p.name for p in d.parameters), ()) for d in group.types}
        try:
            for declared in group.types:
                self._refuse_duplicate_type(declared)
                self.datatypes[declared.name] = empty[declared.name]
            for declared in group.types:
                self.datatypes[declared.name] = self._datatype(declared)
            self._refuse_negative(group)
        except Fault:
            # The types stay known, and their constructors are not missed: what mentions them is not wrong for it.
            self.datatypes, self.constructors = {**empty, **datatypes}, constructors
            self.broken.update(c.name for d in group.types for c in d.constructors)
            raise

    def _refuse_negative(self, group: s.TypeGroup) -> None:
        refused = {c.name for c in not_positive(frozenset(d.name for d in group.types), self.datatypes)}
        for written in (c for declared in group.types for c in declared.constructors if c.name in refused):
            message = f"a field of `{written.name}` takes, to the left of an arrow, a value of the type that is being defined"
            hint = "a function stored in a value may return values of its type, but not take them"
            raise Fault("not-positive", message, written.span, hint)

    def _refuse_duplicate_type(self, declared: s.TypeDeclaration) -> None:
        if declared.name in self.datatypes or declared.name in PRIMITIVE_TYPES:
            raise Fault("duplicate-name", f"the type `{declared.name}` is already defined", declared.name_span)
        if len({p.name for p in declared.parameters}) < len(declared.parameters):
            raise Fault("duplicate-name", "two parameters of this type share a name", declared.span)

    def _datatype(self, declared: s.TypeDeclaration) -> Datatype:
        parameters = tuple(p.name for p in declared.parameters)
        constructors: list[Constructor] = []
        for written in declared.constructors:
            if written.name in self.constructors:
                raise Fault("duplicate-name", f"the constructor `{written.name}` is already defined", written.name_span)
            fields = tuple(run(self._field(f, declared)) for f in written.fields)
            constructor = Constructor(written.name, written.token or written.name, fields, declared.name)
            twin = next((c for c in constructors if c.token == constructor.token), None)
            if twin:
                message = f"`{twin.name}` and `{constructor.name}` have the same token `{constructor.token}`"
                raise Fault("duplicate-name", message, written.span)
            constructors.append(constructor)
            self.constructors[written.name] = constructor
        return Datatype(declared.name, parameters, tuple(constructors))

    def _field(self, written: s.TypeExpression, declared: s.TypeDeclaration) -> Deep[Type]:
        if isinstance(written, s.TypeVariableName):
            if written.name not in [p.name for p in declared.parameters]:
                hint = f"write `type {declared.name} {written.name} = …`"
                raise Fault("unknown-name", f"`{written.name}` is no parameter of `{declared.name}`", written.span, hint)
            return TypeVariable(written.name)
        if isinstance(written, s.ArrowTypeExpression):
            parameter = yield self._field(written.parameter, declared)
            result = yield self._field(written.result, declared)
            return arrow(parameter, result)
        items = []
        for item in written.items if isinstance(written, s.TupleTypeExpression) else written.arguments:
            items.append((yield self._field(item, declared)))
        if isinstance(written, s.TupleTypeExpression):
            return TypeConstant(TUPLE, tuple(items))
        check_type_name(written, self.datatypes)
        return TypeConstant(written.name, tuple(items))

    # Functions

    def _functions(self, group: s.FunctionGroup) -> None:
        names = tuple(f.name for f in group.functions)
        self._refuse_duplicates(group)
        scope = self.scope()
        signatures: list[tuple[list[OpenType], OpenType]] = []
        try:
            for number, function in enumerate(group.functions):
                signatures.append(self._signature(scope, function, number))
            checked = [
                run(self._function(scope, function, number, *signatures[number])) for number, function in enumerate(group.functions)
            ]
            scope.settle_order()
            scope.settle_equality()
        except Fault:
            for name in names:
                self.schemes[name] = Scheme(("a",), TypeVariable("a"))
            raise
        self.cover(scope)
        definitions = []
        for function, (parameters, body), (types, result) in zip(group.functions, checked, signatures, strict=True):
            scheme = generalise(_curried(types, result), 0, scope.equality_variables)
            self.schemes[function.name] = scheme
            definitions.append(Definition(function.name, parameters, body, scheme, names, function.name_span))
        self.definitions.update((d.name, d) for d in definitions)
        shapes = check_termination(definitions)
        self.definitions.update((d.name, replace(d, shape=shapes[d.name])) for d in definitions)

    def _refuse_duplicates(self, group: s.FunctionGroup) -> None:
        seen: set[str] = set()
        for function in group.functions:
            if function.name == "not":
                raise Fault("duplicate-name", "`not` belongs to the language and cannot be redefined", function.name_span)
            if function.name == "_":
                raise Fault("syntax", "`_` is a pattern, not the name of a function", function.name_span)
            if function.name in seen or function.name in self.schemes:
                message = f"`{function.name}` is already defined"
                raise Fault("duplicate-name", message, function.name_span, "give one of them another name")
            seen.add(function.name)

    def _signature(self, scope: Scope, function: s.FunctionDeclaration, number: int) -> tuple[list[OpenType], OpenType]:
        """The types of parameters and result. Annotated in full, the function is polymorphic within its group too."""
        scope.new_type_variables(number)
        types: list[OpenType] = [run(scope.type_of(p.type)) if p.type else scope.fresh() for p in function.parameters]
        result = run(scope.type_of(function.result)) if function.result else scope.fresh()
        whole = _curried(types, result)
        if function.result and all(p.type for p in function.parameters):
            scope.annotated[function.name] = whole
        else:
            scope.in_group[function.name] = whole
        return types, result

    def _function(
        self, scope: Scope, function: s.FunctionDeclaration, number: int, types: list[OpenType], result: OpenType
    ) -> Deep[tuple[tuple[str, ...], core.Term]]:
        scope.new_type_variables(number)
        patterns = [p.pattern for p in function.parameters]
        names, wrap, hidden = yield scope.parameters(patterns, types, "a parameter")
        because = "its result" if function.result else f"the result of `{function.name}` elsewhere"
        body = yield scope.expression_of(function.body, result, because)
        scope.unbind(hidden)
        return tuple(names), wrap(body)

    def cover(self, scope: Scope) -> None:
        """Report every match that misses a value, and warn of every case that is never reached."""
        coverage = Coverage(self.datatypes, self.constructors)
        for rows, span, noun in scope.matches:
            patterns = [r for r, _ in rows]
            missing = coverage.missing(patterns, len(patterns[0]))
            if missing:
                shown = ", ".join(f"`{show_patterns(m)}`" for m in missing)
                hint = f"add `| {show_patterns(missing[0])} => …`" if noun == "a match" else "take it apart with `match`"
                fault = Fault("missing-patterns", f"{noun} here does not cover {shown}", span, hint)
                self.errors.append(fault.diagnostic(self.source))
            for index, (row, row_span) in enumerate(rows):
                if index and not coverage.reachable(row, patterns[:index]):
                    message = "this case is never reached: those before it cover it"
                    self.warnings.append(Diagnostic("warning", "redundant-pattern", message, self.source, row_span))

    def _example(self, example: s.ExampleDeclaration) -> None:
        scope = self.scope()
        left, type = run(scope.expression(example.left))
        right = run(scope.expression_of(example.right, type, "the left side of this example"))
        scope.settle_order()
        reason = require_equality(type, scope.equality_variables)
        if reason:
            message = f"{reason}, and the sides of this example are of type `{show_open(type)}`"
            raise Fault("type-mismatch", message, example.span, "give the function its arguments")
        self.cover(scope)
        self.examples.append(Example(left, right, closed(type), example.span))


def _curried(types: Sequence[OpenType], result: OpenType) -> OpenType:
    for type in reversed(types):
        result = arrow(type, result)  # type: ignore[arg-type]
    return result
