"""A source file to a checked program: declarations in order, every error of every declaration gathered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recsyn.lang import core
from recsyn.lang import syntax as s
from recsyn.lang.coverage import Coverage, holds_literal, show_patterns
from recsyn.lang.diagnostics import Diagnostic, Fault, LanguageError
from recsyn.lang.inference import Scope
from recsyn.lang.modules import Exports, Key, Linked, builtin_names, link
from recsyn.lang.names import Meaning, Names
from recsyn.lang.parser import Parsed, parse_expression, parse_type
from recsyn.lang.positivity import negative_parameters, not_positive
from recsyn.lang.program import Definition, Example, Program, Property
from recsyn.lang.source import EMPTY, Source, Span, read_source
from recsyn.lang.stackless import Deep, run
from recsyn.lang.termination import check_termination
from recsyn.lang.types import (
    ARROW,
    BOOL,
    BUILTIN_DATATYPES,
    INT,
    PRIMITIVE_TYPES,
    Constructor,
    Datatype,
    Scheme,
    Type,
    TypeConstant,
    TypeVariable,
    arrow,
    holding_functions,
    show_type,
)
from recsyn.lang.unify import OpenType, closed, generalise, parts, require_equality
from recsyn.values import TUPLE


def load_program(path: str | Path) -> Program:
    """Read and check a source file. Raises :class:`RecsynError` if it cannot be read, :class:`LanguageError` if it is refused."""
    return check(read_source(path))


def check(*sources: Source) -> Program:
    """Check a source with all that it imports. Further sources continue it, and what they define hides what it defines; without
    any, only what belongs to the language is there. Raises :class:`LanguageError` with every error found."""
    linked = link(sources)
    known = Known()
    errors: list[Diagnostic] = []
    refused: set[Key] = set()
    for module in linked.modules:
        checker = _Checker(known, builtin_names())
        found = list(module.errors)
        if any(i.key in refused for i in module.imports):
            refused.add(module.key)
        else:
            for part, exports in zip(module.parts, linked.exports[module.key], strict=True):
                linked.bring_in(checker.names, module, part)
                checker.read(part, exports, with_tests=module is linked.main)
            found += [e for e in checker.errors if not (module.guessing and e.code == "unknown-name")]
        if found:
            refused.add(module.key)
            errors += found
    if not refused:
        checker.warnings.extend(_unused_imports(linked, checker.modules_used))
    read = tuple(part.source for module in linked.modules for part in module.parts)
    if errors or refused:
        raise LanguageError([*errors, *checker.warnings], read)
    own = (name for exports in linked.exports[linked.main.key] for name in exports.values.values())
    return Program(
        sources[0] if sources else EMPTY,
        known.datatypes,
        known.definitions,
        _speakable(checker.names, known),
        tuple(name for name in dict.fromkeys(own) if name == core.spelled(name)),
        read,
        tuple(checker.examples),
        tuple(checker.properties),
        tuple(sorted(checker.warnings, key=lambda w: w.span.start)),
    )


def check_expression(program: Program, source: Source) -> tuple[core.Term, Type]:
    """An expression in the scope of a program, in core, and its type. Raises :class:`LanguageError`."""
    written = parse_expression(source)
    checker = _Checker(_known(program), program.names, source)
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
    try:
        type = run(_Checker(_known(program), program.names, source).scope().type_of(written))
    except Fault as fault:
        raise LanguageError([fault.diagnostic(source)]) from None
    return generalise(type, 0, set()).type


def _unused_imports(linked: Linked, used: set[str]) -> Iterator[Diagnostic]:
    for imported in linked.main.imports:
        if linked.labels[imported.key] not in used:
            message = f"nothing here uses the import `{imported.qualifier}`"
            yield Diagnostic("warning", "unused-name", message, imported.source, imported.span, "leave it out")


def _speakable(names: Names, known: Known) -> Names:
    """The names of the main file, and the program's own for what the file has no name for, as printed values show them."""
    types, constructors, values = dict(names.types), dict(names.constructors), dict(names.values)
    for table, all_names in ((types, known.datatypes), (constructors, known.constructors), (values, known.definitions)):
        for name in all_names:
            table.setdefault(name, (Meaning(name),))
    return Names(types, constructors, values, dict(names.modules))


