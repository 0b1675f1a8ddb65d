"""Parsed sentences in the notation of the language. The passes over terms are generators, so that depth costs no stack, and write
their text as they go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from recsyn.lang.diagnostics import Fault, nearest
from recsyn.lang.gallina import tree as t
from recsyn.lang.gallina.alternatives import alternatives, combined, only
from recsyn.lang.gallina.library import CONNECTIVES, FUNCTIONS, GLOBALS, OPERATORS, TRANSPARENT_SCOPES, TYPES, Global, Slot
from recsyn.lang.gallina.naming import Naming
from recsyn.lang.gallina.signatures import (
    DEPENDENT,
    Parameter,
    applied,
    binder_of,
    has_hole,
    head_of,
    identifiers_in,
    implicit_value,
    is_type_of_types,
    parameters_of,
    result_of,
)
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.lang.syntax import KEYWORDS
from recsyn.lang.tree import COMPARISON, PRECEDENCE, RIGHT_GROUPING
from recsyn.values import digits_of, integer_of

_OPEN, _APPLICATION, _ATOM = 0, 8, 9
_ARROW_TYPE, _APPLIED_TYPE, _ATOMIC_TYPE = range(3)
_CONS_PATTERN, _APPLIED_PATTERN, _ATOMIC_PATTERN = range(1, 4)
_LARGEST = 1_000
"""The largest number that is written with `S`."""
_LONGEST = 20_000_000
"""The most pieces of text: or-patterns inside or-patterns repeat what they lead to."""
_PROPOSITIONS = frozenset({"=", "<>", "<", "<=", ">", ">=", "/\\", "\\/", "<->"})
_LIBRARY_MODULES = frozenset({"Datatypes", "List", "Bool", "Init", "Peano"})

Scope: TypeAlias = tuple[str, str]
"""How numbers are read here, and how in arguments of which nothing is known."""


@dataclass(frozen=True)
class Implicits:
    """``Set Implicit Arguments`` and what belongs to it."""

    inferred: bool = False
    contextual: bool = False


@dataclass
class Translation:
    """What has been translated so far, and what its names mean. ``promised`` are names that sentences with errors may define."""

    implicits: Implicits = field(default_factory=Implicits)
    scope: str = "nat"
    promised: set[str] = field(default_factory=set)
    _globals: dict[str, Global] = field(default_factory=lambda: dict(GLOBALS))
    _types: Naming = field(default_factory=lambda: Naming("upper", {"Bool", "List", "Int", "Char"}))
    _constructors: Naming = field(default_factory=lambda: Naming("upper", {"True", "False"}))
    _values: Naming = field(default_factory=lambda: Naming("lower", KEYWORDS | {"not"}))
    _own: set[str] = field(default_factory=set)
    _bound: Counter[str] = field(default_factory=Counter)
    _type_variables: dict[str, str] = field(default_factory=dict)
    _declared: dict[str, str] = field(default_factory=dict)
    _out: list[str] = field(default_factory=list)

    def claim(self, datatypes: Sequence[t.Datatype], words: Iterable[str]) -> None:
        """Say which names the text is going to use, before the first is translated."""
        self._types.claim(d.name for d in datatypes)
        self._constructors.claim(c.name for d in datatypes for c in d.constructors)
        self._values.claim(words)
        for datatype in datatypes:
            self._types.of(datatype.name)
            for constructor in datatype.constructors:
                self._constructors.of(constructor.name)

    def prelude(self) -> list[str]:
        """The declarations of what is used of Coq's library, in order."""
        return list(self._declared.values())

    # Sentences

    def inductive(self, group: t.Inductive) -> str:
        """``type … and …``. Empty for a type that is built in."""
        for datatype in group.datatypes:
            self._new(datatype.name, datatype.name_span)
            parameters = self._datatype_parameters(datatype)
            scope = "nat" if datatype.name == "nat" else None
            self._globals[datatype.name] = Global("type", self._types.of(datatype.name), tuple(parameters), scope=scope)
        members = [self._datatype(datatype) for datatype in group.datatypes]
        if len(members) == 1 and group.datatypes[0].name in ("bool", "list"):
            text = self._built_in(group.datatypes[0], members[0])
            if text is not None:
                return text
        return "type " + "\nand ".join(members)

    def fixpoint(self, group: t.Fixpoint) -> str:
        """``fun … and …``"""
        for function in group.functions:
            self._new(function.name, function.name_span)
            self._check_has_body(function)
            self._globals[function.name] = Global("function", self._values.of(function.name), self._signature(function))
        return "fun " + "\nand ".join(self._function(function) for function in group.functions)

    def definition(self, definition: t.Definition) -> str:
        """``fun …``"""
        self._new(definition.name, definition.name_span)
        self._check_has_body(definition)
        text = "fun " + self._function(definition)
        self._globals[definition.name] = Global("function", self._values.of(definition.name), self._signature(definition))
        return text

    def example(self, example: t.Definition) -> str:
        """``example e = e'``"""
        statement = example.type
        if isinstance(statement, t.Product) or example.binders:
            span = example.binders[0].span if example.binders or statement is None else statement.span
            hint = "what holds for all inputs is a `property`; it is not read from here"
            raise Fault("syntax", "an `Example` is read without `forall` and without parameters", head_of(span, 6), hint)
        if isinstance(statement, t.Operation) and statement.operator != "=":
            message = f"an `Example` is read where it states an equation, and this is one with `{statement.operator}`"
            raise Fault("syntax", message, statement.operator_span)
        if not isinstance(statement, t.Operation) or statement.left is None:
            span = example.name_span if statement is None else statement.span
            raise Fault("syntax", "an `Example` is read where it states an equation", span, "write `Example name : e = e'.`")
        self._new(example.name, example.name_span)
        left, right = statement.left, statement.right
        with self._type_names({}):
            return f"example {self._written(self._term(left, _OPEN, self._scopes))} = " + self._written(
                self._term(right, _OPEN, self._scopes)
            )

    def arguments(self, name: str, implicit: Sequence[bool]) -> None:
        """``Arguments name {A} x``"""
        entry = self._globals.get(name)
        if entry is not None:
            flags = [*implicit, *(s.implicit for s in entry.slots[len(implicit) :])]
            slots = tuple(replace(s, implicit=flag) for s, flag in zip(entry.slots, flags, strict=False))
            self._globals[name] = replace(entry, slots=slots)

    @property
    def _scopes(self) -> Scope:
        return self.scope, self.scope

    def _new(self, name: str, span: Span) -> None:
        if name in self._own:
            raise Fault("duplicate-name", f"`{name}` is defined twice", span, "give one of them another name")
        if name == "_":
            raise Fault("syntax", "`_` is no name for a definition", span)
        self._own.add(name)

    def _check_has_body(self, definition: t.Definition) -> None:
        if definition.body is None:
            message = f"`{definition.name}` is defined by a proof, which is not read"
            raise Fault("syntax", message, definition.name_span, "write what it is after `:=`")

    # Datatypes

    def _datatype_parameters(self, datatype: t.Datatype) -> Iterator[Slot]:
        for parameter in parameters_of(datatype.binders):
            if not is_type_of_types(parameter.type) and parameter.type is not None:
                raise Fault("syntax", f"`{parameter.name}` is a value that a type depends on", parameter.span, DEPENDENT)
            yield Slot(True, parameter.implicit, parameter.name)
        arity = datatype.arity
        while isinstance(arity, t.Operation) and arity.operator == "->" and arity.left is not None:
            if not is_type_of_types(arity.left):
                raise Fault("syntax", f"`{datatype.name}` is a type that depends on values", arity.left.span, DEPENDENT)
            yield Slot(True, False, "")
            arity = arity.right
        if isinstance(arity, t.Sort) and arity.name in ("Prop", "SProp"):
            message = f"`{datatype.name}` is a proposition (`{arity.name}`), and only data is read"
            raise Fault("syntax", message, arity.span, "write a function to `bool`")
        if arity is not None and not is_type_of_types(arity):
            raise Fault("syntax", f"`{datatype.name}` is a type that depends on values", arity.span, DEPENDENT)

    def _datatype(self, datatype: t.Datatype) -> str:
        if not datatype.constructors:
            message = f"`{datatype.name}` has no constructor, and a datatype has at least one"
            raise Fault("syntax", message, datatype.name_span)
        slots = self._globals[datatype.name].slots
        variables = Naming("lower", KEYWORDS)
        parameters = [variables.of(f"{i} {s.name}", s.name or "a") for i, s in enumerate(slots)]
        given = {s.name: v for s, v in zip(slots, parameters, strict=True) if s.name}
        constructors = [self._constructor(datatype, c, given, parameters) for c in datatype.constructors]
        return f"{' '.join([self._types.of(datatype.name), *parameters])} =\n" + "\n".join(f"| {c}" for c in constructors)

    def _constructor(
        self, datatype: t.Datatype, constructor: t.ConstructorDeclaration, given: dict[str, str], parameters: list[str]
    ) -> str:
        self._new(constructor.name, constructor.name_span)
        type_slots = self._globals[datatype.name].slots
        result, quantified = result_of(constructor)
        names = self._result_variables(datatype, constructor, result, given, parameters)
        slots = [s for s in type_slots if s.name]
        fields: list[str] = []
        with self._type_names(names):
            for parameter in quantified:
                if parameter.name in names and (parameter.type is None or is_type_of_types(parameter.type)):
                    slots.append(Slot(True, parameter.implicit, parameter.name))
                    continue
                if parameter.type is None:
                    message = f"nothing says what type `{parameter.name}` has"
                    raise Fault("syntax", message, parameter.span, "write it as `(name : type)`")
                if is_type_of_types(parameter.type):
                    message = f"`{constructor.name}` holds a value of a type that `{datatype.name}` does not have as a parameter"
                    raise Fault("syntax", message, parameter.span, DEPENDENT)
                if parameter.implicit:
                    raise implicit_value(parameter)
                slots.append(self._value_slot(parameter))
                fields.append(self._written(self._type(parameter.type, _ATOMIC_TYPE)))
        types = [p.type for p in quantified]
        name = self._constructors.of(constructor.name)
        self._globals[constructor.name] = Global("constructor", name, self._with_implicits(slots, types))
        return " ".join([name, *fields])

    def _result_variables(
        self,
        datatype: t.Datatype,
        constructor: t.ConstructorDeclaration,
        result: t.Term | None,
        given: dict[str, str],
        parameters: list[str],
    ) -> dict[str, str]:
        """The type variables inside a constructor, each with the parameter of the datatype that it is."""
        if result is None:
            if len(given) < len(parameters):
                message = f"`{constructor.name}` does not say which `{datatype.name}` it makes"
                raise Fault("syntax", message, constructor.name_span, "write its type after a colon")
            return given
        head, arguments = applied(result)
        if not isinstance(head, t.Identifier) or head.name != datatype.name:
            raise Fault("syntax", f"`{constructor.name}` does not make a `{datatype.name}`", result.span)
        slots = self._globals[datatype.name].slots
        explicit = [i for i, s in enumerate(slots) if head.explicit or not s.implicit]
        names = dict(given)
        if len(arguments) != len(explicit):
            message = f"`{datatype.name}` has {len(explicit)} parameters to be written, and here are {len(arguments)}"
            raise Fault("arity", message, result.span)
        for index, argument in zip(explicit, arguments, strict=True):
            is_name = isinstance(argument, t.Identifier)
            if slots[index].name and is_name and argument.name == slots[index].name:
                continue
            if slots[index].name or not is_name or argument.name in names or argument.name in self._globals:
                message = f"`{constructor.name}` makes a `{datatype.name}` of some types only"
                raise Fault("syntax", message, argument.span, DEPENDENT)
            names[argument.name] = parameters[index]
        return names

    def _built_in(self, datatype: t.Datatype, text: str) -> str | None:
        """Nothing, for a file's own definition of a type that the language has: it is that type."""
        name = self._types.of(datatype.name)
        parameters = "".join(f" {s}" for s in text.split("=", 1)[0].split()[1:])
        constructors = text.partition("| ")[2].split("\n| ")
        if datatype.name == "bool":
            expected, names = [self._constructors.of("true"), self._constructors.of("false")], ("true", "false")
        else:
            cons = f"{self._constructors.of('cons')}{parameters} ({name}{parameters})"
            expected, names = [self._constructors.of("nil"), cons], ("nil", "cons")
        if constructors != expected:
            return None
        self._globals[datatype.name] = GLOBALS[datatype.name]
        for constructor in names:
            self._globals[constructor] = replace(GLOBALS[constructor], slots=self._globals[constructor].slots)
        return ""

    # Functions

    def _value_slot(self, parameter: Parameter) -> Slot:
        return Slot(False, False, parameter.name, self._scope_of(parameter.type))

    def _scope_of(self, type: t.Term | None) -> str | None:
        """How numbers of a type are read."""
        if isinstance(type, t.Identifier) and type.name in self._globals and type.name not in self._type_variables:
            return self._globals[type.name].scope
        return None

    def _with_implicits(self, slots: Sequence[Slot], types: Sequence[t.Term | None]) -> tuple[Slot, ...]:
        if not self.implicits.inferred:
            return tuple(slots)
        named = {n.name for type in types if type is not None for n in identifiers_in(type)}
        return tuple(
            replace(s, implicit=s.implicit or (s.is_type and (self.implicits.contextual or s.name in named))) for s in slots
        )

    def _split(self, definition: t.Definition) -> tuple[list[Parameter], t.Term | None, t.Term, dict[str, str]]:
        """The parameters of a function, types and values, the type of its result, its body, and for the names that the body has for
        types those that the parameters have."""
        parameters = list(parameters_of(definition.binders))
        result, body = definition.type, definition.body
        assert body is not None
        renamed: dict[str, str] = {}
        while isinstance(result, t.Product):
            types = list(parameters_of(result.binders))
            inside = list(parameters_of(body.binders)) if isinstance(body, t.Abstraction) else []
            if any(p.type is not None and not is_type_of_types(p.type) for p in types) or len(inside) < len(types):
                message = "a type with `forall` is read where it speaks of types, and where `fun` follows with as many names"
                raise Fault("syntax", message, head_of(result.span, 6), DEPENDENT)
            assert isinstance(body, t.Abstraction)
            parameters += [replace(p, type=p.type or t.Sort("Type", p.span)) for p in types]
            renamed |= {i.name: p.name for i, p in zip(inside, types, strict=False)}
            rest = tuple(binder_of(p) for p in inside[len(types) :])
            body = t.Abstraction(rest, body.body, body.span) if rest else body.body
            result = result.body
        while result is None and isinstance(body, t.Abstraction) and is_type_of_types(body.binders[0].type):
            parameters += parameters_of(body.binders)
            body = body.body
        return parameters, result, body, renamed

    def _is_type_parameter(self, parameter: Parameter, others: Iterable[t.Term | None]) -> bool:
        if is_type_of_types(parameter.type):
            return True
        if parameter.type is not None or parameter.pattern is not None:
            return False
        return parameter.implicit or any(n.name == parameter.name for o in others if o is not None for n in identifiers_in(o))

    def _signature(self, definition: t.Definition) -> tuple[Slot, ...]:
        parameters, result, _, _ = self._split(definition)
        types = [*(p.type for p in parameters), result]
        slots: list[Slot] = []
        for parameter in parameters:
            if self._is_type_parameter(parameter, types):
                slots.append(Slot(True, parameter.implicit, parameter.name))
            elif parameter.implicit:
                raise implicit_value(parameter)
            else:
                slots.append(self._value_slot(parameter))
        while isinstance(result, t.Operation) and result.operator == "->":
            slots.append(Slot(False, False, "", self._scope_of(result.left)))
            result = result.right
        return self._with_implicits(slots, [p.type for p in parameters])

    def _function(self, definition: t.Definition) -> str:
        """``f (x : T) … : U = e``"""
        parameters, result, body, renamed = self._split(definition)
        types = [*(p.type for p in parameters), result]
        variables = Naming("lower", KEYWORDS)
        values: list[Parameter] = []
        names: dict[str, str] = {}
        for parameter in parameters:
            if self._is_type_parameter(parameter, types):
                names[parameter.name] = variables.of(parameter.name)
            elif parameter.implicit:
                raise implicit_value(parameter)
            else:
                values.append(parameter)
        if is_type_of_types(result) or isinstance(result, t.Sort):
            message = f"`{definition.name}` is a name for a type, which is not read"
            raise Fault("syntax", message, definition.name_span, "write the type itself wherever it is used")
        names |= {inside: names[outside] for inside, outside in renamed.items()}
        texts = [self._values.of(definition.name)]
        bound: list[str] = []
        with self._type_names(names):
            for index, parameter in enumerate(values):
                texts.append(self._parameter(parameter, values[index + 1 :], bound))
            if result is not None and not has_hole(result):
                texts += [":", self._written(self._type(result, _ARROW_TYPE))]
            scopes = (self._scope_of(result) or self.scope, self.scope)
            texts.append("=\n" + self._written(self._under(bound, self._term(body, _OPEN, scopes))))
        return " ".join(texts)

    def _parameter(self, parameter: Parameter, later: Sequence[Parameter], bound: list[str]) -> str:
        if parameter.pattern is not None:
            pattern = only(run(alternatives(parameter.pattern)), parameter.span)
            return self._written(self._pattern(pattern, _ATOMIC_PATTERN, bound))
        if parameter.name == "_" or any(p.name == parameter.name for p in later):
            name = "_"
        else:
            bound.append(parameter.name)
            name = self._values.of(parameter.name)
        if parameter.type is None or has_hole(parameter.type):
            return name
        return f"({name} : {self._written(self._type(parameter.type, _ARROW_TYPE))})"

    @contextmanager
    def _type_names(self, names: dict[str, str]) -> Iterator[None]:
        self._type_variables = names
        self._bound.clear()
        self._out.clear()
        yield

    def _written(self, call: Deep[None]) -> str:
        start = len(self._out)
        run(call)
        text = "".join(self._out[start:])
        del self._out[start:]
        return text

    def _under(self, names: Sequence[str], call: Deep[None]) -> Deep[None]:
        """A call while these variables are known."""
        self._bound.update(names)
        yield call
        self._bound.subtract(names)

    # Names

    def _global(self, written: str, span: Span) -> Global:
        name = self._resolved(written)
        entry = self._globals.get(name)
        if entry is None:
            if written in self.promised:
                raise Cascade
            close = nearest(written, [*self._own, *(n for n, k in self._bound.items() if k > 0)])
            define = f"define `{written}` in the file, by a `Definition` or a `Fixpoint`"
            hint = f"{close} or {define}" if close else define
            raise Fault("unknown-name", f"nothing that is read defines `{written}`", span, hint)
        if entry.declared is None:
            return entry
        return replace(entry, text=self._library(name, entry, span))

    def _resolved(self, written: str) -> str:
        module, _, name = written.rpartition(".")
        if written not in self._globals and module.rpartition(".")[2] in _LIBRARY_MODULES:
            return name
        if written.startswith("Coq."):
            return ".".join(written.split(".")[-2:])
        return written

    def _library(self, name: str, entry: Global, span: Span) -> str:
        """What a thing of Coq's library is called here; it is declared, if it was not yet."""
        declared = entry.declared
        assert declared is not None
        if declared in FUNCTIONS:
            self._declare_function(declared, span)
            return self._values.of(declared, declared.rpartition(".")[2])
        self._declare_type(declared)
        if entry.kind == "type":
            return self._types.of(f"library {declared}", declared)
        return self._constructors.of(f"library {name}", name)

    def _declare_type(self, name: str) -> None:
        if name not in self._declared:
            parameters, constructors = TYPES[name]
            texts = []
            for constructor, fields in constructors:
                types = [f.lower() if f in parameters else self._types.of(f"library {f}", f) for f in fields]
                texts.append(" ".join([self._constructors.of(f"library {constructor}", constructor), *types]))
            head = " ".join([self._types.of(f"library {name}", name), *parameters.lower()])
            self._declared[name] = f"type {head} = {' | '.join(texts)}"

    def _declare_function(self, name: str, span: Span) -> None:
        if name in self._declared:
            return
        if self._globals["nat"].declared is None:
            raise Fault("syntax", f"`{name}` is not read where the file defines `nat`", span, "define what it stands for")
        self._declare_type("nat")
        known = {"nat": self._types.of("library nat", "nat")}
        known |= {c: self._constructors.of(f"library {c}", c) for c in "OS"}
        for other in FUNCTIONS:
            if f"{{{other}}}" in FUNCTIONS[name]:
                if other != name:
                    self._declare_function(other, span)
                known[other] = self._values.of(other, other.rpartition(".")[2])
        text = re.sub(r"\{([A-Za-z.]+)\}", lambda found: known[found[1]], FUNCTIONS[name])
        self._declared[name] = f"fun {self._values.of(name, name.rpartition('.')[2])} {text}"

    # Types

    def _type(self, term: t.Term, level: int) -> Deep[None]:
        head, arguments = applied(term)
        if isinstance(head, t.Identifier):
            yield self._named_type(head, arguments, term, level)
        elif isinstance(head, t.Scoped) and not arguments:
            yield self._type(head.term, level)
        elif isinstance(term, t.Operation) and term.operator in ("->", "*") and term.left is not None:
            if term.operator == "*":
                yield self._pair_type(term.left, term.right)
            else:
                yield self._bracketed(level > _ARROW_TYPE, self._arrow(term.left, term.right))
        elif isinstance(term, t.Product):
            yield self._bracketed(level > _ARROW_TYPE, self._product(term))
        elif isinstance(term, t.Operation) and term.operator in _PROPOSITIONS:
            raise Fault("syntax", f"`{term.operator}` makes a proposition, and only types of data are read", term.operator_span)
        elif isinstance(term, t.Sort):
            raise Fault("syntax", f"`{term.name}` is no type of data", term.span, DEPENDENT)
        else:
            raise Fault("syntax", "this is no type of data", term.span, DEPENDENT)

    def _named_type(self, head: t.Identifier, arguments: Sequence[Any], term: t.Term, level: int) -> Deep[None]:
        if head.name in self._type_variables:
            if arguments:
                message = f"`{head.name}` is a parameter, and stands for a type without parameters of its own"
                raise Fault("syntax", message, head.span)
            self._out.append(self._type_variables[head.name])
            return
        entry = self._global(head.name, head.span)
        if entry.kind != "type":
            raise Fault("syntax", f"`{head.name}` is no type", head.span, DEPENDENT)
        explicit = [s for s in entry.slots if head.explicit or not s.implicit]
        if entry.slots and not explicit and not arguments and all(s.name in self._type_variables for s in entry.slots):
            arguments = [t.Identifier(s.name, False, head.span) for s in entry.slots]
        elif len(explicit) != len(arguments):
            message = f"`{head.name}` takes {len(explicit)} types, and here are {len(arguments)}"
            raise Fault("arity", message, term.span)
        if entry.text == "(,)":
            yield self._pair_type(arguments[0], arguments[1])
            return
        yield self._bracketed(level > _APPLIED_TYPE and bool(arguments), self._applied_type(entry.text, arguments))

    def _applied_type(self, text: str, arguments: Sequence[Any]) -> Deep[None]:
        self._out.append(text)
        for argument in arguments:
            if isinstance(argument, t.NamedArgument):
                raise Fault("syntax", "this argument of a type is written without its name", argument.span)
            self._out.append(" ")
            yield self._type(argument, _ATOMIC_TYPE)

    def _pair_type(self, left: t.Term, right: t.Term) -> Deep[None]:
        self._out.append("(")
        yield self._type(left, _ARROW_TYPE)
        self._out.append(", ")
        yield self._type(right, _ARROW_TYPE)
        self._out.append(")")

    def _arrow(self, left: t.Term, right: t.Term) -> Deep[None]:
        yield self._type(left, _APPLIED_TYPE)
        self._out.append(" -> ")
        yield self._type(right, _ARROW_TYPE)

    def _product(self, term: t.Product) -> Deep[None]:
        for parameter in parameters_of(term.binders):
            if parameter.type is None or is_type_of_types(parameter.type):
                message = "`forall` over types is read at the front of a definition's type only"
                raise Fault("syntax", message, head_of(term.span, 6), DEPENDENT)
            yield self._type(parameter.type, _APPLIED_TYPE)
            self._out.append(" -> ")
        yield self._type(term.body, _ARROW_TYPE)

    def _bracketed(self, brackets: bool, call: Deep[None]) -> Deep[None]:
        if brackets:
            self._out.append("(")
        yield call
        if brackets:
            self._out.append(")")

    # Terms

    def _term(self, term: t.Term, level: int, scopes: Scope) -> Deep[None]:
        match term:
            case t.Identifier() | t.Application():
                yield self._application(term, level, scopes)
            case t.Number():
                self._number(term.digits, term.span, level > _APPLICATION, scopes[0])
            case t.Operation():
                yield self._operation(term, level, scopes)
            case t.Tuple():
                yield self._tuple(term, scopes)
            case t.ListOf():
                yield self._list(term, scopes)
            case t.Scoped():
                scope = scopes[0] if term.scope in TRANSPARENT_SCOPES else term.scope
                yield self._term(term.term, level, (scope, scope))
            case t.Cast():
                yield self._cast(term, level, scopes)
            case t.Abstraction():
                yield self._bracketed(level > _OPEN, self._abstraction(term, scopes))
            case t.Let():
                yield self._bracketed(level > _OPEN, self._let(term, scopes))
            case t.Conditional():
                yield self._bracketed(level > _OPEN, self._conditional(term, scopes))
            case t.Match():
                yield self._match(term, scopes)
            case t.Sort():
                raise Fault("syntax", f"`{term.name}` is a type, where a value is expected", term.span)
            case t.Product():
                raise Fault("syntax", "`forall` makes a type, where a value is expected", head_of(term.span, 6))

    def _application(self, term: t.Term, level: int, scopes: Scope) -> Deep[None]:
        head, arguments = applied(term)
        if not isinstance(head, t.Identifier):
            given = [(a, scopes[1]) for a in self._positional(arguments, ())]
            yield self._bracketed(level > _APPLICATION, self._applied_to(head, given, scopes))
            return
        if self._bound[head.name] > 0:
            given = [(a, scopes[1]) for a in self._positional(arguments, ())]
            yield self._call(self._values.of(head.name), given, level, scopes)
            return
        if head.name == "_":
            raise Fault("syntax", "`_` leaves out a value", head.span, "write the value")
        if head.name in self._type_variables:
            raise Fault("syntax", f"`{head.name}` is a type, where a value is expected", head.span)
        entry = self._global(head.name, head.span)
        if entry.kind == "type":
            raise Fault("syntax", f"`{head.name}` is a type, where a value is expected", head.span)
        given = self._values_among(entry, head, arguments, scopes)
        if entry.infix is not None and len(given) == 2:
            yield self._infix(entry.infix, given, level, scopes)
        else:
            yield self._call(entry.text, given, level, scopes)

    def _positional(self, arguments: Sequence[Any], slots: Sequence[Slot]) -> list[t.Term]:
        """The arguments that are not named; a named one is a type, which is inferred again."""
        for argument in arguments:
            if isinstance(argument, t.NamedArgument) and all(s.name != argument.name or not s.is_type for s in slots):
                message = f"`{argument.name}` is not the name of a type parameter"
                raise Fault("syntax", message, argument.span, "write the arguments in their order")
        return [a for a in arguments if not isinstance(a, t.NamedArgument)]

    def _values_among(self, entry: Global, head: t.Identifier, arguments: Sequence[Any], scopes: Scope) -> list[tuple[t.Term, str]]:
        """The arguments of something global that are no types, each with how numbers are read in it."""
        named = {a.name for a in arguments if isinstance(a, t.NamedArgument)}
        expected = [s for s in entry.slots if head.explicit or not (s.implicit or (s.is_type and s.name in named))]
        given: list[tuple[t.Term, str]] = []
        for index, argument in enumerate(self._positional(arguments, entry.slots)):
            slot = expected[index] if index < len(expected) else Slot(False, False, "")
            if not slot.is_type:
                given.append((argument, slot.scope or scopes[1]))
        return given

    def _call(self, text: str, arguments: Sequence[tuple[t.Term, str]], level: int, scopes: Scope) -> Deep[None]:
        if not arguments:
            self._out.append(text)
            return
        yield self._bracketed(level > _APPLICATION, self._applied_to(text, arguments, scopes))

    def _applied_to(self, head: t.Term | str, arguments: Sequence[tuple[t.Term, str]], scopes: Scope) -> Deep[None]:
        if isinstance(head, str):
            self._out.append(head)
        else:
            yield self._term(head, _ATOM, scopes)
        for argument, scope in arguments:
            self._out.append(" ")
            yield self._term(argument, _ATOM, (scope, scopes[1]))

    def _infix(self, operator: str, operands: Sequence[tuple[t.Term, str]], level: int, scopes: Scope) -> Deep[None]:
        (left, left_scope), (right, right_scope) = operands
        if operator == ",":
            own, left_level, right_level = _OPEN, _OPEN, _OPEN
        else:
            own = PRECEDENCE[operator]
            left_level = own if own not in RIGHT_GROUPING and own != COMPARISON else own + 1
            right_level = own if own in RIGHT_GROUPING else own + 1
        brackets = level > own or operator == ","
        self._out.append("(" if brackets else "")
        yield self._term(left, left_level, (left_scope, scopes[1]))
        self._out.append(", " if operator == "," else f" {operator} ")
        yield self._term(right, right_level, (right_scope, scopes[1]))
        self._out.append(")" if brackets else "")

    def _operation(self, term: t.Operation, level: int, scopes: Scope) -> Deep[None]:
        operator = term.operator
        if operator in _PROPOSITIONS or operator == "->":
            hint = {"=": "natural numbers are compared with `=?`", "<": "write `<?`", "<=": "write `<=?`"}.get(operator)
            message = f"`{operator}` makes a proposition, where a value is expected"
            raise Fault("syntax", message, term.operator_span, hint)
        if term.left is None:
            yield self._negative(term, level, scopes)
            return
        name = CONNECTIVES.get(operator) or OPERATORS.get(scopes[0], {}).get(operator)
        if name is None:
            message = f"`{operator}` has no meaning here that is read"
            raise Fault("syntax", message, term.operator_span, "define a function, and write its name")
        entry = self._operator(name, operator, term.operator_span)
        scope = scopes[1] if operator in CONNECTIVES else scopes[0]
        operands = [(term.left, scope), (term.right, scope)]
        if entry.infix is not None:
            yield self._infix(entry.infix, operands, level, scopes)
        else:
            yield self._call(entry.text, operands, level, scopes)

    def _operator(self, name: str, operator: str, span: Span) -> Global:
        """What an operator stands for, which a file's own definition of that name does not change."""
        entry = GLOBALS[name]
        if name in ("cons", "app") and self._globals["list"].declared is None and self._globals["list"].text != "List":
            raise Fault("syntax", f"`{operator}` is not read where the file defines `list`", span, "write the function's name")
        return replace(entry, text=self._library(name, entry, span)) if entry.declared else entry

    def _negative(self, term: t.Operation, level: int, scopes: Scope) -> Deep[None]:
        if scopes[0] != "Z":
            raise Fault("syntax", "`-` before a number is read in `Z` alone", term.operator_span)
        brackets = level > PRECEDENCE["*"]
        self._out.append("(-" if brackets else "-")
        yield self._term(term.right, _ATOM, scopes)
        self._out.append(")" if brackets else "")

    def _number(self, digits: str, span: Span, brackets: bool, scope: str) -> None:
        if scope == "Z":
            self._out.append(digits_of(integer_of(digits)))
            return
        number = self._natural(digits, span, scope)
        zero, successor = (self._nat_constructor(name, span) for name in "OS")
        text = f"{successor} (" * (number - 1) + f"{successor} {zero}" + ")" * (number - 1) if number else zero
        self._out.append(f"({text})" if number and brackets else text)

    def _natural(self, digits: str, span: Span, scope: str) -> int:
        if scope != "nat":
            raise Fault("syntax", f"numbers of the scope `{scope}` are not read", span, "those of `nat` and `Z` are")
        if len(digits.lstrip("0")) > 4 or int(digits.lstrip("0") or "0") > _LARGEST:
            message = f"a number of `nat` becomes a row of `S`, and this one is larger than {_LARGEST}"
            raise Fault("syntax", message, span, "`Z` has large numbers")
        return int(digits)

    def _nat_constructor(self, name: str, span: Span) -> str:
        """`O` or `S`, whatever a file's own constructors are called."""
        if self._globals["nat"].declared is None:
            if self._globals[name].kind != "constructor":
                raise Fault("syntax", "numbers are not read where the file defines `nat` otherwise", span)
            return self._globals[name].text or self._library(name, GLOBALS[name], span)
        return self._library(name, GLOBALS[name], span)

    def _tuple(self, term: t.Tuple, scopes: Scope) -> Deep[None]:
        """A pair; more items are pairs of pairs, to the left."""
        self._out.append("(" * (len(term.items) - 1))
        for index, item in enumerate(term.items):
            if index:
                self._out.append(", ")
            yield self._term(item, _OPEN, (scopes[1], scopes[1]))
            if index:
                self._out.append(")")

    def _list(self, term: t.ListOf, scopes: Scope) -> Deep[None]:
        self._operator("cons", "[ ]", Span(term.span.start, term.span.start + 1))
        self._out.append("[")
        for index, item in enumerate(term.items):
            if index:
                self._out.append(", ")
            yield self._term(item, _OPEN, (scopes[1], scopes[1]))
        self._out.append("]")

    def _cast(self, term: t.Cast, level: int, scopes: Scope) -> Deep[None]:
        scope = self._scope_of(term.type) or scopes[0]
        if has_hole(term.type):
            yield self._term(term.term, level, (scope, scopes[1]))
            return
        self._out.append("(")
        yield self._term(term.term, _OPEN, (scope, scopes[1]))
        self._out.append(" : ")
        yield self._type(term.type, _ARROW_TYPE)
        self._out.append(")")

    def _abstraction(self, term: t.Abstraction, scopes: Scope) -> Deep[None]:
        parameters = list(parameters_of(term.binders))
        last = {p.name: index for index, p in enumerate(parameters)}
        bound: list[str] = []
        self._out.append("fn")
        for index, parameter in enumerate(parameters):
            self._out.append(" ")
            if parameter.pattern is not None:
                pattern = only((yield alternatives(parameter.pattern)), parameter.span)
                yield self._pattern(pattern, _ATOMIC_PATTERN, bound)
            elif parameter.implicit or is_type_of_types(parameter.type):
                message = f"`{parameter.name}` is a type, and a `fun` takes values"
                raise Fault("syntax", message, parameter.span, "take the type as a parameter of the `Definition`")
            elif parameter.name == "_" or last[parameter.name] != index:
                self._out.append("_")
            else:
                bound.append(parameter.name)
                self._out.append(self._values.of(parameter.name))
        self._out.append(" => ")
        yield self._under(bound, self._term(term.body, _OPEN, scopes))

    def _let(self, term: t.Let, scopes: Scope) -> Deep[None]:
        pattern = only((yield alternatives(term.pattern)), term.pattern.span)
        bound: list[str] = []
        self._out.append("let ")
        if isinstance(pattern, t.NamePattern) and not pattern.fields and pattern.name != "_":
            # A name alone is a new one, also where a constructor is called so.
            bound.append(pattern.name)
            self._out.append(self._values.of(pattern.name))
        else:
            yield self._pattern(pattern, _OPEN, bound)
        self._out.append(" = ")
        value = term.bound if term.type is None else t.Cast(term.bound, term.type, term.bound.span)
        yield self._term(value, _OPEN, (scopes[1], scopes[1]))
        self._out.append(" in\n")
        yield self._under(bound, self._term(term.body, _OPEN, scopes))

    def _conditional(self, term: t.Conditional, scopes: Scope) -> Deep[None]:
        self._out.append("if ")
        yield self._term(term.condition, _OPEN, (scopes[1], scopes[1]))
        self._out.append(" then ")
        yield self._term(term.consequent, _OPEN, scopes)
        self._out.append(" else ")
        yield self._term(term.alternative, _OPEN, scopes)

    def _match(self, term: t.Match, scopes: Scope) -> Deep[None]:
        self._out.append("match ")
        for index, scrutinee in enumerate(term.scrutinees):
            if index:
                self._out.append(", ")
            yield self._term(scrutinee, _OPEN, (scopes[1], scopes[1]))
        self._out.append(" with")
        for arm in term.arms:
            yield self._arm(arm, len(term.scrutinees), scopes)
        self._out.append("\nend")

    def _arm(self, arm: t.Arm, scrutinees: int, scopes: Scope) -> Deep[None]:
        first: list[str] | None = None
        body: list[str] = []
        rows: list[tuple[t.Pattern, ...]] = []
        for row in arm.rows:
            if len(row) != scrutinees:
                span = Span(row[0].span.start, row[-1].span.end)
                raise Fault("arity", f"here are {len(row)} patterns, and the `match` looks at {scrutinees} values", span)
            choices = []
            for pattern in row:
                choices.append((yield alternatives(pattern)))
            rows.extend(combined(choices, row[0].span))
        for row in rows:
            bound: list[str] = []
            self._out.append("\n| ")
            for index, pattern in enumerate(row):
                self._out.append(", " if index else "")
                yield self._pattern(pattern, _OPEN, bound)
            self._out.append(" => ")
            if first is None:
                first, start = sorted(bound), len(self._out)
                yield self._under(bound, self._term(arm.body, _OPEN, scopes))
                body = self._out[start:] if len(rows) > 1 else []
            elif sorted(bound) != first:
                span = Span(row[0].span.start, row[-1].span.end)
                message = "these alternatives bind different variables"
                raise Fault("syntax", message, span, "write a case for each")
            elif len(self._out) + len(body) > _LONGEST:
                raise Fault(
                    "syntax", "these alternatives become too many cases", row[0].span, "write functions for what they share"
                )
            else:
                self._out.extend(body)

    # Patterns

    def _pattern(self, pattern: t.Pattern, level: int, bound: list[str]) -> Deep[None]:
        match pattern:
            case t.NamePattern():
                yield self._name_pattern(pattern, level, bound)
            case t.NumberPattern():
                scope = pattern.scope or self.scope
                self._number(pattern.digits, pattern.span, level > _APPLIED_PATTERN, scope)
            case t.TuplePattern():
                self._out.append("(" * (len(pattern.items) - 1))
                for index, item in enumerate(pattern.items):
                    self._out.append(", " if index else "")
                    yield self._pattern(item, _OPEN, bound)
                    self._out.append(")" if index else "")
            case t.ListPattern():
                self._operator("cons", "[ ]", Span(pattern.span.start, pattern.span.start + 1))
                self._out.append("[")
                for index, item in enumerate(pattern.items):
                    self._out.append(", " if index else "")
                    yield self._pattern(item, _OPEN, bound)
                self._out.append("]")
            case t.ConsPattern():
                self._operator("cons", "::", pattern.span)
                yield self._bracketed(level > _CONS_PATTERN, self._cons_pattern(pattern.head, pattern.tail, bound))
            case t.AliasPattern():
                yield self._bracketed(level > _OPEN, self._alias_pattern(pattern, bound))
            case t.OrPattern():
                raise AssertionError("alternatives are cases of their own by now")

    def _name_pattern(self, pattern: t.NamePattern, level: int, bound: list[str]) -> Deep[None]:
        name = self._resolved(pattern.name)
        entry = self._globals.get(name)
        if entry is None or entry.kind != "constructor":
            if pattern.fields or "." in pattern.name:
                if pattern.name in self.promised:
                    raise Cascade
                known = [n for n, e in self._globals.items() if e.kind == "constructor"]
                message = f"no constructor that is read is called `{pattern.name}`"
                raise Fault("unknown-name", message, pattern.span, nearest(pattern.name, known))
            self._out.append("_" if name == "_" else self._values.of(name))
            if name != "_":
                if name in bound:
                    raise Fault("duplicate-name", f"`{name}` is bound twice in this pattern", pattern.span)
                bound.append(name)
            return
        fields = self._fields(pattern, entry)
        entry = self._global(pattern.name, pattern.span)
        if entry.infix == "::":
            yield self._bracketed(level > _CONS_PATTERN, self._cons_pattern(fields[0], fields[1], bound))
        elif entry.infix == ",":
            yield self._pattern(t.TuplePattern(fields, pattern.span), level, bound)
        else:
            yield self._bracketed(level > _APPLIED_PATTERN and bool(fields), self._constructor_pattern(entry.text, fields, bound))

    def _fields(self, pattern: t.NamePattern, entry: Global) -> tuple[t.Pattern, ...]:
        """The patterns that are no types. Types are written like other arguments, unless `Asymmetric Patterns` is set."""
        expected = [s for s in entry.slots if pattern.explicit or not s.implicit]
        values = [s for s in entry.slots if not s.is_type]
        if len(pattern.fields) == len(expected):
            return tuple(f for f, s in zip(pattern.fields, expected, strict=True) if not s.is_type)
        if len(pattern.fields) == len(values):
            return pattern.fields
        message = f"`{pattern.name}` takes {len(expected)} patterns, and here are {len(pattern.fields)}"
        raise Fault("arity", message, pattern.span)

    def _constructor_pattern(self, text: str, fields: Sequence[t.Pattern], bound: list[str]) -> Deep[None]:
        self._out.append(text)
        for item in fields:
            self._out.append(" ")
            yield self._pattern(item, _ATOMIC_PATTERN, bound)

    def _cons_pattern(self, head: t.Pattern, tail: t.Pattern, bound: list[str]) -> Deep[None]:
        yield self._pattern(head, _APPLIED_PATTERN, bound)
        self._out.append(" :: ")
        yield self._pattern(tail, _CONS_PATTERN, bound)

    def _alias_pattern(self, pattern: t.AliasPattern, bound: list[str]) -> Deep[None]:
        yield self._pattern(pattern.pattern, _OPEN, bound)
        if pattern.name in bound:
            raise Fault("duplicate-name", f"`{pattern.name}` is bound twice in this pattern", pattern.span)
        if pattern.name != "_":
            bound.append(pattern.name)
        self._out.append(f" as {'_' if pattern.name == '_' else self._values.of(pattern.name)}")


class Cascade(Exception):
    """Raised where a name is unknown because the sentence that may define it has an error, which has been reported."""
