"""Counted runs: what a formula is held against, and the inputs that it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.core import terms_in
from recsyn.lang.diagnostics import Fault, nearest
from recsyn.lang.program import Definition, Program
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.lang.types import CHAR, Datatype, Type, TypeConstant, TypeVariable, constructors_of, holding_functions, type_names
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.semantics.reference import Reference
from recsyn.semantics.rounds import Rounds
from recsyn.values import FALSE, TRUE, Datum, Value

NOWHERE = Span(0, 0)
"""Where terms stand that nobody wrote."""
_MOST_INPUTS, _LARGEST_INPUT = 60, 9
"""So many inputs are run at the most, and so many constructors they have."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One run: the δ steps of all functions, those of the function's own group, and the rounds."""

    unfoldings: int
    own: int
    rounds: int


def parameter_types(definition: Definition) -> tuple[Type, ...]:
    """The types of a definition's parameters, from left to right."""
    found: list[Type] = []
    at = definition.scheme.type
    for _ in definition.parameters:
        assert isinstance(at, TypeConstant)
        found.append(at.arguments[0])
        at = at.arguments[1]
    return tuple(found)


def reached_from(program: Program, name: str) -> list[Definition]:
    """The definition and those that it calls, and so on."""
    found: dict[str, Definition] = {}
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found[at] = program.definitions[at]
            waiting.extend(t.name for t in terms_in(found[at].body) if isinstance(t, core.Global))
    return list(found.values())


def not_first_order(program: Program, name: str) -> str | None:
    """Why a function, or one that it calls, is not of first order, in words; ``None`` where all are."""
    functional = holding_functions(program.datatypes.values()) | {"->"}
    for definition in reached_from(program, name):
        result = definition.scheme.type
        for _ in definition.parameters:
            assert isinstance(result, TypeConstant)
            result = result.arguments[1]
        written = core.spelled(definition.name)
        if definition.partial:
            return f"`{written}` is partial, and may not end"
        if not functional.isdisjoint(type_names([*parameter_types(definition), result])):
            return f"`{written}` takes or gives functions"
        heads: set[int] = set()
        for term in terms_in(definition.body):
            if isinstance(term, core.Lambda):
                return f"`{written}` makes a function with `fn`"
            if isinstance(term, core.Apply):
                head = term.function
                if not isinstance(head, core.Global) or len(program.definitions[head.name].parameters) != len(term.arguments):
                    return f"`{written}` applies what is no function by name to all of its arguments"
                heads.add(id(head))
            elif isinstance(term, core.Global) and id(term) not in heads and program.definitions[term.name].parameters:
                return f"`{written}` hands on the function `{core.spelled(term.name)}` without calling it"
    return None


class TooManyUnfoldings(RecsynError):
    """A run took more unfoldings than were to be counted."""


def defined(program: Program, name: str) -> str:
    """The name by which a program knows the function that is written so. Raises :class:`RecsynError` where there is none."""
    if not isinstance(program, Program):
        raise RecsynError(
            f"a checked program is needed, not {program!r}", 'of a loaded one, `program["f"].cost()` is the cost of `f`'
        )
    if name in program.definitions:
        return name
    values = program.names.values
    if name not in values:
        raise RecsynError(f"{program.source.name} defines no function `{name}`", nearest(str(name), values))
    try:
        return program.names.meaning(values, name, NOWHERE, "function").name
    except Fault as fault:
        raise RecsynError(fault.message, fault.hint) from None


def counted(program: Program, name: str, arguments: Sequence[Datum], limit: int = 10_000_000) -> Counts:
    """What one call of a first-order function takes, by call-by-value evaluation. The arguments are trusted to have the right
    types. Raises :class:`RecsynError` where there is no such function, where it takes another number of arguments, and where it, or
    one that it calls, is not of first order; and :class:`TooManyUnfoldings` where there are more than ``limit``."""
    name = defined(program, name)
    reason = not_first_order(program, name)
    if reason is not None:
        raise RecsynError(f"the calls of `{core.spelled(name)}` cannot be counted: {reason}")
    many = len(program.definitions[name].parameters)
    if not isinstance(arguments, Sequence) or isinstance(arguments, str) or len(arguments) != many:
        raise RecsynError(f"a call of {core.spelled(name)} is counted on a list of as many arguments as it takes, {many}")
    count = _Count(program, name, limit)
    run(count.call(name, arguments))
    term: core.Term = core.Global(name, NOWHERE)
    if arguments:
        term = core.Apply(term, tuple(core.Literal(a, NOWHERE) for a in arguments), NOWHERE)
    return Counts(count.unfoldings, count.own, len(Rounds(program, Reference(program), term, limit)))


def recursive_groups(program: Program, term: core.Term) -> set[frozenset[str]]:
    """The groups of functions that a term unfolds in rounds: those that recur and that it names, by itself or through functions
    that do not recur (:class:`~recsyn.semantics.rounds.Rounds`)."""
    found: set[frozenset[str]] = set()
    looked: set[str] = set()
    waiting = [term]
    while waiting:
        for at in terms_in(waiting.pop()):
            if isinstance(at, core.Global) and at.name not in looked:
                looked.add(at.name)
                definition = program.definitions[at.name]
                within = (t for name in definition.group for t in terms_in(program.definitions[name].body))
                if any(isinstance(t, core.Global) and t.name in definition.group for t in within):
                    found.add(frozenset(definition.group))
                else:
                    waiting.append(definition.body)
    return found