@dataclass
class Known:
    """All that has been declared so far, by the names it has in the whole program."""

    datatypes: dict[str, Datatype] = field(default_factory=lambda: dict(BUILTIN_DATATYPES))
    constructors: dict[str, Constructor] = field(
        default_factory=lambda: {c.name: c for d in BUILTIN_DATATYPES.values() for c in d.constructors}
    )
    definitions: dict[str, Definition] = field(default_factory=dict)
    schemes: dict[str, Scheme] = field(default_factory=dict)
    negative: dict[str, frozenset[int]] = field(default_factory=dict)
    """For each datatype, which of its parameters occur to the left of an arrow in it."""
    holding: frozenset[str] = frozenset()
    """The datatypes whose values have functions in them."""


def _known(program: Program) -> Known:
    schemes = {d.name: d.scheme for d in program.definitions.values()}
    holding = holding_functions(program.datatypes.values())
    return Known(dict(program.datatypes), dict(program.constructors), dict(program.definitions), schemes, holding=holding)


class _Checker:
    """One module while it is checked: the names it may use by now, and what was found in it."""

    def __init__(self, known: Known, names: Names, source: Source | None = None) -> None:
        self.known = known
        self.names = names
        self.source = source or EMPTY
        self.own = Exports({}, {}, {})
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self.examples: list[Example] = []
        self.properties: list[Property] = []
        self.modules_used: set[str] = set()
        self.broken: set[str] = set()
        """Names that only a part with an error would have defined: to miss them is no second error."""
        self._declared: dict[str, Span] = {}

    def read(self, part: Parsed, exports: Exports, with_tests: bool) -> None:
        """Check the declarations of one text; ``with_tests`` its examples and properties too."""
        self.source, self.own = part.source, exports
        self.names = replace(self.names, own=(exports.types, exports.constructors, exports.values))
        self.broken.update(part.promised)
        self._declared = {}
        for declaration in part.declarations:
            if isinstance(declaration, s.ExampleDeclaration | s.PropertyDeclaration) and not with_tests:
                continue
            try:
                self._declare(declaration)
            except Fault as fault:
                if fault.code != "unknown-name" or self.source.text[fault.span.start : fault.span.end] not in self.broken:
                    self.errors.append(fault.diagnostic(self.source))

    def scope(self) -> Scope:
        return Scope(self.known.datatypes, self.known.constructors, self.known.schemes, self.names, self.source, self.known.holding)

    def _declare(self, declaration: s.Declaration) -> None:
        if isinstance(declaration, s.TypeGroup):
            self._types(declaration)
        elif isinstance(declaration, s.FunctionGroup):
            self._functions(declaration)
        elif isinstance(declaration, s.ExampleDeclaration):
            self._example(declaration)
        elif isinstance(declaration, s.PropertyDeclaration):
            self._property(declaration)

    def _finish(self, scope: Scope) -> None:
        """What is known of a declaration once its types are."""
        self.modules_used |= scope.modules_used
        self.cover(scope)
        for name, span in scope.unused():
            alias = re.search(r"\bas\s+$", self.source.text[max(0, span.start - 20) : span.start])
            hint = f"leave out `as {name}`" if alias else f"write `_` in its place, or call it `_{name}`"
            self.warnings.append(Diagnostic("warning", "unused-name", f"`{name}` is never used", self.source, span, hint))

    # Types

    def _types(self, group: s.TypeGroup) -> None:
        known, scope = self.known, self.scope()
        names = {d.name: self.own.types[d.name] for d in group.types}
        empty = {names[d.name]: Datatype(names[d.name], tuple(p.name for p in d.parameters), ()) for d in group.types}
        earlier = empty.keys() & known.datatypes
        try:
            for declared in group.types:
                self._refuse_duplicate_type(declared)
                self.names.types[declared.name] = (Meaning(names[declared.name]),)
            known.datatypes.update(empty)
            for declared in group.types:
                known.datatypes[names[declared.name]] = self._datatype(declared, scope)
            self._refuse_negative(group)
            known.holding = holding_functions((known.datatypes[name] for name in names.values()), known.holding)
        except Fault:
            # The types stay known, and their constructors are not missed: what mentions them is not wrong for it.
            for name in empty.keys() - earlier:
                known.datatypes[name] = empty[name]
            for written in (c for d in group.types for c in d.constructors):
                constructor = known.constructors.get(self.own.constructors[written.name])
                if constructor is not None and constructor.datatype in empty.keys() - earlier:
                    del known.constructors[constructor.name], self.names.constructors[written.name]
                self.broken.add(written.name)
            raise
        self.modules_used |= scope.modules_used

    def _refuse_negative(self, group: s.TypeGroup) -> None:
        datatypes = [self.known.datatypes[self.own.types[d.name]] for d in group.types]
        self.known.negative.update(negative_parameters(datatypes, self.known.negative))
        for constructor, content, type, turned in not_positive(datatypes, self.known.negative):
            written = next(c for d in group.types for c in d.constructors if self.own.constructors[c.name] == constructor.name)
            place = (
                "to the left of an arrow"
                if turned == ARROW
                else f"where `{self.names.type_spelling(turned)}` puts it to the left of an arrow"
            )
            shown, field = (show_type(t, self.names.type_spelling) for t in (type, content))
            message = f"`{shown}`, which is being defined, stands in the field `{field}` of `{written.name}` {place}"
            hint = "a function in a value may return values of its type, but not take them: it could call itself for ever"
            raise Fault("not-positive", message, written.span, hint)

    def _refuse_duplicate_type(self, declared: s.TypeDeclaration) -> None:
        if declared.name in BUILTIN_DATATYPES or declared.name in PRIMITIVE_TYPES:
            message = f"the type `{declared.name}` belongs to the language and cannot be redefined"
            raise Fault("duplicate-name", message, declared.name_span, "give it another name")
        self._refuse_second("type", declared.name, declared.name_span)
        if len({p.name for p in declared.parameters}) < len(declared.parameters):
            raise Fault("duplicate-name", "two parameters of this type share a name", declared.span)

    def _refuse_second(self, noun: str, name: str, span: Span, hint: str = "give one of them another name") -> None:
        """Refuse what this text has already defined: ``noun`` tells the namespaces apart."""
        earlier = self._declared.setdefault(f"{noun} {name}", span)
        if earlier is not span:
            shown = f"`{name}`" if noun == "function" else f"the {noun} `{name}`"
            line, _ = self.source.position(earlier.start)
            raise Fault("duplicate-name", f"{shown} is already defined on line {line}", span, hint)

    def _datatype(self, declared: s.TypeDeclaration, scope: Scope) -> Datatype:
        parameters = tuple(p.name for p in declared.parameters)
        constructors: list[Constructor] = []
        for written in declared.constructors:
            if any(c.name == written.name for d in BUILTIN_DATATYPES.values() for c in d.constructors):
                message = f"the constructor `{written.name}` belongs to the language and cannot be redefined"
                raise Fault("duplicate-name", message, written.name_span, "give it another name")
            self._refuse_second("constructor", written.name, written.name_span)
            fields = tuple(run(self._field(f, declared, scope)) for f in written.fields)
            name = self.own.constructors[written.name]
            constructor = Constructor(name, written.token or written.name, fields, self.own.types[declared.name])
            twin = next((c for c in constructors if c.token == constructor.token), None)
            if twin:
                message = f"`{twin.name}` and `{written.name}` have the same token `{constructor.token}`"
                raise Fault("duplicate-name", message, written.span, "give one of them another token with `as`")
            constructors.append(constructor)
            self.known.constructors[name] = constructor
            self.names.constructors[written.name] = (Meaning(name),)
        return Datatype(self.own.types[declared.name], parameters, tuple(constructors), declared.documentation)

    def _field(self, written: s.TypeExpression, declared: s.TypeDeclaration, scope: Scope) -> Deep[Type]:
        if isinstance(written, s.TypeVariableName):
            if written.name not in [p.name for p in declared.parameters]:
                hint = f"write `type {declared.name} {written.name} = …`"
                if written.name == "of":
                    hint = "the types of a constructor's fields follow it without a word between"
                raise Fault("unknown-name", f"`{written.name}` is no parameter of `{declared.name}`", written.span, hint)
            return TypeVariable(written.name)
        if isinstance(written, s.ArrowTypeExpression):
            parameter = yield self._field(written.parameter, declared, scope)
            result = yield self._field(written.result, declared, scope)
            return arrow(parameter, result)
        items = []
        for item in written.items if isinstance(written, s.TupleTypeExpression) else written.arguments:
            items.append((yield self._field(item, declared, scope)))
        if isinstance(written, s.TupleTypeExpression):
            return TypeConstant(TUPLE, tuple(items))
        return TypeConstant(scope.type_name(written), tuple(items))

    # Functions

    def _functions(self, group: s.FunctionGroup) -> None:
        self._refuse_duplicates(group)
        names = tuple(self.own.values[f.name] for f in group.functions)
        self.names.values.update((f.name, (Meaning(name),)) for f, name in zip(group.functions, names, strict=True))
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
                self.known.schemes[name] = Scheme(("a",), TypeVariable("a"))
            raise
        self._finish(scope)
        definitions = []
        for name, function, (parameters, body), (types, result) in zip(names, group.functions, checked, signatures, strict=True):
            scheme = generalise(_curried(types, result), 0, scope.equality.variables)
            self.known.schemes[name] = scheme
            definitions.append(
                Definition(
                    name,
                    parameters,
                    body,
                    scheme,
                    names,
                    function.name_span,
                    partial=group.partial,
                    documentation=function.documentation,
                    orders=scope.orders,
                )
            )
        self.known.definitions.update((d.name, d) for d in definitions)
        if group.partial:
            return
        self._refuse_partial_calls(definitions)
        shapes = check_termination(definitions, self.source)
        self.known.definitions.update((d.name, replace(d, shape=shapes[d.name])) for d in definitions)

    def _refuse_partial_calls(self, definitions: Sequence[Definition]) -> None:
        for definition in definitions:
            for called in globals_of(definition.body):
                callee = self.known.definitions.get(called.name)
                if callee is not None and callee.partial:
                    caller = core.spelled(definition.name)
                    shown = self.names.value_spelling(called.name)
                    message = f"`{caller}` must end, but calls `{shown}`, which is partial and may not"
                    hint = f"only a partial function may call one: write `partial fun {caller}`"
                    raise Fault("not-terminating", message, called.span, hint)

    def _refuse_duplicates(self, group: s.FunctionGroup) -> None:
        for function in group.functions:
            if function.name == "not":
                message = "`not` belongs to the language and cannot be redefined"
                raise Fault("duplicate-name", message, function.name_span, "give it another name")
            if function.name == "_":
                raise Fault("syntax", "`_` is a pattern, not the name of a function", function.name_span)
            hint = "give one of them another name"
            if any(not isinstance(p.pattern, s.VariablePattern | s.WildcardPattern) for p in function.parameters):
                hint = f"one `fun {function.name}` has all the cases, in a `match` on its parameters"
            self._refuse_second("function", function.name, function.name_span, hint)

    def _signature(self, scope: Scope, function: s.FunctionDeclaration, number: int) -> tuple[list[OpenType], OpenType]:
        """The types of parameters and result. Annotated in full, the function is polymorphic within its group too."""
        scope.new_type_variables(number)
        types: list[OpenType] = [run(scope.type_of(p.type)) if p.type else scope.fresh() for p in function.parameters]
        result = run(scope.type_of(function.result)) if function.result else scope.fresh()
        whole = _curried(types, result)
        if function.result and all(p.type for p in function.parameters):
            scope.annotated[self.own.values[function.name]] = whole
        else:
            scope.in_group[self.own.values[function.name]] = whole
        return types, result

    def _function(
        self, scope: Scope, function: s.FunctionDeclaration, number: int, types: list[OpenType], result: OpenType
    ) -> Deep[tuple[tuple[str, ...], core.Term]]:
        scope.new_type_variables(number)
        patterns = [p.pattern for p in function.parameters]
        names, wrap, hidden = yield scope.parameters(patterns, types)
        because = f"the result of `{function.name}` {'is annotated to be' if function.result else 'elsewhere is'}"
        body = yield scope.expression_of(function.body, result, because)
        scope.unbind(hidden)
        return tuple(names), wrap(body)

    def cover(self, scope: Scope) -> None:
        """Report every match that misses a value, and warn of every case that is never reached."""
        coverage = Coverage(self.known.datatypes, self.known.constructors)
        for rows, span, noun in scope.matches:
            patterns = [r for r, _ in rows]
            missing = coverage.missing(patterns, len(patterns[0]))
            if missing:
                shown = ", ".join(f"`{show_patterns(m, self.names.constructor_spelling)}`" for m in missing)
                endless = any(map(holds_literal, missing))
                case = "_" if endless else show_patterns(missing[0], self.names.constructor_spelling)
                if len(missing[0]) > 1 and endless:
                    case = ", ".join("_" * len(missing[0]))
                hint = f"add `| {case} => …`" if noun == "this match" else "take it apart with `match`"
                fault = Fault("missing-patterns", f"{noun} does not cover {shown}", span, hint)
                self.errors.append(fault.diagnostic(self.source))
            for index in coverage.redundant(patterns):
                message = "this case is never reached: those before it cover it"
                hint = "leave it out, or move it up"
                self.warnings.append(Diagnostic("warning", "redundant-pattern", message, self.source, rows[index][1], hint))

    def _example(self, example: s.ExampleDeclaration) -> None:
        scope = self.scope()
        left, type = run(scope.expression(example.left))
        right = run(scope.expression_of(example.right, type, "the left side of this example is"))
        scope.settle_order()
        reason = require_equality(type, scope.equality)
        if reason:
            message = f"{reason}, and the sides of this example are of type `{scope.show(type)}`"
            function = isinstance(type, TypeConstant) and type.name == ARROW
            raise Fault("type-mismatch", message, example.span, "give the function its arguments" if function else None)
        self._finish(scope)
        self.examples.append(Example(left, right, closed(type), example.span, self.source))

    def _property(self, written: s.PropertyDeclaration) -> None:
        self._refuse_second("property", written.name, written.name_span)
        scope = self.scope()
        scope.variables_stand_for = INT
        types: list[OpenType] = [run(scope.type_of(p.type)) if p.type else scope.fresh() for p in written.parameters]
        patterns = [p.pattern for p in written.parameters]
        parameters, wrap, hidden = run(scope.parameters(patterns, types))
        guard = run(scope.expression_of(written.guard, BOOL, "what follows `when` must be")) if written.guard else None
        body = run(scope.expression_of(written.body, BOOL, "what a property says must be"))
        scope.unbind(hidden)
        scope.settle_order()
        for parameter, type in zip(written.parameters, types, strict=True):
            if any(isinstance(part, TypeConstant) and part.name in {ARROW, *self.known.holding} for part in parts(type)):
                message = f"the inputs of a property are generated, and functions, as in `{scope.show(type)}`, are not"
                hint = "name the functions that the property is to speak of in the property itself"
                raise Fault("type-mismatch", message, parameter.span, hint)
        self._finish(scope)

        def of_inputs(term: core.Term) -> core.Term:
            return core.Lambda(tuple(parameters), wrap(term), term.span) if parameters else term

        shown = tuple(self.source.text[p.pattern.span.start : p.pattern.span.end] for p in written.parameters)
        self.properties.append(
            Property(
                written.name,
                shown,
                tuple(closed(type) for type in types),
                of_inputs(guard) if guard else None,
                of_inputs(body),
                written.span,
                self.source,
            )
        )


def globals_of(term: core.Term) -> Iterator[core.Global]:
    """Every mention of a function of the program in a term."""
    return (at for at in core.terms_in(term) if isinstance(at, core.Global))


def _curried(types: Sequence[OpenType], result: OpenType) -> OpenType:
    for type in reversed(types):
        result = arrow(type, result)  # type: ignore[arg-type]
    return result
