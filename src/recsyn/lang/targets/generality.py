"""Where other languages, which infer types too, find them less general than this language does.

The types of a program are found again from its core, where no annotation is left, in the way that the other language finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.program import Definition, Program
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.sugar import DefinitionGroup, definition_groups
from recsyn.lang.types import BOOL, CHAR, INT, Scheme, Type, TypeConstant, TypeVariable, arrow, list_of, variables_of
from recsyn.lang.unify import Equality, OpenType, Unknown, instantiate, parts, replaced, require_equality, resolve, unify
from recsyn.values import TUPLE

ORDER = frozenset({"<", "<=", ">", ">="})
EQUALITY = frozenset({"==", "!="})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "negate"})
_LOGIC = frozenset({"&&", "||", "not"})


@dataclass(frozen=True)
class Generality:
    """What has to be written so that the other language accepts the program. Terms are given by their ``id``."""

    annotated: frozenset[str]
    """Functions that need their types written: some function of their group is used there at more than one type."""
    undecided: Mapping[int, Type]
    """Comparisons by ``<`` and its like whose operands nothing else shows to be of this type."""
    weak: frozenset[int]
    """``let``s whose variable the other language gives one type, and which is used at several."""
    weak_constants: frozenset[str]
    """The same of constants of the program."""
    ambiguous: bool
    """Whether values are compared whose type nothing determines."""


@dataclass(frozen=True)
class Dialect:
    """How the other language infers. ``weak`` says of what a name stands for, of the type that this would have here, and of the
    constants found weak so far, whether the name gets one type alone there. Where ``signatures`` are written, each definition has
    the type that it has here."""

    weak: Callable[[core.Term, Scheme, Container[str]], bool]
    signatures: bool


def generality(program: Program, dialect: Dialect) -> Generality:
    """What the program needs in a dialect."""
    inference = _Inference(program, dialect)
    for group in definition_groups(program):
        inference.group(group)
    for example in program.examples:
        inference.example(example.left, example.right)
    found = inference.found
    return Generality(
        frozenset(found.annotated), found.undecided, frozenset(found.weak), frozenset(found.weak_constants), found.ambiguous
    )


@dataclass
class _Found:
    annotated: set[str] = field(default_factory=set)
    undecided: dict[int, Type] = field(default_factory=dict)
    weak: set[int] = field(default_factory=set)
    weak_constants: set[str] = field(default_factory=set)
    ambiguous: bool = False


class _Mismatch(Exception):
    """The other language would refuse the program as it stands."""


_Meaning: TypeAlias = "OpenType | _Let"


@dataclass
class _Let:
    """A ``let`` that generalises, and the types at which its variable was used where the other language would allow just one."""

    term: core.Let
    scheme: Scheme
    weak: bool
    uses: list[OpenType] = field(default_factory=list)


class _Inference:
    """Hindley–Milner over core. ``found`` gathers what was found by the way."""

    def __init__(self, program: Program, dialect: Dialect) -> None:
        self.program = program
        self.dialect = dialect
        self.found = _Found()
        self.schemes: dict[str, Scheme] = {}
        self._begin({})

    def _begin(self, orders: Mapping[Span, str]) -> None:
        self.orders = orders
        self.level = 1
        self.locals: dict[str, _Meaning] = {}
        self.in_group: dict[str, OpenType] = {}
        self.lets: list[_Let] = []
        self.ordered: list[tuple[core.Primitive, OpenType]] = []
        self.undecided: dict[int, Type] = {}
        self.compared: list[OpenType] = []

    # Definitions

    def group(self, group: DefinitionGroup) -> None:
        definitions = group.definitions
        annotated = self.dialect.signatures
        if not annotated:
            try:
                self._generalise_all(definitions, self._definitions(definitions))
                annotated = not all(self._is_instance(d.scheme, self.schemes[d.name]) for d in definitions)
            except _Mismatch:
                annotated = True
            if annotated:
                self.found.annotated.update(d.name for d in definitions if d.scheme.variables)
        if annotated:
            self.schemes.update((d.name, d.scheme) for d in definitions)
            self._definitions(definitions)
        self._conclude()
        for definition in definitions:
            scheme = self.schemes[definition.name]
            if not definition.parameters and scheme.variables and self._is_weak(definition.body, scheme):
                self.found.weak_constants.add(definition.name)

    def example(self, left: core.Term, right: core.Term) -> None:
        self._begin({})
        type = run(self.term(left))
        self._same(type, run(self.term(right)))
        self._compare(type)
        self._conclude()

    def _definitions(self, definitions: Sequence[Definition]) -> list[OpenType]:
        """The types of the definitions of a group: those that have a scheme by now, else one in all of their bodies."""
        self._begin({})
        types: list[OpenType] = []
        for definition in definitions:
            types.append(_rigid(self.schemes[definition.name]) if definition.name in self.schemes else self.fresh())
            if definition.name not in self.schemes:
                self.in_group[definition.name] = types[-1]
        for definition, type in zip(definitions, types, strict=True):
            self.orders = definition.orders
            parameters: dict[str, OpenType] = {name: self.fresh() for name in definition.parameters}
            result = self.fresh()
            self._same(type, _function(list(parameters.values()), result))
            self.locals = dict(parameters)
            self._same(result, run(self.term(definition.body)))
        self._settle(0)
        return types

    def _generalise_all(self, definitions: Sequence[Definition], types: Sequence[OpenType]) -> None:
        for definition, type in zip(definitions, types, strict=True):
            for number, part in enumerate(p for p in parts(type) if isinstance(p, Unknown)):
                part.link = TypeVariable(f"{definition.name}#{number}")
            closed: Type = replaced(type, {})  # type: ignore[assignment]
            self.schemes[definition.name] = Scheme(tuple(dict.fromkeys(variables_of(closed))), closed)

    def _is_instance(self, declared: Scheme, found: Scheme) -> bool:
        return unify(instantiate(found, 1), _rigid(declared), Equality()) is None

    def _is_weak(self, term: core.Term, scheme: Scheme) -> bool:
        return self.dialect.weak(term, scheme, self.found.weak_constants)

    def _conclude(self) -> None:
        """Look back at a group or an example once all that shows its types has been read."""
        self.found.undecided.update(self.undecided)
        for let in self.lets:
            if let.weak and not (let.uses and all(_alike(let.uses[0], use) for use in let.uses)):
                self.found.weak.add(id(let.term))
        for type in self.compared:
            self.found.ambiguous |= any(isinstance(part, Unknown) and part.equality for part in parts(type))
        self.found.ambiguous |= any(isinstance(resolve(type), Unknown) for _, type in self.ordered)

    # Types

    def fresh(self) -> Unknown:
        return Unknown(self.level)

    def _same(self, left: OpenType, right: OpenType) -> None:
        if unify(left, right, Equality()) is not None:
            raise _Mismatch

    def _type_of(self, meaning: _Meaning) -> OpenType:
        if not isinstance(meaning, _Let):
            return meaning
        type = self._instance(meaning.scheme)
        if meaning.weak:
            meaning.uses.append(type)
        return type

    def _instance(self, scheme: Scheme) -> OpenType:
        type = instantiate(scheme, self.level)
        if scheme.equality:
            self.compared.append(type)
        return type

    def _compare(self, type: OpenType) -> None:
        require_equality(type, Equality())
        self.compared.append(type)

    def _settle(self, level: int) -> None:
        """Decide the operands of ``<`` and its like that nothing has decided, but for unknowns of ``level`` and outside."""
        waiting = []
        for primitive, type in self.ordered:
            at = resolve(type)
            if not isinstance(at, Unknown):
                continue
            if at.level > level and primitive.span in self.orders:
                at.link = CHAR if self.orders[primitive.span] == CHAR.name else INT
                self.undecided[id(primitive)] = at.link
            else:
                waiting.append((primitive, type))
        self.ordered = waiting

    # Terms

    def term(self, at: core.Term) -> Deep[OpenType]:
        if isinstance(at, core.Local):
            return self._type_of(self.locals[at.name])
        if isinstance(at, core.Global):
            return self.in_group[at.name] if at.name in self.in_group else self._instance(self.schemes[at.name])
        if isinstance(at, core.Literal):
            return CHAR if isinstance(at.value, str) else INT
        if isinstance(at, core.Construct):
            result: OpenType = yield self._construct(at)
            return result
        if isinstance(at, core.Apply):
            function = yield self.term(at.function)
            given = []
            for argument in at.arguments:
                given.append((yield self.term(argument)))
            result = self.fresh()
            self._same(function, _function(given, result))
            return result
        if isinstance(at, core.Lambda):
            unknowns: list[OpenType] = [self.fresh() for _ in at.parameters]
            self.locals.update(zip(at.parameters, unknowns, strict=True))
            return _function(unknowns, (yield self.term(at.body)))
        if isinstance(at, core.Let):
            yield self._let(at)
            result = yield self.term(at.body)
            return result
        if isinstance(at, core.If):
            self._same((yield self.term(at.condition)), BOOL)
            result = yield self.term(at.consequent)
            self._same(result, (yield self.term(at.alternative)))
            return result
        if isinstance(at, core.Match):
            result = yield self._match(at)
            return result
        result = yield self._primitive(at)
        return result

    def _construct(self, at: core.Construct) -> Deep[OpenType]:
        given = []
        for field_ in at.fields:
            given.append((yield self.term(field_)))
        if at.constructor == TUPLE:
            return TypeConstant(TUPLE, tuple(given))
        fields, whole = self._constructor(at.constructor)
        for found, expected in zip(given, fields, strict=True):
            self._same(found, expected)
        return whole

    def _constructor(self, name: str) -> tuple[list[OpenType], OpenType]:
        constructor = self.program.constructors[name]
        datatype = self.program.datatypes[constructor.datatype]
        fresh: dict[str, OpenType] = {p: self.fresh() for p in datatype.parameters}
        whole: OpenType = TypeConstant(datatype.name, tuple(fresh.values()))  # type: ignore[arg-type]
        return [replaced(f, fresh) for f in constructor.fields], whole

    def _let(self, at: core.Let) -> Deep[None]:
        self.level += 1
        type = yield self.term(at.bound)
        self._settle(self.level - 1)
        self.level -= 1
        free = [p for p in dict.fromkeys(parts(type)) if isinstance(p, Unknown) and p.level > self.level]
        if not free:
            self.locals[at.name] = type
            return
        for number, unknown in enumerate(free):
            unknown.link = TypeVariable(f"{at.name}#let{number}")
        names = [str(unknown.link) for unknown in free]
        equality = frozenset(n for n, unknown in zip(names, free, strict=True) if unknown.equality)
        scheme = Scheme(tuple(names), replaced(type, {}), equality)  # type: ignore[arg-type]
        let = _Let(at, scheme, self._is_weak(at.bound, scheme))
        self.lets.append(let)
        self.locals[at.name] = let

    def _match(self, at: core.Match) -> Deep[OpenType]:
        scrutinees = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.term(scrutinee)))
        result: OpenType = self.fresh()
        for arm in at.arms:
            for pattern, type in zip(arm.patterns, scrutinees, strict=True):
                self._pattern(pattern, type)
            self._same(result, (yield self.term(arm.body)))
        return result

    def _pattern(self, pattern: core.Pattern, type: OpenType) -> None:
        stack = [(pattern, type)]
        while stack:
            at, whole = stack.pop()
            if isinstance(at, core.Bind):
                self.locals[at.name] = whole
            elif isinstance(at, core.Alias):
                self.locals[at.name] = whole
                stack.append((at.pattern, whole))
            elif isinstance(at, core.Exactly):
                self._same(whole, CHAR if isinstance(at.value, str) else INT)
            elif isinstance(at, core.Built):
                if at.constructor == TUPLE:
                    fields: list[OpenType] = [self.fresh() for _ in at.fields]
                    self._same(whole, TypeConstant(TUPLE, tuple(fields)))  # type: ignore[arg-type]
                else:
                    fields, built = self._constructor(at.constructor)
                    self._same(whole, built)
                stack.extend(zip(at.fields, fields, strict=True))

    def _primitive(self, at: core.Primitive) -> Deep[OpenType]:
        given = []
        for operand in at.operands:
            given.append((yield self.term(operand)))
        if at.operator in _ARITHMETIC:
            expected: OpenType = INT
        elif at.operator in _LOGIC:
            expected = BOOL
        elif at.operator == "++":
            expected = list_of(self.fresh())  # type: ignore[arg-type]
        else:
            expected = given[0]
        for found in given:
            self._same(found, expected)
        if at.operator in ORDER:
            self.ordered.append((at, expected))
        elif at.operator in EQUALITY:
            self._compare(expected)
        return BOOL if at.operator in ORDER | EQUALITY | _LOGIC else expected


def _function(parameters: Sequence[OpenType], result: OpenType) -> OpenType:
    for parameter in reversed(parameters):
        result = arrow(parameter, result)  # type: ignore[arg-type]
    return result


def _rigid(scheme: Scheme) -> OpenType:
    """The type of a scheme with variables that stand for any type."""
    return replaced(scheme.type, {v: TypeVariable(f"{v}#rigid") for v in scheme.variables})


def _alike(left: OpenType, right: OpenType) -> bool:
    """Whether two types are the same already."""
    stack = [(left, right)]
    while stack:
        a, b = (resolve(type) for type in stack.pop())
        if isinstance(a, TypeConstant) and isinstance(b, TypeConstant):
            if a.name != b.name or len(a.arguments) != len(b.arguments):
                return False
            stack.extend(zip(a.arguments, b.arguments, strict=True))
        elif a is not b and (isinstance(a, Unknown) or a != b):
            return False
    return True