class _Count:
    def __init__(self, program: Program, name: str, limit: int) -> None:
        self.definitions = program.definitions
        self.group = frozenset(program.definitions[name].group)
        self.limit = limit
        self.unfoldings = self.own = 0

    def call(self, name: str, arguments: Sequence[Datum]) -> Deep[Datum]:
        definition = self.definitions[name]
        self.unfoldings += 1
        if self.unfoldings > self.limit:
            raise TooManyUnfoldings(f"the run takes more than {self.limit:,} unfolding{'' if self.limit == 1 else 's'}")
        self.own += name in self.group
        result = yield self.term(definition.body, dict(zip(definition.parameters, arguments, strict=True)))
        return result

    def term(self, term: core.Term, bound: dict[str, Datum]) -> Deep[Datum]:
        while True:
            if isinstance(term, core.Local):
                return bound[term.name]
            if isinstance(term, core.Literal):
                return term.value
            if isinstance(term, core.Let):
                bound = {**bound, term.name: (yield self.term(term.bound, bound))}
                term = term.body
            elif isinstance(term, core.If):
                holds = yield self.term(term.condition, bound)
                term = term.consequent if holds == TRUE else term.alternative
            elif isinstance(term, core.Match):
                scrutinees = []
                for scrutinee in term.scrutinees:
                    scrutinees.append((yield self.term(scrutinee, bound)))
                term, found = _chosen(term, scrutinees)
                bound = {**bound, **found}
            elif isinstance(term, core.Primitive) and term.operator in ("&&", "||"):
                left = yield self.term(term.operands[0], bound)
                if (left == TRUE) == (term.operator == "||"):
                    return left
                term = term.operands[1]
            else:
                break
        if isinstance(term, core.Global):
            return (yield self.call(term.name, ()))
        values = []
        for part in core.children(term)[isinstance(term, core.Apply) :]:
            values.append((yield self.term(part, bound)))
        if isinstance(term, core.Construct):
            return Value(term.constructor, tuple(values))
        if isinstance(term, core.Primitive):
            operation: Any = BINARY[term.operator] if len(values) == 2 else UNARY[term.operator]
            return operation(*values)
        assert isinstance(term, core.Apply)
        assert isinstance(term.function, core.Global)
        return (yield self.call(term.function.name, values))


def _chosen(match: core.Match, scrutinees: Sequence[Datum]) -> tuple[core.Term, dict[str, Datum]]:
    for arm in match.arms:
        bound: dict[str, Datum] = {}
        waiting = list(zip(arm.patterns, scrutinees, strict=True))
        while waiting:
            pattern, value = waiting.pop()
            if isinstance(pattern, core.Bind):
                bound[pattern.name] = value
            elif isinstance(pattern, core.Alias):
                bound[pattern.name] = value
                waiting.append((pattern.pattern, value))
            elif isinstance(pattern, core.Exactly):
                if pattern.value != value:
                    break
            elif isinstance(pattern, core.Built):
                if pattern.constructor != value.constructor:
                    break
                waiting.extend(zip(pattern.fields, value.fields, strict=True))
        else:
            return arm.body, bound
    raise AssertionError("a checked match covers every value")


def small_inputs(program: Program, name: str, most: int = _MOST_INPUTS) -> list[tuple[Datum, ...]]:
    """The smallest inputs of a function, at most ``most``; type variables stand for ``Int``, and of numbers and characters two each
    are tried, so that what depends on them shows."""
    types = parameter_types(program.definitions[name])
    if not types:
        return [()]
    each = max(2, int(most ** (1 / len(types)) + 1e-9))
    columns = [smallest(type, program.datatypes, each) for type in types]
    return list(product(*columns))[: max(most, 2 ** len(types))]


def smallest(type: Type, datatypes: Mapping[str, Datatype], most: int) -> list[Datum]:
    """The smallest values of a type, at most ``most``."""
    found: list[Datum] = []
    known: dict[tuple[Type, int], list[Datum]] = {}
    for size in range(_LARGEST_INPUT + 1):
        for value in _of_size(type, size, datatypes, known):
            if len(found) == most:
                return found
            found.append(value)
    return found


def _of_size(type: Type, size: int, datatypes: Mapping[str, Datatype], known: dict[tuple[Type, int], list[Datum]]) -> list[Datum]:
    """All values of a type with so many constructors. The nesting is bounded by the size, which is small."""
    if (type, size) in known:
        return known[type, size]
    if isinstance(type, TypeVariable) or not constructors_of(type, datatypes):
        return [] if size else ["a", "b"] if type == CHAR else [0, 1]
    found: list[Datum] = []
    if size:
        for constructor in constructors_of(type, datatypes):
            for fields in _fields(constructor.fields, size - 1, datatypes, known):
                found.append(_shared(constructor.name, fields))
    known[type, size] = found
    return found


def _fields(
    types: Sequence[Type], size: int, datatypes: Mapping[str, Datatype], known: dict[tuple[Type, int], list[Datum]]
) -> Iterator[tuple[Datum, ...]]:
    if not types:
        if size == 0:
            yield ()
        return
    for first in range(size + 1):
        for value in _of_size(types[0], first, datatypes, known):
            for others in _fields(types[1:], size - first, datatypes, known):
                yield (value, *others)


def _shared(constructor: str, fields: tuple[Datum, ...]) -> Value:
    return {"True": TRUE, "False": FALSE}.get(constructor) or Value(constructor, fields)
