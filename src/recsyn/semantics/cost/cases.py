"""The cases of a definition: its body followed with unknown arguments, once for each way that matching can go. A case says what
matching has shown of the arguments, which calls are made there, and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from recsyn.lang import core
from recsyn.lang.core import children, spelled
from recsyn.lang.program import Definition, Path, Program
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.cost.refusal import NoClosedForm
from recsyn.values import FALSE, TRUE, TUPLE, Datum, Value

_T = TypeVar("_T")

_MOST_CASES, _DEEPEST, _LARGEST = 400, 60, 1_000
"""So many ways through a body are followed, and so deep and large are the terms that stand for values there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an argument: of which parameter, and the way from it to the part."""

    parameter: int
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A constructor on values of which something is unknown."""

    constructor: str
    fields: tuple[Symbolic, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A value of which everything is known."""

    datum: Datum


@dataclass(frozen=True, slots=True)
class Called:
    """What a function gives."""

    function: str
    arguments: tuple[Symbolic, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """``left ++ right``."""

    left: Symbolic
    right: Symbolic


@dataclass(frozen=True, slots=True)
class Field:
    """A field of what is no argument, where it is built by this constructor."""

    of: Symbolic
    constructor: str
    index: int


@dataclass(frozen=True, slots=True)
class Computed:
    """What an operator gives; with :data:`IS`, whether a number or a character is the one that a pattern names."""

    operator: str
    operands: tuple[Symbolic, ...]


IS = "is"
Symbolic: TypeAlias = Part | Made | Known | Called | Joined | Field | Computed
Shown: TypeAlias = Mapping[Symbolic, str]
"""Which constructor each value is known to be built by, in the order in which that was found out."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way through a body. ``looked_at`` are the values beside the arguments on which it was decided, for each call those on
    which it was before the call stood there."""

    shown: Shown
    calls: tuple[Called, ...]
    looked_at: tuple[tuple[Symbolic, ...], ...]
    result: Symbolic


@dataclass(frozen=True, slots=True)
class _Way:
    shown: Shown
    calls: tuple[Called, ...] = ()
    before: tuple[tuple[Symbolic, ...], ...] = ()
    looked_at: tuple[Symbolic, ...] = ()

    def showing(self, value: Symbolic, constructor: str) -> _Way:
        return replace(self, shown={**self.shown, value: constructor})

    def calling(self, call: Called) -> _Way:
        return replace(self, calls=(*self.calls, call), before=(*self.before, self.looked_at))

    def looking_at(self, value: Symbolic) -> _Way:
        return self if isinstance(value, Part) or value in self.looked_at else replace(self, looked_at=(*self.looked_at, value))


_Environment: TypeAlias = Mapping[str, Symbolic]
_Outcome: TypeAlias = tuple[Symbolic, _Way]


@dataclass(frozen=True, slots=True)
class Cases:
    """All cases of one definition, what its author called the parts of its arguments, and how long those are that are tuples."""

    each: tuple[Case, ...]
    names: Mapping[Part, str]
    lengths: Mapping[Part, int]


def cases_of(program: Program, definition: Definition) -> Cases:
    """The cases of a first-order definition. Raises :class:`NoClosedForm` where they are too many or too large."""
    follow = _Follow(program)
    bound: _Environment = {name: Part(i) for i, name in enumerate(definition.parameters)}
    found = run(follow.term(definition.body, bound, _Way({})))
    return Cases(tuple(Case(w.shown, w.calls, w.before, v) for v, w in found), follow.names, follow.lengths)


def resolved(value: Symbolic, shown: Shown, program: Program) -> Symbolic:
    """The value with what matching has shown of its root written out."""
    constructor = shown.get(value)
    if constructor is None or constructor == TUPLE:
        return value
    arity = len(program.constructors[constructor].fields)
    return Made(constructor, tuple(field_of(value, constructor, i) for i in range(arity)))


def field_of(value: Symbolic, constructor: str, index: int) -> Symbolic:
    """A field of a value that is known to be built by ``constructor``."""
    if isinstance(value, Made):
        return value.fields[index]
    if isinstance(value, Known):
        return Known(value.datum.fields[index])
    if isinstance(value, Part):
        return Part(value.parameter, (*value.path, (constructor, index)))
    return Field(value, constructor, index)


def inside(values: Iterable[Symbolic]) -> Iterator[Symbolic]:
    """The values and all that they are made of."""
    waiting = list(values)
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(parts_of(at))


def parts_of(value: Symbolic) -> tuple[Symbolic, ...]:
    """What a value is made of."""
    if isinstance(value, Made):
        return value.fields
    if isinstance(value, Called):
        return value.arguments
    if isinstance(value, Computed):
        return value.operands
    if isinstance(value, Joined):
        return (value.left, value.right)
    return (value.of,) if isinstance(value, Field) else ()


def siblings(program: Program, constructor: str) -> tuple[str, ...]:
    """The constructors of the datatype that this one belongs to, in order."""
    if constructor == TUPLE:
        return (TUPLE,)
    datatype = program.datatypes[program.constructors[constructor].datatype]
    return tuple(c.name for c in datatype.constructors)


class _Follow:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[Part, str] = {}
        self.lengths: dict[Part, int] = {}
        self.extents: dict[Symbolic, tuple[int, int]] = {}
        """How deep and how large values are that are made of others."""

    def term(self, term: core.Term, bound: _Environment, way: _Way) -> Deep[list[_Outcome]]:
        found: list[_Outcome]
        if isinstance(term, core.Local):
            return [(bound[term.name], way)]
        if isinstance(term, core.Literal):
            return [(Known(term.value), way)]
        if isinstance(term, core.Let):
            found = []
            for value, after in (yield self.term(term.bound, bound, way)):
                found.extend((yield self.term(term.body, {**bound, term.name: value}, after)))
            return _few(found)
        if isinstance(term, core.If):
            found = yield self._truth(term.condition, (term.consequent, term.alternative), bound, way)
            return found
        if isinstance(term, core.Match):
            found = yield self._match(term, bound, way)
            return found
        if isinstance(term, core.Primitive) and term.operator in ("&&", "||"):
            left, right = term.operands
            short: core.Term = core.Literal(FALSE if term.operator == "&&" else TRUE, term.span)
            ways = (right, short) if term.operator == "&&" else (short, right)
            found = yield self._truth(left, ways, bound, way)
            return found
        if isinstance(term, core.Global):
            call = Called(term.name, ())
            return [(call, way.calling(call))]
        parts = children(term)[1:] if isinstance(term, core.Apply) else children(term)
        found = []
        for values, after in (yield self._each(parts, bound, way)):
            found.append(self._built(term, values, after))
        return found

    def _each(self, terms: Sequence[core.Term], bound: _Environment, way: _Way) -> Deep[list[tuple[tuple[Symbolic, ...], _Way]]]:
        so_far: list[tuple[tuple[Symbolic, ...], _Way]] = [((), way)]
        for term in terms:
            further: list[tuple[tuple[Symbolic, ...], _Way]] = []
            for values, before in so_far:
                further.extend(((*values, value), after) for value, after in (yield self.term(term, bound, before)))
            so_far = _few(further)
        return so_far

    def _built(self, term: core.Term, values: tuple[Symbolic, ...], way: _Way) -> _Outcome:
        if isinstance(term, core.Construct):
            if all(isinstance(v, Known) for v in values):
                return Known(Value(term.constructor, tuple(v.datum for v in values if isinstance(v, Known)))), way
            return self._limited(Made(term.constructor, values), values), way
        if isinstance(term, core.Apply):
            assert isinstance(term.function, core.Global)
            call = Called(term.function.name, values)
            self._limited(call, values)
            return call, way.calling(call)
        assert isinstance(term, core.Primitive)
        if term.operator == "++":
            return self._limited(Joined(*values), values), way
        return self._limited(Computed(term.operator, values), values), way

    def _limited(self, value: Symbolic, parts: Sequence[Symbolic]) -> Symbolic:
        """The value, if it is not too deep or too large: what follows hashes and walks it on the host's stack."""
        extents = [self.extents.get(part, (1, 1)) for part in parts]
        depth, size = 1 + max((d for d, _ in extents), default=0), 1 + sum(s for _, s in extents)
        if depth > _DEEPEST or size > _LARGEST:
            raise NoClosedForm("one of its bodies builds values that are too large to follow")
        self.extents[value] = (depth, size)
        return value

    def _truth(
        self, condition: core.Term, ways: tuple[core.Term, core.Term], bound: _Environment, way: _Way
    ) -> Deep[list[_Outcome]]:
        found: list[_Outcome] = []
        for value, after in (yield self.term(condition, bound, way)):
            for constructor, there in self._built_by(value, "True", after):
                found.extend((yield self.term(ways[constructor != "True"], bound, there)))
        return _few(found)

    def _match(self, match: core.Match, bound: _Environment, way: _Way) -> Deep[list[_Outcome]]:
        found: list[_Outcome] = []
        for values, after in (yield self._each(match.scrutinees, bound, way)):
            waiting = [after]
            for arm in match.arms:
                refused: list[_Way] = []
                for here in waiting:
                    for matched, there in self._matched(arm.patterns, values, here):
                        if matched is None:
                            refused.append(there)
                        else:
                            found.extend((yield self.term(arm.body, {**bound, **matched}, there)))
                waiting = _few(refused)
                _few(found)
        return found

    def _matched(
        self, patterns: Sequence[core.Pattern], values: Sequence[Symbolic], way: _Way
    ) -> list[tuple[dict[str, Symbolic] | None, _Way]]:
        """The ways in which the patterns match, each with its variables, and ``None`` for those in which they do not."""
        found: list[tuple[dict[str, Symbolic] | None, _Way]] = []
        waiting: list[tuple[list[tuple[core.Pattern, Symbolic]], dict[str, Symbolic], _Way]] = []
        waiting.append((list(zip(patterns, values, strict=True))[::-1], {}, way))
        while waiting:
            left, bound, here = waiting.pop()
            if not left:
                found.append((bound, here))
                continue
            pattern, value = left.pop()
            if isinstance(pattern, core.Bind | core.Alias) and isinstance(value, Part) and value.path:
                self.names.setdefault(value, spelled(pattern.name))
            if isinstance(pattern, core.Bind):
                waiting.append((left, {**bound, pattern.name: value}, here))
            elif isinstance(pattern, core.Ignore):
                waiting.append((left, bound, here))
            elif isinstance(pattern, core.Alias):
                waiting.append(([*left, (pattern.pattern, value)], {**bound, pattern.name: value}, here))
            elif isinstance(pattern, core.Exactly):
                for holds, there in self._is(value, pattern.value, here):
                    if holds:
                        waiting.append((left, bound, there))
                    else:
                        found.append((None, there))
            else:
                if pattern.constructor == TUPLE and isinstance(value, Part):
                    self.lengths[value] = len(pattern.fields)
                for constructor, there in self._built_by(value, pattern.constructor, here):
                    if constructor == pattern.constructor:
                        deeper = [(p, field_of(value, constructor, i)) for i, p in enumerate(pattern.fields)]
                        waiting.append(([*left, *deeper[::-1]], bound, there))
                    else:
                        found.append((None, there))
        return found

    def _is(self, value: Symbolic, datum: Datum, way: _Way) -> list[tuple[bool, _Way]]:
        """Whether a value may be this number or character, and what is known then."""
        if isinstance(value, Known):
            return [(value.datum == datum, way)]
        for key, outcome in way.shown.items():
            if outcome == "True" and isinstance(key, Computed) and key.operator == IS and key.operands[0] == value:
                return [(key.operands[1] == Known(datum), way)]
        return [(outcome == "True", there) for outcome, there in self._built_by(Computed(IS, (value, Known(datum))), "True", way)]

    def _built_by(self, value: Symbolic, constructor: str, way: _Way) -> list[tuple[str, _Way]]:
        """By which constructors of this one's datatype the value may be built, and what is known then."""
        if isinstance(value, Made):
            return [(value.constructor, way)]
        if isinstance(value, Known):
            return [(value.datum.constructor, way)]
        way = way.looking_at(value)
        if value in way.shown:
            return [(way.shown[value], way)]
        if isinstance(value, Part) and len(value.path) >= _DEEPEST:
            raise NoClosedForm("one of its patterns looks too deep into an argument to follow")
        return [(option, way.showing(value, option)) for option in siblings(self.program, constructor)]


def _few(ways: list[_T]) -> list[_T]:
    if len(ways) > _MOST_CASES:
        raise NoClosedForm(f"there are more than {_MOST_CASES} ways through one of its bodies")
    return ways


def in_words(value: Symbolic) -> str:
    """What a value that is no part of an argument is."""
    while isinstance(value, Field):
        value = value.of
    if isinstance(value, Called):
        return f"what `{spelled(value.function)}` gives"
    if isinstance(value, Computed):
        return "which number or character stands there" if value.operator == IS else f"what `{value.operator}` gives"
    return "a value that is no part of its argument"
