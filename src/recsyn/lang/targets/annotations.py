"""The types of what stands inside a definition: languages that do not infer every type want some of them written.

They are found again from the core, where no annotation is left, with the type of every definition given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recsyn.lang import core
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.generality import EQUALITY, ORDER, Dialect, _alike, _Inference
from recsyn.lang.types import ARROW, CHAR, INT, Scheme, Type, TypeConstant, TypeVariable
from recsyn.lang.unify import OpenType, Unknown, parts, replaced, resolve

_OVERLOADED = frozenset({"+", "-", "*", "negate"})


@dataclass(frozen=True)
class Annotations:
    """What has to be written of types in one definition or example. Terms are given by their ``id``."""

    variables: Mapping[str, Type]
    """The type of each variable bound inside."""
    ascribed: Mapping[int, Type]
    """Terms whose type nothing else determines. Where the language leaves it open it is ``Int`` here."""
    polymorphic: Mapping[str, Scheme]
    """The variables of a ``let`` that stand for something of several types."""
    arguments: Mapping[int, tuple[Type, ...]]
    """For each use of such a variable, the types that it is used at."""
    operands: Mapping[int, Type]
    """For each ``==``, ``<`` and their like, the type of what they compare."""
    equated: tuple[Type, ...]
    """The types whose values are compared with ``==`` by what is called from here."""


def annotate(program: Program, definition: Definition, overloaded: bool = False) -> Annotations:
    """The annotations of one definition of a program. ``overloaded`` says that integers and what is computed from them may be of
    other types than ``Int`` in the other language, so that it has to be told where nothing else says it."""
    found = _Annotator(program, overloaded)
    found.definition(definition)
    return found.annotations()


def annotate_example(program: Program, example: Example, overloaded: bool = False) -> Annotations:
    """The annotations of an example."""
    found = _Annotator(program, overloaded)
    found.sides(example)
    return found.annotations()


@dataclass
class _LetVariable:
    """A variable of a ``let`` that generalises, the lets in whose bound terms it stands, and the types it is used at."""

    name: str
    unknowns: list[Unknown]
    scheme: Scheme
    around: tuple[str, ...]
    uses: list[tuple[int, list[OpenType]]] = field(default_factory=list)


class _Annotator(_Inference):
    def __init__(self, program: Program, overloaded: bool) -> None:
        super().__init__(program, Dialect(lambda *_: False, True))
        self.overloaded = overloaded
        self.numbers: list[Unknown] = []
        """Types of integers and of what is computed from them, where these are overloaded."""
        self.decided: dict[int, OpenType] = {}
        """Integers whose type is asked for before anything shows it."""
        self.schemes.update((d.name, d.scheme) for d in program.definitions.values())
        self.generalised: dict[str, _LetVariable] = {}
        self.operands: dict[int, OpenType] = {}
        self.equated: list[OpenType] = []
        self.candidates: list[tuple[int, int, OpenType]] = []
        """Terms that can be ascribed a type: how well they serve (0 best), their ``id``, and it."""
        self.written: list[OpenType] = []
        """Types that are written anyhow."""
        self._around: list[str] = []

    def definition(self, definition: Definition) -> None:
        self._begin(definition.orders)
        type: OpenType = definition.scheme.type
        for name in definition.parameters:
            assert isinstance(type, TypeConstant)
            self.locals[name], type = type.arguments
        self._same(type, run(self.term(definition.body)))

    def sides(self, example: Example) -> None:
        self._begin({})
        type = run(self.term(example.left))
        self._same(type, run(self.term(example.right)))

    # What the terms say

    def term(self, at: core.Term) -> Deep[OpenType]:
        if isinstance(at, core.Local) and at.name in self.generalised:
            return self._use(self.generalised[at.name], at)
        if isinstance(at, core.Global):
            scheme = self.schemes[at.name]
            unknowns: dict[str, OpenType] = {v: self.fresh() for v in scheme.variables}
            self.equated.extend(unknowns[v] for v in scheme.equality)
            return self._open(replaced(scheme.type, unknowns), at, 2)
        if self.overloaded and isinstance(at, core.Literal) and isinstance(at.value, int):
            return self._open(self._number(), at, 0)
        type: OpenType = yield super().term(at)
        if isinstance(at, core.Construct) and not at.fields:
            return self._open(type, at, 1)
        if isinstance(at, core.Lambda):
            self.written.append(type)
        return type

    def _open(self, type: OpenType, at: core.Term, rank: int) -> OpenType:
        self.candidates.append((rank, id(at), type))
        return type

    def _use(self, variable: _LetVariable, at: core.Term) -> OpenType:
        unknowns: dict[str, OpenType] = {v: Unknown(self.level, v in variable.scheme.equality) for v in variable.scheme.variables}
        variable.uses.append((id(at), list(unknowns.values())))
        return replaced(variable.scheme.type, unknowns)

    def _number(self) -> Unknown:
        self.numbers.append(self.fresh())
        return self.numbers[-1]

    def _match(self, at: core.Match) -> Deep[OpenType]:
        scrutinees = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.term(scrutinee)))
            self._decide(scrutinees[-1])
        result: OpenType = self.fresh()
        for arm in at.arms:
            for pattern, type in zip(arm.patterns, scrutinees, strict=True):
                self._pattern(pattern, type)
            self._same(result, (yield self.term(arm.body)))
        return result

    def _decide(self, type: OpenType) -> None:
        """Say of what kind the integers in the type of a scrutinee are, which is asked before anything else that would show it."""
        for unknown in _unknown(type) & {resolve(number) for number in self.numbers}:
            at = next(at for _, at, candidate in self.candidates if resolve(candidate) is unknown)
            self.decided[at] = unknown.link = INT

    def _pattern(self, pattern: core.Pattern, type: OpenType) -> None:
        super()._pattern(_without_integers(pattern) if self.overloaded else pattern, type)

    def _primitive(self, at: core.Primitive) -> Deep[OpenType]:
        if self.overloaded and at.operator in _OVERLOADED:
            number = self._number()
            for operand in at.operands:
                self._same(number, (yield self.term(operand)))
            return number
        type: OpenType = yield super()._primitive(at)
        if at.operator in ORDER:
            self.operands[id(at)] = self.ordered[-1][1]
        elif at.operator in EQUALITY:
            self.operands[id(at)] = self.compared[-1]
        return type

    def _let(self, at: core.Let) -> Deep[None]:
        self.level += 1
        self._around.append(at.name)
        type = yield self.term(at.bound)
        self._around.pop()
        self._settle(self.level - 1)
        self.level -= 1
        self._settle_numbers(type)
        free = [p for p in dict.fromkeys(parts(type)) if isinstance(p, Unknown) and p.level > self.level]
        self.locals[at.name] = type
        if free:
            names = tuple(f"{at.name}#let{number}" for number in range(len(free)))
            for name, unknown in zip(names, free, strict=True):
                unknown.link = TypeVariable(name)
            equality = frozenset(n for n, unknown in zip(names, free, strict=True) if unknown.equality)
            scheme = Scheme(names, replaced(type, {}), equality)  # type: ignore[arg-type]
            self.generalised[at.name] = _LetVariable(at.name, free, scheme, tuple(self._around))

    def _settle(self, level: int) -> None:
        waiting = []
        for primitive, type in self.ordered:
            at = resolve(type)
            if isinstance(at, Unknown) and at.level > level:
                at.link = CHAR if self.orders.get(primitive.span) == CHAR.name else INT
            else:
                waiting.append((primitive, type))
        self.ordered = waiting

    def _settle_numbers(self, type: OpenType) -> None:
        """Integers in a type are of type ``Int``: what a variable stands for is not overloaded."""
        numbers = {resolve(number) for number in self.numbers}
        for unknown in _unknown(type):
            if unknown in numbers:
                unknown.link = INT

    # What has to be written

    def annotations(self) -> Annotations:
        self._settle(-1)
        polymorphic = [v for v in reversed(self.generalised.values()) if not self._made_monomorphic(v)]
        for variable in polymorphic:
            for _, types in variable.uses:
                self.written.extend(types)
                for name, type in zip(variable.scheme.variables, types, strict=True):
                    if name in variable.scheme.equality:
                        self.equated.append(type)
        ascribed = self._ascribed()
        arguments = {use: tuple(map(_closed, types)) for v in polymorphic for use, types in v.uses}
        return Annotations(
            {name: _closed(type) for name, type in self.locals.items()},  # type: ignore[arg-type]
            {at: _closed(type) for at, type in ascribed.items()},
            {v.name: Scheme(v.scheme.variables, _closed(v.scheme.type), v.scheme.equality) for v in polymorphic},
            arguments,
            {at: _closed(type) for at, type in self.operands.items()},
            tuple(_closed(type) for type in self.equated),
        )

    def _made_monomorphic(self, variable: _LetVariable) -> bool:
        """Give the variable the one type that it is used at, where that is so and the type can be said where it is bound."""
        first: list[OpenType] = variable.uses[0][1] if variable.uses else [self.fresh() for _ in variable.unknowns]
        for _, types in variable.uses:
            if not all(_alike(a, b) for a, b in zip(first, types, strict=True)):
                return False
        foreign = {v for name, other in self.generalised.items() if name not in variable.around for v in other.scheme.variables}
        if any(isinstance(p, TypeVariable) and p.name in foreign for type in first for p in parts(type)):
            return False
        for unknown, type in zip(variable.unknowns, first, strict=True):
            unknown.link = type
        return True

    def _ascribed(self) -> dict[int, OpenType]:
        """Terms that settle, when their types are written, every type that is still unknown."""
        settled = {part for type in self.written for part in _unknown(type)}
        ascribed = dict(self.decided)
        for _, at, type in sorted(self.candidates, key=lambda candidate: candidate[0]):
            unknown = _unknown(type)
            if not unknown <= settled:
                settled |= unknown
                ascribed[at] = type
        return ascribed


def _without_integers(pattern: core.Pattern) -> core.Pattern:
    """The pattern with ``_`` for every integer."""
    done: list[core.Pattern] = []
    stack: list[tuple[core.Pattern, bool]] = [(pattern, False)]
    while stack:
        at, ready = stack.pop()
        if isinstance(at, core.Exactly) and isinstance(at.value, int):
            done.append(core.Ignore())
        elif isinstance(at, core.Alias) and ready:
            done.append(core.Alias(done.pop(), at.name))
        elif isinstance(at, core.Built) and ready:
            first = len(done) - len(at.fields)
            done[first:] = [core.Built(at.constructor, tuple(done[first:]))]
        elif isinstance(at, core.Alias | core.Built):
            stack.append((at, True))
            stack.extend((field, False) for field in reversed(at.fields if isinstance(at, core.Built) else (at.pattern,)))
        else:
            done.append(at)
    return done[0]


def _unknown(type: OpenType) -> set[Unknown]:
    return {part for part in parts(type) if isinstance(part, Unknown)}


def _closed(type: OpenType) -> Type:
    """The type with ``Int`` for what nothing determines."""
    for part in _unknown(type):
        part.link = INT
    return replaced(type, {})  # type: ignore[return-value]


def arguments_and_result(type: Type, count: int) -> tuple[list[Type], Type]:
    """The types of the first ``count`` parameters of a function, and of what is left when they are given."""
    parameters: list[Type] = []
    for _ in range(count):
        assert isinstance(type, TypeConstant)
        assert type.name == ARROW
        parameter, type = type.arguments
        parameters.append(parameter)
    return parameters, type
